"""Terms on which rules are learned, tried and dropped."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RuleOptions:
    """Rules: how they are mined, what they must show, and when they go."""

    enabled: bool
    """Whether rules are learned at all; those in force are dropped where they are not."""
    mine_share: float = Field(gt=0, lt=1)
    """Share of the first windows that rules are mined from."""
    select_share: float = Field(gt=0, lt=1)
    """Share of the first windows that chooses among them; what is left begins their trial."""
    least_mine: int = Field(ge=2)
    """Different cutoffs at which a rule holds among those it is mined from, at least."""
    least_select: int = Field(ge=2)
    """The same among those that choose."""
    pool: int = Field(ge=1)
    """Candidates that enter the search, the best by the lower bound of their gain."""
    shrink: float = Field(ge=0)
    """Cutoffs without a lean that the estimate of a shift is mixed with."""
    bound: float = Field(ge=0)
    """Standard errors below the mean gain at which the lower bound lies."""
    least_gain: float = Field(ge=0)
    """Lower bound of the gain, in units of the scale, below which nothing is tried."""
    largest_shift: float = Field(gt=0, le=3)
    """Largest shift of one rule, and of all of them together, in units of the scale."""
    gate_alpha: float = Field(gt=0, lt=0.5)
    """Level of the test by which a rule is kept."""
    squared_margin: float = Field(ge=0)
    """Relative rise of the root mean squared error that a rule may cost."""
    tries: int = Field(ge=1)
    """Tests on the windows that choose, at most."""
    most: int = Field(ge=1)
    """Rules in a set, at most."""
    looks: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=16)]]
    """Windows of a trial after which it is looked at."""
    look_alphas: tuple[Annotated[float, Field(gt=0, lt=0.5)], Annotated[float, Field(gt=0, lt=0.5)]]
    """Levels of the two looks."""
    decay_slack: float = Field(gt=0, lt=1)
    """Share of the expected gain per window whose lack is not counted against a set in force."""
    decay_limit: float = Field(gt=0)
    """Sum of lacking gain, in standard deviations of a window, at which a set in force is dropped."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.mine_share + self.select_share >= 1:
            message = "mine_share and select_share leave no window for the trial; their sum must be below 1"
            raise ValueError(message)
        if self.looks[0] >= self.looks[1]:
            message = "the second of looks must come later than the first"
            raise ValueError(message)
        return self
