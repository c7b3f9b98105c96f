"""Which conditions are tried, on facts small enough to list them."""

import numpy as np

from pulse_kedro.domain.rules.candidates import Candidate, enumerate_candidates
from pulse_kedro.domain.rules.rule import one_of, within

CUTOFFS = 10
FIRST_HALF = np.arange(CUTOFFS) < 5
SERIES = np.array(["a", "b"])[None, None, :]


def tried(context: dict[str, np.ndarray], *, steps: int = 1, series: int = 2, least: int = 1) -> list[Candidate]:
    known = np.ones((CUTOFFS, steps, series), dtype=bool)
    return enumerate_candidates(context, known, FIRST_HALF, ~FIRST_HALF, least_mine=least, least_select=least)


def words(found: list[Candidate]) -> list[str]:
    return [" AND ".join(map(str, one.when)) for one in found]


def test_categories_alone_then_in_pairs() -> None:
    weekday = np.array(["1", "2"])[np.arange(CUTOFFS) % 2][:, None, None]

    found = tried({"series": SERIES, "weekday": weekday})

    assert words(found) == [
        "series IN {a}",
        "series IN {b}",
        "weekday IN {1}",
        "weekday IN {2}",
        "series IN {a} AND weekday IN {1}",
        "series IN {a} AND weekday IN {2}",
        "series IN {b} AND weekday IN {1}",
        "series IN {b} AND weekday IN {2}",
    ]
    assert found[4].rows.tolist() == [0, 4, 8, 12, 16]
    assert found[4].when == (one_of("series", "a"), one_of("weekday", "1"))


def test_what_holds_at_too_few_cutoffs_is_left_out() -> None:
    weekday = np.array(["1"] * 9 + ["2"])[:, None, None]

    assert words(tried({"weekday": weekday})) == ["weekday IN {1}"]
    assert words(tried({"weekday": weekday}, least=5)) == []


def test_what_holds_everywhere_is_no_rule() -> None:
    assert tried({"series": np.array(["a"])[None, None, :]}, series=1) == []


def test_what_treats_the_same_forecasts_is_tried_once() -> None:
    group = np.array(["x", "y"])[None, None, :]

    assert words(tried({"series": SERIES, "group": group})) == ["series IN {a}", "series IN {b}"]


def test_bins_come_from_where_rules_are_mined() -> None:
    trend = np.concatenate([np.arange(5.0), np.full(5, 100.0)])[:, None, None]

    found = tried({"trend": trend}, series=1, least=0)

    assert [one.when[0] for one in found] == [
        within("trend", below=0.8),
        within("trend", at_least=0.8, below=1.6),
        within("trend", at_least=1.6, below=2.4),
        within("trend", at_least=2.4, below=3.2),
        within("trend", at_least=3.2),
    ]


def test_equal_quantiles_make_no_bins() -> None:
    assert tried({"trend": np.ones((CUTOFFS, 1, 1))}) == []
    assert tried({"volatility": np.zeros((CUTOFFS, 1, 1))}) == []
    assert tried({"trend": np.full((CUTOFFS, 1, 1), np.nan)}) == []


def test_a_volatility_of_zero_is_below_every_bound() -> None:
    volatility = np.array([0.0, 0, 0, 0, 1] * 2)[:, None, None]

    assert words(tried({"volatility": volatility})) == ["volatility < 0.2", "volatility >= 0.2"]


def test_the_horizon_is_cut_into_three_stretches() -> None:
    steps = np.arange(1.0, 9)[None, :, None]

    assert words(tried({"step": steps}, steps=8)) == ["step <= 3", "4 <= step <= 5", "step >= 6"]
    assert words(tried({"step": steps[:, :2]}, steps=2)) == ["step <= 1", "step >= 2"]
    assert words(tried({"step": steps[:, :1]}, steps=1)) == []


def test_weekends_and_three_hours_are_tried_together() -> None:
    weekday = np.array(list("1234567"))[None, :, None]
    hour = np.array([f"{number:02d}" for number in range(24)])[None, :, None]

    assert "weekday IN {6, 7}" in words(tried({"weekday": weekday}, steps=7))
    assert [one for one in words(tried({"hour": hour}, steps=24)) if "," in one][:2] == [
        "hour IN {00, 01, 02}",
        "hour IN {03, 04, 05}",
    ]


def test_forecasts_without_an_outcome_hold_nothing() -> None:
    known = np.zeros((CUTOFFS, 1, 2), dtype=bool)
    known[:, :, 0] = True

    found = enumerate_candidates({"series": SERIES}, known, FIRST_HALF, ~FIRST_HALF, least_mine=1, least_select=1)

    assert words(found) == []
