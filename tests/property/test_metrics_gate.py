"""Laws of the promotion gate: scale, roles, twins, levels, seeds, order."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.contest import pair_losses
from pulse_kedro.domain.training.promotion import PromotionDecision, PromotionOptions, weigh

Losses = tuple[np.ndarray, np.ndarray]
MONTHLY = frequency("monthly")


@st.composite
def pairs(draw: st.DrawFn) -> Losses:
    """Losses of two recipes: any length around the threshold, any gain, any common noise."""
    n, seed = draw(st.integers(20, 150)), draw(st.integers(0, 10_000))
    gain, noise = draw(st.floats(-0.5, 0.5)), draw(st.sampled_from([0.0, 0.05, 0.5]))
    rng = np.random.default_rng(seed)
    champion = rng.random(n) + 0.2
    return champion, np.abs((1 - gain) * champion + noise * rng.normal(size=n))


def decide(losses: Losses, *, alpha: float = 0.05, seed: int = 1, shuffle: int | None = None) -> PromotionDecision:
    options = PromotionOptions(
        effect_floor=0.02,
        alpha=alpha,
        budget=1.0,
        decisions_per_year=1,
        min_effective_origins=30,
        min_new_origins=30,
        power=0.8,
        draws=999,
        seed=seed,
        catastrophic_ratio=10.0,
    )
    cutoffs = pd.date_range("1950-01-01", periods=len(losses[0]), freq="MS")
    table = pd.concat(
        [
            pd.DataFrame({"recipe": name, "cutoff": cutoffs, "loss": values, "n_series": 1})
            for name, values in zip("ab", losses, strict=True)
        ]
    )
    table = table if shuffle is None else table.sample(frac=1, random_state=shuffle)
    contest = pair_losses(table, champion="a", challenger="b", horizons=(1, 1), freq=MONTHLY)
    return weigh(contest, (), as_of=pd.Timestamp("2018-12-01"), freq=MONTHLY, faults=(), options=options)


@given(pairs(), st.sampled_from([2.0**k for k in (-20, -3, 4, 30)]))
def test_unit_of_the_loss_does_not_matter(losses: Losses, unit: float) -> None:
    plain, scaled = decide(losses), decide((unit * losses[0], unit * losses[1]))

    assert plain.verdict == scaled.verdict
    assert plain.evidence is not None
    assert scaled.evidence is not None
    np.testing.assert_allclose(
        (plain.evidence.statistic, plain.evidence.p), (scaled.evidence.statistic, scaled.evidence.p), rtol=1e-9
    )
    assert plain.evidence.relative == scaled.evidence.relative


@given(pairs())
def test_swapped_roles_flip_the_sign(losses: Losses) -> None:
    forward, backward = decide(losses).evidence, decide(losses[::-1]).evidence

    assert forward is not None
    assert backward is not None
    assert forward.relative is not None
    assert backward.relative is not None
    np.testing.assert_allclose(forward.statistic, -backward.statistic, rtol=1e-9)
    np.testing.assert_allclose(forward.p, 1 - backward.p, atol=1e-9)
    assert np.sign(forward.relative.gain) == -np.sign(backward.relative.gain)


@given(pairs())
def test_two_recipes_cannot_both_replace_each_other(losses: Losses) -> None:
    assert {decide(losses).verdict, decide(losses[::-1]).verdict} != {"PROMOTE"}


@given(pairs())
def test_identical_twin_is_never_promoted(losses: Losses) -> None:
    assert decide((losses[1], losses[1].copy())).verdict in {"HOLD", "INSUFFICIENT_EVIDENCE"}


@given(pairs(), st.floats(0.021, 0.2), st.floats(0.021, 0.2))
def test_stricter_level_never_promotes_more(losses: Losses, first: float, second: float) -> None:
    strict, loose = sorted([first, second])

    assert decide(losses, alpha=strict).verdict != "PROMOTE" or decide(losses, alpha=loose).verdict == "PROMOTE"


@given(pairs(), st.integers(0, 1000))
def test_decision_depends_neither_on_the_run_nor_on_the_order_of_rows(losses: Losses, shuffle: int) -> None:
    assert decide(losses).to_dict() == decide(losses, shuffle=shuffle).to_dict()


@given(pairs())
def test_fewer_than_thirty_origins_never_promote(losses: Losses) -> None:
    few = losses[0][:29], losses[1][:29]

    assert decide(few).verdict == "INSUFFICIENT_EVIDENCE"
