"""Trust: by-hand numbers, impossible evidence, and that confidence, order and repetition change nothing."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from pulse_kedro.domain.metrics.trust import (
    EVIDENCE_COLUMNS,
    UnpairedWindows,
    judge,
    to_scores,
    trust_delta,
    trusted,
    update,
    weigh_evidence,
)
from trust_samples import trust_options

OPTIONS = trust_options()


def evidence(hits: list[float], *, regime: str = "calm", entity: str = "r1", first: int = 0) -> pd.DataFrame:
    rows = [(entity, "all", regime, first + at, hit, 0.8, 3) for at, hit in enumerate(hits)]
    return pd.DataFrame(rows, columns=list(EVIDENCE_COLUMNS))


def test_ten_hits_of_ten_have_a_possible_interval_k17() -> None:
    found = update(np.ones(10), np.zeros(10), half_life=np.inf, interval=0.95)

    # Beta(11, 1), two-sided 95 %: .715 to .998; the normal approximation gives .766 to 1.067.
    assert (0.715, 0.998) == (round(found.low, 3), round(found.high, 3))
    assert [found.low, found.high] == pytest.approx(beta(11, 1).ppf([0.025, 0.975]))


def test_a_hit_that_is_a_half_life_old_counts_half() -> None:
    found = update(np.array([1.0, 0.0]), np.array([69.0, 0.0]), half_life=69.0)

    assert (1.5, 2.0, 1.5) == (found.a, found.b, found.n_eff)


def test_evidence_never_exceeds_about_a_hundred_windows() -> None:
    found = update(np.ones(5000), np.arange(5000.0), half_life=69.0)

    assert 99 < found.n_eff < 101


@given(st.permutations(list(range(12))))
def test_order_and_repetition_change_nothing(order: list[int]) -> None:
    rows = pd.concat([evidence([1, 0, 1, 1, 0.5, 0]), evidence([1, 1, 0, 1, 1, 0], regime="wild", first=6)])
    again = pd.concat([rows.iloc[order], rows.iloc[:5]])

    pd.testing.assert_frame_equal(weigh_evidence(rows, OPTIONS), weigh_evidence(again, OPTIONS), check_exact=True)


def test_a_cell_with_little_evidence_stays_near_the_others() -> None:
    rows = pd.concat([evidence([1.0] * 60), evidence([0.0], regime="wild", first=60)])

    table = weigh_evidence(rows, OPTIONS).query("event == 'skill'").set_index("regime")

    alone = update(np.zeros(1), np.zeros(1), half_life=69.0).mean
    assert alone < table.loc["wild", "mean"] < table.loc["calm", "mean"]
    assert table.loc["all", "mean"] > 0.9


def test_one_cell_alone_is_what_there_is_overall() -> None:
    table = weigh_evidence(evidence([1, 0, 1, 1]), OPTIONS).query("event == 'skill'")

    assert 1 == table["mean"].nunique()


def test_one_more_hit_from_the_prior_gives_a_sixth() -> None:
    table = weigh_evidence(evidence([1.0]), OPTIONS)

    assert 1 / 6 == pytest.approx(table["delta"].iloc[0])


def test_trusted_needs_mean_and_lower_bound() -> None:
    many = weigh_evidence(pd.concat([evidence([1.0] * 40), evidence([1.0, 1.0, 1.0], entity="r2")]), OPTIONS)
    few = weigh_evidence(evidence([1.0]), OPTIONS)

    assert ["r1"] == trusted(many)  # three old hits: mean .75, but a lower bound of .37
    assert [] == trusted(few)


def rows(loss: list[float], naive: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"loss": loss, "naive_loss": naive, "inside": [1.0, 0.0] * (len(loss) // 2)})
    return frame.assign(entity="r", group="all", regime="calm", window=[at // 2 for at in range(len(loss))])


def test_a_window_is_a_hit_a_tie_or_a_miss() -> None:
    found = judge(rows([1, 1, 0.1 + 0.2, 0.3, 3, 3], [2, 2, 0.3, 0.3, 1, 1]))

    assert [1.0, 0.5, 0.0] == found["skill"].tolist()
    assert [0.5, 0.5, 0.5] == found["coverage"].tolist()


def test_rows_without_a_scale_or_a_season_are_no_evidence() -> None:
    assert 0 == len(judge(rows([np.nan, np.nan], [1.0, 1.0])))
    assert 0 == len(weigh_evidence(judge(rows([np.nan, np.nan], [1.0, np.nan])), OPTIONS))


def test_twins_have_no_trust_delta_and_a_better_one_has() -> None:
    hits = np.array([1.0, 0.0] * 20)
    settings = {"half_life": 69.0, "block": 3, "draws": 999, "seed": 1}

    twins = trust_delta(hits, hits, **settings)
    better = trust_delta(np.zeros(40), np.ones(40), **settings)

    assert (0.0, 0.5) == (twins.difference, twins.probability)
    assert better.probability == 1.0
    ages = np.arange(39.0, -1.0, -1.0)
    means = [update(side, ages, half_life=69.0).mean for side in (np.zeros(40), np.ones(40))]
    assert means[1] - means[0] == pytest.approx(better.difference)


def test_windows_that_are_not_shared_are_refused() -> None:
    with pytest.raises(UnpairedWindows, match="Comparing trust failed: got 1 and 2 windows") as found:
        trust_delta(np.ones(1), np.ones(2), half_life=69.0, block=1, draws=99, seed=1)

    assert str(found.value) == str(pickle.loads(pickle.dumps(found.value)))  # noqa: S301  # our own


def test_the_store_gets_every_number_under_its_own_key() -> None:
    table = to_scores(weigh_evidence(evidence([1, 0, 1, 1]), OPTIONS))

    assert not table.duplicated(["recipe", "model", "level", "unique_id", "step", "metric"]).any()
    assert {"trust_skill", "trust_skill_n_eff", "trust_skill_delta"} <= set(table["metric"])
    assert table.loc[table["metric"].eq("trust_skill"), ["low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize("wrong", [{"half_life": 0}, {"interval": 1.0}, {"axes": "growth"}, {"unknown": 1}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError):
        trust_options(**wrong)
