"""Hits, delays and false alarms, by hand and on the bundled data."""

from pathlib import Path

import pandas as pd
import pytest

from pulse_kedro.datasets.episodes_dataset import EpisodesDataset
from pulse_kedro.domain.metrics.turning_points import LineUp, line_up
from regime_samples import regimes_of

FOLDER = Path(__file__).parents[4] / "data" / "01_raw"
MONTHS = pd.date_range("2000-01-01", periods=12, freq="MS")


def states(text: str) -> pd.Series:
    words = {"?": "unknown", "u": "up", "d": "down"}
    return pd.Series([words[letter] for letter in text], MONTHS[: len(text)])


def test_an_alarm_before_the_peak_or_after_the_trough_is_false() -> None:
    early = line_up(states("uddduuuuuuuu"), "down", [(MONTHS[2], MONTHS[5])], period="M")
    late = line_up(states("uuuuuuudduuu"), "down", [(MONTHS[2], MONTHS[5])], period="M")

    assert ((0, 1), (0, 1)) == ((early.hits, len(early.false_alarms)), (late.hits, len(late.false_alarms)))
    assert early.meetings[0].delay is None


def test_an_alarm_that_goes_on_has_no_end_and_what_was_not_watched_does_not_count() -> None:
    found = line_up(states("???uuuuudddd"), "down", [(MONTHS[1], MONTHS[2]), (MONTHS[6], MONTHS[10])], period="M")

    assert (1, 1, 9) == (len(found.meetings), found.hits, found.watched)
    assert (2, None) == (found.meetings[0].delay, found.meetings[0].end_delay)


def test_two_alarms_in_one_episode_are_one_hit_and_no_false_alarm() -> None:
    found = line_up(states("uuddudduuuuu"), "down", [(MONTHS[1], MONTHS[7])], period="M")

    assert (1, 0, 1) == (found.hits, len(found.false_alarms), found.meetings[0].delay)


@pytest.fixture(scope="module")
def employment() -> LineUp:
    rows = pd.read_parquet(FOLDER / "us_employment.parquet")
    growth = regimes_of(rows[rows["unique_id"] == "PAYNSA"]).query("axis == 'growth'").set_index("ds")["state"]
    dates = EpisodesDataset(filepath=str(FOLDER / "us_recessions.csv")).load()
    return line_up(growth, "contraction", list(dates.itertuples(index=False, name=None)), period="M")


def test_the_table_of_the_documents_is_what_comes_out(employment: LineUp) -> None:
    page = (Path(__file__).parents[4] / "docs" / "explanation" / "regimes.md").read_text(encoding="utf-8")

    for met in employment.meetings:
        cells = (f"{met.peak:%Y-%m}", f"{met.trough:%Y-%m}", f"{met.begin:%Y-%m}", f"{met.end:%Y-%m}")
        assert f"| {' | '.join(cells)} | {met.delay} | {met.end_delay} |" in page
    assert f"in the {employment.watched} months" in page


def test_every_recession_since_1948_is_told_and_nothing_else(employment: LineUp) -> None:
    """Parameters come from data before each month; the choices of the sensor from the years before 1970."""
    delays = [meeting.delay for meeting in employment.meetings if meeting.delay is not None]
    after_1970 = [meeting for meeting in employment.meetings if meeting.peak >= pd.Timestamp("1970-01-01")]

    assert (11, 11, 0) == (len(employment.meetings), employment.hits, len(employment.false_alarms))
    assert 6 == sum(meeting.begin is not None for meeting in after_1970)
    assert sorted(delays)[len(delays) // 2] <= 6
    assert max(delays) <= 13
