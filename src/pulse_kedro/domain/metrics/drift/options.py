"""When a change counts as drift, and what may follow from it by itself."""

from math import exp
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

FEWEST = 10
"""Values without which a column is unknown instead of unchanged (K4)."""
SHORTEST = 24
"""Steps that a window has at least, where seasons are short; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class DriftOptions:
    """How drift is looked for, and whether anything follows from it by itself."""

    window: float = Field(gt=0)
    """Seasons that are compared with those before them; at least 24 steps."""
    reference: float = Field(gt=0)
    """Seasons that are taken as normal, at most."""
    between_false_alarms: float = Field(gt=0)
    """Mean number of seasons between two false alarms of the whole panel, over every scope, series and detector."""
    least_effect: float = Field(ge=0)
    """Smallest change that matters, in standard deviations: the Wasserstein distance of what came before and after."""
    looks: int = Field(ge=1)
    """Newest periods at each of which the same question is asked."""
    needed: int = Field(ge=1)
    """Of these, those at which the answer has to be drift."""
    cooldown: float = Field(ge=0)
    """Seasons after an alarm in which the same scope raises none."""
    probation: float = Field(ge=0)
    """Seasons that a response gets before a dearer one may follow."""
    draws: int = Field(ge=99)
    """Made-up paths behind each threshold."""
    seed: int = Field(ge=0)
    """Start of the bootstrap's random numbers."""
    martingale: bool
    """Whether a bet against unchanged errors is kept too, valid at any time."""
    multivariate: bool
    """Whether the changes of all series are compared together, too; such an alarm is shown and never acts."""
    backend: Literal["native", "alibi"]
    """Who measures the distance of many dimensions: our energy distance, or MMD of alibi-detect."""
    act: bool
    """Whether a response is carried out by itself; otherwise it is proposed."""

    @model_validator(mode="after")
    def _needs_no_more_than_it_looks(self) -> Self:
        if self.needed > self.looks:
            message = f"needed must not exceed looks, got needed {self.needed} and looks {self.looks}"
            raise ValueError(message)
        return self

    def steps(self, seasons: float, season: int) -> int:
        """Seasons in steps, at least one."""
        return max(1, round(seasons * season))

    def window_steps(self, season: int) -> int:
        """Steps of the window."""
        return max(SHORTEST, self.steps(self.window, season))

    def alpha(self, season: int) -> float:
        """Probability of some false alarm in one window: windows without one last as long as is asked on average."""
        return 1 - exp(-self.window_steps(season) / self.steps(self.between_false_alarms, season))
