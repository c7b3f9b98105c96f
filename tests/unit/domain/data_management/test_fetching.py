"""What a source may be asked, and how its failures speak."""

import pickle

import pandas as pd
import pytest

from pulse_kedro.domain.data_management.fetching import FAILURES, Request, SourceFailed, UnusableRequest
from pulse_kedro.domain.recovery.faults import classify

MAY = pd.Timestamp("2019-05-01")
UTC_MAY = pd.Timestamp("2019-05-01", tz="UTC")


def test_an_open_request_wants_everything() -> None:
    assert (None, None, (), None) == (Request().start, Request().end, Request().variables, Request().as_of)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"start": UTC_MAY}, "got start .*, expected a period label without time zone"),
        ({"end": UTC_MAY}, "got end .*, expected a period label without time zone"),
        ({"as_of": MAY}, "got as_of .*, expected a moment in UTC"),
        ({"as_of": MAY.tz_localize("Europe/Paris")}, "got as_of .*, expected a moment in UTC"),
        ({"start": MAY, "end": pd.Timestamp("2019-04-30")}, "got end .*, expected 2019-05-01 00:00:00 or later"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(asked: dict[str, pd.Timestamp], told: str) -> None:
    with pytest.raises(UnusableRequest, match=told):
        Request(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("failure", FAILURES.values())
def test_a_failure_names_source_and_next_step_and_survives_a_worker(failure: type[SourceFailed]) -> None:
    error = failure("iris", "HTTP 404", "a page", "Correct `url`.")

    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  # our own bytes
    assert "Fetching source 'iris' failed: got HTTP 404, expected a page." == classify(error).message
    assert (failure.code, "Correct `url`.") == (classify(error).code, classify(error).next_step)
