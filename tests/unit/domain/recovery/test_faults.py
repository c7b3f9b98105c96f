"""The twelve fault types: rows that text-first classification gets wrong, and the order of the evidence."""

import errno
import json
import pickle
import sqlite3

import pytest

from pulse_kedro.domain.errors import InvalidConfiguration, PulseError, SchemaMismatch
from pulse_kedro.domain.panel import UnknownFrequency
from pulse_kedro.domain.recovery.faults import classify, severity


class OutOfMemoryError(RuntimeError):
    """Stands in for the class of the same name in torch, which the domain may not import."""

    __module__ = "torch"


class StatusError(Exception):
    """Carries an HTTP status, as clients do."""

    def __init__(self, status_code: int) -> None:
        """Keep the status."""
        super().__init__(status_code)
        self.status_code = status_code


class PostgresError(Exception):
    """Carries a SQLSTATE, as PostgreSQL drivers do."""

    def __init__(self, sqlstate: str) -> None:
        """Keep the state."""
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class Unreadable(Exception):
    """Refuses to say anything about itself."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError

    @property
    def code(self) -> str:
        """Fail, too."""
        raise RuntimeError


def _caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


def _while_handling(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("storage.not_found", FileNotFoundError(2, "No such file or directory")),
        ("network.connection_failed", ConnectionRefusedError(111, "Connection refused")),
        ("network.timeout", TimeoutError()),
        ("system.resource_exhausted", OSError(28, "No space left on device")),
        ("system.resource_exhausted", MemoryError()),
        ("data.invalid_input", ValueError("financial series too short")),
        ("unknown", ValueError("more information needed")),
        ("unknown", RuntimeError("could not read model info")),
        ("unknown", RuntimeError("the maintenance window starts at nine")),
        ("data.missing_features", ValueError("required field x missing")),
        ("model.gpu_out_of_memory", RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")),
        ("model.training_diverged", RuntimeError("loss diverged")),
        ("unknown", RuntimeError("glossy divergence of opinions")),
    ],
)
def test_rows_that_text_first_classification_gets_wrong(code: str, error: BaseException) -> None:
    assert code == classify(error).code


@pytest.mark.parametrize(
    ("code", "detail", "error"),
    [
        ("storage.permission_denied", "", OSError(errno.EROFS, "Read-only file system")),
        ("storage.permission_denied", "", PermissionError(13, "Permission denied")),
        ("system.resource_exhausted", "no_space", OSError(errno.EDQUOT, "Disk quota exceeded")),
        ("system.resource_exhausted", "handles", OSError(errno.EMFILE, "Too many open files")),
        ("network.connection_failed", "", OSError(errno.EHOSTUNREACH, "No route to host")),
        ("network.connection_failed", "", BrokenPipeError()),
        ("storage.not_found", "", NotADirectoryError()),
        ("storage.not_found", "corrupt", EOFError()),
        ("storage.not_found", "corrupt", json.JSONDecodeError("Expecting value", "", 0)),
        ("storage.not_found", "corrupt", pickle.UnpicklingError("invalid load key")),
        ("model.initialization_failed", "missing_package", ModuleNotFoundError("No module named 'torch'")),
        ("model.gpu_out_of_memory", "", OutOfMemoryError("no luck")),
        ("network.connection_failed", "rate_limited", StatusError(429)),
        ("network.timeout", "", StatusError(504)),
        ("network.timeout", "db_locked", PostgresError("55P03")),
        ("network.connection_failed", "db_connection_lost", PostgresError("08006")),
        ("unknown", "interrupted", KeyboardInterrupt()),
        ("unknown", "", OSError("without a number")),
    ],
)
def test_type_errno_and_service_codes_name_the_fault(code: str, detail: str, error: BaseException) -> None:
    fault = classify(error)

    assert (code, detail) == (fault.code, fault.detail)


def test_a_real_sqlite_error_is_read_by_its_name(tmp_path: object) -> None:
    path = f"{tmp_path}/journal.db"
    with sqlite3.connect(path) as first, sqlite3.connect(path, timeout=0) as second:
        first.execute("begin exclusive")
        with pytest.raises(sqlite3.OperationalError) as locked:
            second.execute("create table t (x)")

    assert ("network.timeout", "db_locked") == (classify(locked.value).code, classify(locked.value).detail)


def test_own_code_wins_over_the_type_that_caused_it() -> None:
    error = _caused(UnknownFrequency("yearly"), KeyError("yearly"))

    assert "data.invalid_input" == classify(error).code


def test_a_wrapped_error_is_its_root_cause() -> None:
    error = _caused(RuntimeError("Failed while loading `rows`"), _caused(ValueError("bad"), PermissionError(13, "no")))

    assert "storage.permission_denied" == classify(error).code


def test_explicit_causes_count_more_than_what_was_being_handled() -> None:
    error = _while_handling(PermissionError(13, "cannot create the folder"), FileNotFoundError(2, "no folder"))

    assert "storage.permission_denied" == classify(error).code


def test_what_was_being_handled_counts_when_nothing_else_is_known() -> None:
    assert "storage.not_found" == classify(_while_handling(RuntimeError("x"), FileNotFoundError(2, "no"))).code


def test_suppressed_context_is_not_evidence() -> None:
    error = _while_handling(RuntimeError("x"), FileNotFoundError(2, "no"))
    error.__suppress_context__ = True

    assert "unknown" == classify(error).code


def test_the_most_severe_member_of_a_group_decides() -> None:
    error = ExceptionGroup("many", [TimeoutError(), OSError(28, "No space left on device"), ValueError("x")])

    assert ("system.resource_exhausted", 4) == (classify(error).code, classify(error).severity)


def test_a_circle_of_causes_ends() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    _caused(first, second)
    _caused(second, first)

    assert "unknown" == classify(first).code


def test_an_error_that_cannot_be_read_is_unknown() -> None:
    fault = classify(Unreadable())

    assert ("unknown", "Unreadable", "") == (fault.code, fault.error, fault.message)


def test_a_code_outside_the_vocabulary_is_ignored() -> None:
    error = SystemExit(3)
    own = PulseError()

    assert ["unknown", "unknown"] == [classify(error).code, classify(own).code]


def test_the_outermost_error_of_the_same_kind_speaks() -> None:
    fault = classify(_caused(SchemaMismatch("dataset rows lacks y"), SchemaMismatch("long report of the library")))

    assert "dataset rows lacks y" == fault.message


@pytest.mark.parametrize(
    ("expected", "kind", "context"),
    [
        (2, ("network.timeout", ""), {"repeats": 2}),
        (3, ("network.timeout", "db_locked"), {"repeats": 3}),
        (4, ("network.timeout", ""), {"repeats": 3, "exposed": True}),
        (4, ("system.resource_exhausted", ""), {}),
        (5, ("system.resource_exhausted", "no_space"), {"repeats": 9, "exposed": True}),
        (5, ("storage.not_found", "integrity"), {}),
        (1, ("unknown", "interrupted"), {}),
    ],
)
def test_severity_is_base_plus_stage_plus_repeat(expected: int, kind: tuple[str, str], context: dict[str, int]) -> None:
    assert expected == severity(*kind, **context)


def test_the_sentence_says_where_what_and_what_next() -> None:
    fault = classify(InvalidConfiguration("folds.first is after folds.last"), node="training.plan_folds")

    assert (
        "`training.plan_folds` failed with InvalidConfiguration, model.initialization_failed, severity 3: folds.first "
        "is after folds.last. Next: Correct the setting that the message names under `conf/`, then run the cycle "
        "again." == fault.sentence
    )


def test_message_and_context_hold_no_secrets() -> None:
    error = ConnectionError("cannot reach postgresql://pulse:canary@db:5432/pulse")
    fault = classify(error, context={"url": "mysql://u:canary@h/d", "params": {"as_of": "2018-12-01"}})

    assert "canary" not in f"{fault.sentence}{fault.context}"
    assert {"as_of": "2018-12-01"} == fault.context["params"]


def _parse(text: str) -> float:
    return float(text)


def test_the_same_failure_has_the_same_fingerprint_and_another_one_has_not() -> None:
    with pytest.raises(ValueError, match="a") as first:
        _parse("a")
    with pytest.raises(ValueError, match="b") as second:
        _parse("b")

    assert classify(first.value).fingerprint == classify(second.value).fingerprint
    assert classify(first.value).fingerprint != classify(ValueError("a")).fingerprint


def test_the_next_step_that_an_error_names_counts_more_than_that_of_its_type() -> None:
    error = SchemaMismatch("Reading us.csv failed: got the columns a, b, expected also 'y'. Name it under `source`.")
    fault = classify(error)

    assert "Reading us.csv failed: got the columns a, b, expected also 'y'." == fault.message
    assert "Name it under `source`." == fault.next_step
    assert fault.sentence.endswith("expected also 'y'. Next: Name it under `source`.")


def test_a_decimal_point_ends_no_sentence() -> None:
    error = InvalidConfiguration("Opening failed: got 1.5, expected less than 0.5 of 2.0. Lower it. Then run again.")

    assert "Lower it. Then run again." == classify(error).next_step


@pytest.mark.parametrize(
    ("expected", "doing", "error"),
    [
        ("loading sales: file size is 0 bytes", "loading sales", EOFError("file size is 0 bytes")),
        ("file size is 0 bytes", "running", EOFError("file size is 0 bytes")),
        ("Reading the frequency failed: got 'x', expected one of", "loading sales", UnknownFrequency("x")),
    ],
)
def test_the_message_names_the_dataset_unless_the_error_explains_itself(
    expected: str, doing: str, error: BaseException
) -> None:
    assert classify(error, context={"doing": doing}).message.startswith(expected)
