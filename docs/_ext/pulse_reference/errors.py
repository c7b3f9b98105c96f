"""The twelve faults and every error of ours, by the code that sorts them."""

from collections.abc import Iterator

from pulse_reference.markdown import code, first_line, table
from pulse_reference.project import modules


def faults() -> str:
    """Fault types and the details that refine them, with severity and next step."""
    from pulse_kedro.domain.recovery.taxonomy import DETAIL_SEVERITY, NEXT_STEP, SEVERITY

    types = [(code(name), base, NEXT_STEP[name]) for name, base in SEVERITY.items()]
    details = [(code(name), DETAIL_SEVERITY.get(name, "of its type"), text) for name, text in NEXT_STEP.items()]
    finer = [row for row in details if row[0].strip("`") not in SEVERITY]
    return f"{table(HEADERS, types)}\nA detail refines a type:\n\n{table(HEADERS, finer)}"


HEADERS = ("code", "severity", "next step")


def classes() -> str:
    """Every class of error, with its code."""
    rows = [
        (f"{{py:class}}`~{found.__module__}.{found.__qualname__}`", _code(found), first_line(found))
        for found in family()
    ]
    return table(("error", "code", "says that"), rows)


def family() -> list[type]:
    """The base of all our errors and everything that derives from it, by code and name."""
    from pulse_kedro.domain.errors import PulseError

    _ = modules()  # a class exists once its module is imported
    # By name: autodoc reloads modules, and then a class is there twice.
    found = {f"{error.__module__}.{error.__qualname__}": error for error in _below(PulseError)}
    ours = [error for error in found.values() if error.__module__.startswith("pulse_kedro")]
    return sorted(ours, key=lambda error: (error.code, error.__qualname__))  # type: ignore[attr-defined]


def _below(error: type) -> Iterator[type]:
    yield error
    for child in error.__subclasses__():
        yield from _below(child)


def _code(found: type) -> str:
    detail = getattr(found, "detail", "")
    return code(found.code) + (f" ({detail})" if detail else "")  # type: ignore[attr-defined]
