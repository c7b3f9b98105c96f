"""What a reader of the report may set: what is shown, what it is compared with, and when it says "watch this"."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class ReportingOptions:
    """What the report shows and what it warns about."""

    title: str = Field(min_length=1)
    """Subject of the report, the first words of its headline."""
    aggregate: str | None
    """Id of the series that sums up the others; `null` takes the largest one."""
    examples: int = Field(ge=1, le=30)
    """Series shown besides the aggregate."""
    history_seasons: int = Field(ge=2)
    """Seasons of past observations before each fan."""
    baselines: tuple[str, ...] = Field(min_length=1)
    """Members that everybody could run; the report compares the combination with them."""
    reference: str
    """Baseline against which skill is counted; one of `baselines`."""
    coverage_tolerance: float = Field(gt=0, lt=0.5)
    """Distance between realised and nominal coverage that is still called right; a share."""
    live_tolerance: float = Field(gt=0)
    """Excess of the error on issued forecasts over the backtest's that is still called usual; a share."""
    live_coverage_tolerance: float = Field(gt=0, lt=0.5)
    """Distance between the realised coverage of issued 80 % intervals and 0.8 that is still called usual; a share."""
    bias_errors: float = Field(gt=0)
    """Standard errors by which a slice must lean before the report says so."""

    @model_validator(mode="after")
    def _reference_is_a_baseline(self) -> Self:
        if self.reference not in self.baselines:
            message = f"reference {self.reference!r} must be one of the baselines {', '.join(self.baselines)}"
            raise ValueError(message)
        return self
