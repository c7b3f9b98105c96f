"""Laws of the fault classification over every built-in exception."""

import builtins

from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.recovery.faults import classify
from pulse_kedro.domain.recovery.taxonomy import SEVERITY

BUILTINS = sorted(
    (value for value in vars(builtins).values() if isinstance(value, type) and issubclass(value, BaseException)),
    key=lambda cls: cls.__name__,
)
SPECIAL = {
    UnicodeDecodeError: ("utf-8", b"\xff", 0, 1, "invalid start byte"),
    UnicodeEncodeError: ("ascii", "\xe9", 0, 1, "ordinal not in range"),
    UnicodeTranslateError: ("\xe9", 0, 1, "cannot translate"),
    BaseExceptionGroup: ("group", [ValueError("x")]),
    ExceptionGroup: ("group", [ValueError("x")]),
}
classes = st.sampled_from(BUILTINS)


def build(cls: type[BaseException], text: str = "x") -> BaseException:
    return cls(*SPECIAL.get(cls, (text,)))


@given(cls=classes, text=st.text(max_size=40), repeats=st.integers(0, 5))
def test_every_built_in_exception_maps_to_a_type_and_a_severity(
    cls: type[BaseException], text: str, repeats: int
) -> None:
    fault = classify(build(cls, text), repeats=repeats, exposed=True)

    assert fault.code in SEVERITY
    assert 1 <= fault.severity <= 5
    assert fault.next_step
    assert "\n" not in fault.sentence


@given(cls=classes)
def test_the_same_exception_always_maps_to_the_same_fault(cls: type[BaseException]) -> None:
    assert classify(build(cls)) == classify(build(cls))


@given(cls=classes, number=st.integers(-5, 200), text=st.text(max_size=20))
def test_every_system_error_number_maps_to_a_type(cls: type[BaseException], number: int, text: str) -> None:
    error = OSError(number, text)
    error.__cause__ = build(cls)

    assert classify(error).code in SEVERITY


@given(cls=classes, layers=st.integers(1, 20))
def test_wrapping_changes_nothing(cls: type[BaseException], layers: int) -> None:
    wrapped = bare = build(cls)
    for _ in range(layers):
        outer = RuntimeError("failed while loading")
        outer.__cause__ = wrapped
        wrapped = outer

    assert classify(bare).code == classify(wrapped).code


@given(cls=classes)
def test_a_class_of_our_own_is_what_its_most_derived_known_base_is(cls: type[BaseException]) -> None:
    if issubclass(cls, BaseExceptionGroup):
        return
    derived = type("Derived", (cls,), {"__module__": "somewhere"})

    assert classify(build(cls)).code == classify(derived(*SPECIAL.get(cls, ("x",)))).code
