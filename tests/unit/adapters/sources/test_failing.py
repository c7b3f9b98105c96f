"""What goes wrong in a source is told by its kind, with a next step."""

import pytest

from pulse_kedro.adapters.sources.failing import as_failure, told
from pulse_kedro.domain.data_management.fetching import (
    SourceDenied,
    SourceFailed,
    SourceNotFound,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnprepared,
    SourceUnreadable,
)
from pulse_kedro.domain.panel import UnknownFrequency


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ModuleNotFoundError("No module named 's3fs'"), SourceUnprepared),
        (FileNotFoundError(2, "No such file or directory", "rows.csv"), SourceNotFound),
        (PermissionError(13, "Permission denied", "rows.csv"), SourceDenied),
        (ConnectionRefusedError(111, "Connection refused"), SourceFailed),
        (TimeoutError(), SourceTimedOut),
        (MemoryError(), SourceTooLarge),
        (OSError(28, "No space left on device"), SourceTooLarge),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), SourceUnreadable),
        (RuntimeError("whatever"), SourceFailed),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, Exception) else "",
)
def test_an_error_becomes_the_failure_of_its_kind(error: Exception, kind: type[SourceFailed]) -> None:
    failure = as_failure("shops", error, "rows")

    assert kind is type(failure)
    assert failure.advice.endswith(".")


def test_the_next_step_of_our_own_errors_is_kept() -> None:
    failure = as_failure("shops", UnknownFrequency("dayly"), "rows")

    assert "Did you mean 'daily'?" == failure.advice
    assert "got Reading the frequency failed: got 'dayly'" in str(failure)


def test_the_source_knows_better_what_to_do_only_where_nobody_else_does() -> None:
    assert "Look." == as_failure("shops", RuntimeError("x"), "rows", advice="Look.").advice
    assert "Look." != as_failure("shops", MemoryError(), "rows", advice="Look.").advice


def test_a_failure_passes_and_an_interrupt_too() -> None:
    failure = SourceDenied("shops", "HTTP 403", "rows", "Look.")

    with pytest.raises(SourceDenied) as raised, told("shops", "rows"):
        raise failure
    assert failure is raised.value
    with pytest.raises(KeyboardInterrupt), told("shops", "rows"):
        raise KeyboardInterrupt
