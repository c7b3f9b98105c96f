"""What counts as suspicious, and from which shares on the data as a whole are called poor."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

SETTINGS = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True, kw_only=True, config=SETTINGS)
class PlausibleRange:
    """Bounds of the values of some series."""

    series: str = Field(min_length=1)
    """Pattern of series ids, such as `CES*`; `*` is all of them. The first range that fits counts."""
    low: float | None
    """Smallest plausible value, in the unit of the source; `null` sets no bound."""
    high: float | None
    """Largest plausible value, in the unit of the source; `null` sets no bound."""

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            message = f"the range of {self.series!r} has low {self.low:g} above high {self.high:g}"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SETTINGS)
class QualityOptions:
    """What the quality report calls suspicious, and what it calls good enough. Nothing here changes a value."""

    minimum_quality: float = Field(ge=0, le=1)
    """Smallest share of the expected values that are there and not suspicious."""
    maximum_duplicates: float = Field(ge=0, le=1)
    """Largest share of rows that repeat or contradict another row."""
    maximum_outliers: float = Field(ge=0, le=1)
    """Largest share of the checked values that are outliers."""
    minimum_examples: int = Field(ge=1)
    """Fewest values of the whole panel."""
    kept_findings: int = Field(ge=1)
    """Findings that are kept one by one; all of them are counted."""
    threshold: float = Field(gt=0)
    """Robust standard deviations of its errors beyond which a value contradicts the past of its series."""
    window: int = Field(ge=20)
    """Newest errors of a series from which their spread is taken; at least one season is."""
    minimum_errors: int = Field(ge=5)
    """Errors below which the spread is unknown and nothing is checked."""
    persistence: int = Field(ge=2)
    """Values in a row on one side, all beyond the threshold, from which they are a new level and no outliers."""
    constant: int = Field(ge=2)
    """Equal values in a row from which a stretch can be suspicious, where the series does not usually repeat itself."""
    ranges: tuple[PlausibleRange, ...]
    """Plausible values by series."""
