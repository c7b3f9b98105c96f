"""Who replaced whom: the trial of a new champion beside the former one, and the freeze after trials that failed."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as options_dataclass

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.history import CommittedCycle, History
from pulse_kedro.domain.panel import frequency


@options_dataclass(
    frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class ProbationOptions:
    """How long a promoted recipe is watched beside the one it replaced, and when promotions are frozen."""

    enabled: bool = True
    """Whether the former champion is kept up to date at all; its replay makes a cycle dearer."""
    length: int = Field(default=200, ge=30)
    """Periods after a promotion in which it may be taken back by itself."""
    alpha: float = Field(default=0.01, gt=0, lt=0.2)
    """Largest probability of taking an equally good champion back, over all looks of one probation."""
    freeze_after: int = Field(default=2, ge=1)
    """Promotions that were taken back within `freeze_days` after which nothing is promoted any more."""
    freeze_days: int = Field(default=365, ge=1)
    """Days in which they count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A champion on probation: since when, its recipe, that of its predecessor, and where the predecessor stands.

    `basis` is the digest of the predecessor's newest bundle.
    """

    since: pd.Timestamp
    recipe: str
    predecessor: str
    basis: str


def on_trial(history: History, period: Period, options: ProbationOptions) -> Trial | None:
    """The trial of the recipe that serves; `None` where nobody is on probation.

    Args:
        history: Committed cycles.
        period: Where the cycle stands.
        options: How long a trial lasts.

    Returns:
        Nothing for a recipe that a person put in charge, that came back by a rollback, or that came first.
    """
    served = history.basis(period)
    if served is None or not options.enabled:
        return None
    basis, freq = None, frequency(period.frequency)
    for key in period.ancestors:
        cycle = history.committed(key)
        if cycle.recipe != served.recipe or freq.distance(cycle.as_of, period.as_of) > options.length:
            return None
        basis = basis or _made_for("predecessor", cycle).get("bundle")
        if cycle.decision.get("verdict") == "PROMOTE":
            return _trial(cycle, basis)
        if cycle.decision.get("verdict") == "ROLLBACK":
            return None
    return None


def failed_trials(history: History, period: Period, options: ProbationOptions) -> tuple[pd.Timestamp, ...]:
    """Periods in which a promotion was taken back by itself, the newest first, as far as they count for a freeze.

    Args:
        history: Committed cycles.
        period: Where the cycle stands.
        options: Days that count.
    """
    after = period.as_of - pd.Timedelta(days=options.freeze_days)
    cycles = (history.committed(key) for key in period.ancestors)
    return tuple(cycle.as_of for cycle in cycles if cycle.as_of > after and cycle.decision.get("verdict") == "ROLLBACK")


def _trial(promotion: CommittedCycle, basis: str | None) -> Trial | None:
    """What began with a promotion; `None` where its record does not name the bundles, as in earlier versions."""
    former = _made_for("champion", promotion)
    if not former:
        return None
    return Trial(
        since=promotion.as_of,
        recipe=promotion.recipe,
        predecessor=former["recipe"],
        basis=basis or former["bundle"],
    )


def _made_for(role: str, cycle: CommittedCycle) -> Mapping[str, str]:
    candidates = cycle.decision.get("candidates")
    made = candidates.get(role) if isinstance(candidates, Mapping) else None
    return made if isinstance(made, Mapping) else {}
