"""What the losses of a contest say in numbers; what follows from them is decided in `promotion`."""

from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from pulse_kedro.domain.metrics.comparison import (
    PeriodogramTest,
    bootstrap_improvement,
    cutoffs_needed,
    detectable_gain,
    integer_cube_root,
    weighted_periodogram_test,
)
from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.training.contest import Contest


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Relative gain of the challenger with its interval, the smallest that could be found, and the origins needed.

    All shares without unit. `needed` is `None` when no number of origins would confirm a gain of this size.
    """

    gain: float
    low: float
    high: float
    detectable: float
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the losses say: both means, the test, how it was made, and the gain, `None` for a champion without error."""

    champion_loss: float
    challenger_loss: float
    statistic: float
    p: float
    block: int
    draws: int
    degenerate: bool
    relative: Gain | None = None


def measure(contest: Contest, *, alpha: float, power: float, draws: int, seed: int) -> Evidence | None:
    """Numbers of a contest.

    Args:
        contest: Losses of both on common cutoffs.
        alpha: Level of test and interval, positive.
        power: Probability with which the smallest detectable gain is found.
        draws: Resamples of the bootstrap; at least 20 / alpha are drawn.
        seed: Of the bootstrap.

    Returns:
        `None` with fewer than two cutoffs or with a loss that is not finite.
    """
    n = len(contest.cutoffs)
    if n < 2 or not contest.is_finite:  # noqa: PLR2004 - one difference has no spread
        return None
    test = weighted_periodogram_test(contest.champion_losses, contest.challenger_losses)
    root = integer_cube_root(n)
    evidence = Evidence(
        champion_loss=float(contest.champion_losses.mean()),
        challenger_loss=float(contest.challenger_losses.mean()),
        statistic=test.statistic,
        p=test.p,
        block=max(-(-contest.horizon // contest.step), root if root**3 == n else root + 1),
        draws=max(draws, ceil(20 / alpha)),
        degenerate=test.degenerate,
    )
    if evidence.champion_loss <= 0:
        return evidence
    gains = bootstrap_improvement(
        contest.champion_losses, contest.challenger_losses, block=evidence.block, draws=evidence.draws, seed=seed
    )
    return replace(evidence, relative=_gain(test, evidence, gains, alpha=alpha, power=power, n=n))


def _gain(test: PeriodogramTest, evidence: Evidence, gains: Array, *, alpha: float, power: float, n: int) -> Gain:
    # With this rank, a bound above 0 means a bootstrap p value, (1 + draws <= 0) / (1 + draws), of at most alpha.
    rank = max(int(alpha * (len(gains) + 1)) - 1, 0)
    gain = test.difference / evidence.champion_loss
    detectable = partial(
        detectable_gain,
        alpha=alpha,
        power=power,
        long_run_variance=test.long_run_variance,
        loss=evidence.champion_loss,
    )
    return Gain(
        gain=gain,
        low=float(gains[rank]),
        high=float(gains[-1 - rank]),
        detectable=detectable(n),
        needed=cutoffs_needed(gain, detectable),
    )
