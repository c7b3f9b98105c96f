"""The registry of variables: what is known of a series before its values come, and the check of values against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from fnmatch import fnmatchcase
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.observations import RULE
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.units import alike, convert
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME, frequency

UNIT = "unit"
"""Static column that, where a source declares it, names the unit of each row; else `source.unit` holds for all."""
VARIABLE_RULES = ("wrong_frequency", "missing_unit", "wrong_unit", "out_of_range")
"""Rules about a variable, in the order in which they count."""
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class VariableOptions:
    """What is known of one variable, or of all whose ids fit a pattern."""

    unit: str = Field(min_length=1)
    """Unit in which values are kept. Values that come in another accepted unit are converted."""
    accepts: tuple[str, ...]
    """Further units in which values may come; each has to measure the same thing as `unit`."""
    frequency: Literal["hourly", "daily", "weekly", "monthly", "quarterly"]
    """Length of one period."""
    release_lag_days: float | None = Field(ge=0)
    """Days from the end of a period until its value is published; `null` takes that of the source."""
    range: tuple[float, float]
    """Smallest and largest plausible value, in `unit`, both included. A value outside is set aside, never clipped."""
    season_length: int = Field(ge=1)
    """Periods in a season; 1 where there is none."""
    good: Literal["higher", "lower", "neither"]
    """Which direction people welcome."""

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> Self:
        strange = [unit for unit in self.accepts if unit not in alike(self.unit)]
        if strange:
            message = f"accepts names {', '.join(strange)}, but {self.unit} converts from {', '.join(alike(self.unit))}"
            raise ValueError(message)
        lower, upper = self.range
        if not lower <= upper:
            message = f"range begins at {lower} and ends at {upper}"
            raise ValueError(message)
        return self


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Variables by id or pattern (`*`, `?`, `[…]`); an exact id goes before patterns, then the first pattern counts."""

    variables: Mapping[str, VariableOptions]

    def of(self, series: str) -> VariableOptions | None:
        """What is known of a series; `None` where nobody registered it.

        Args:
            series: Its id.
        """
        if series in self.variables:
            return self.variables[series]
        return next((known for name, known in self.variables.items() if fnmatchcase(series, name)), None)

    def expects(self, series: str, rule: str, options: SourceOptions) -> str:
        """What a variable rule expects of a series, to follow the word "expected".

        Args:
            series: An id that is registered.
            rule: One of `VARIABLE_RULES`.
            options: What the source declares.
        """
        known = self.of(series)
        if known is None:
            return "a registered variable"
        units = ", ".join(dict.fromkeys((known.unit, *known.accepts)))
        lower, upper = known.range
        return {
            "wrong_frequency": f"a {known.frequency} source for series {series!r}, not a {options.frequency} one",
            "missing_unit": f"the unit of the value, one of {units}",
            "wrong_unit": f"one of {units} as the unit of series {series!r}",
            "out_of_range": f"{lower:g} to {upper:g} {known.unit} for series {series!r}",
        }[rule]


EMPTY = Registry(variables={})


def appraise(observed: pd.DataFrame, options: SourceOptions, registry: Registry) -> pd.DataFrame:
    """Observations in the units of their variables, those that cannot be right marked with the rule they break.

    Args:
        observed: What `observe` gives.
        options: What the source declares.
        registry: What is known of the variables; series that it does not know pass as they are.

    Returns:
        The same rows: `y` and the static column `unit` in the unit of the variable, `rule` with `VARIABLE_RULES` among
        its categories, and `available_at` where a variable has a release lag of its own.
    """
    known = [registry.of(str(name)) for name in observed[ID].cat.categories]
    rule = observed[RULE].cat.add_categories(VARIABLE_RULES)
    if not any(known):
        return observed.assign(**{RULE: rule})
    series = observed[ID].cat.codes.to_numpy().astype(np.int64)
    checked = _in_units(observed.assign(**{RULE: rule}), series, known, options)
    lower, upper = (np.array([np.nan if one is None else one.range[end] for one in known] + [np.nan]) for end in (0, 1))
    values, unit = checked[TARGET].to_numpy(), checked.pop(_UNIT_STATE).to_numpy()
    rhythm = np.array([one is not None and one.frequency != options.frequency for one in known] + [False])
    broken = (rhythm[series], unit == _MISSING, unit == _WRONG, (values < lower[series]) | (values > upper[series]))
    found = np.select(broken, range(len(VARIABLE_RULES)), default=-1)
    codes = rule.cat.codes.to_numpy().copy()
    names = rule.cat.categories
    fresh = (codes < 0) & (found >= 0)
    codes[fresh] = names.get_indexer(pd.Index(VARIABLE_RULES))[found[fresh]]
    checked[RULE] = pd.Categorical.from_codes(codes, names)
    return _with_own_lags(checked, series, known, options)


_UNIT_STATE = "unit state"
_MISSING, _WRONG = 1, 2


def _in_units(
    observed: pd.DataFrame, series: Codes, known: Sequence[VariableOptions | None], options: SourceOptions
) -> pd.DataFrame:
    """Observations in the units of their variables, and in a column of its own where the unit cannot be."""
    values, state = observed[TARGET].to_numpy().copy(), np.zeros(len(observed), dtype=np.int8)
    given, codes = _units(observed, options)
    texts = observed[UNIT].astype(object).to_numpy().copy() if UNIT in options.static else None
    pairs, kinds = np.unique(np.stack([series, codes]), axis=1, return_inverse=True)
    for kind, (place, code) in enumerate(pairs.T.tolist()):
        one, unit = known[place] if place >= 0 else None, given[code] if code >= 0 else None
        if one is None or unit == one.unit:
            continue
        rows = kinds == kind
        if unit is None or unit not in one.accepts:
            state[rows] = _MISSING if unit is None else _WRONG
            continue
        values[rows] = convert(values[rows], unit, one.unit)
        if texts is not None:
            texts[rows] = one.unit
    checked = observed.assign(**{TARGET: values, _UNIT_STATE: state})
    return checked if texts is None else checked.assign(**{UNIT: pd.Categorical(texts)})


def _units(observed: pd.DataFrame, options: SourceOptions) -> tuple[list[str], Codes]:
    """Names of the units that a source uses, and which one each row has; -1 where its cell is empty."""
    if UNIT not in options.static:
        return [options.unit], np.zeros(len(observed), dtype=np.int64)
    column = observed[UNIT].cat
    return list(map(str, column.categories)), column.codes.to_numpy().astype(np.int64)


def _with_own_lags(
    observed: pd.DataFrame, series: Codes, known: Sequence[VariableOptions | None], options: SourceOptions
) -> pd.DataFrame:
    """Moments of publication by the lag of each variable, where the source tells none and a variable has its own."""
    own = [None if one is None else one.release_lag_days for one in known]
    if options.columns.available_at is not None or all(lag is None for lag in own):
        return observed
    days = np.array([options.release_lag_days if lag is None else lag for lag in own] + [np.nan])
    end = frequency(options.frequency).end(observed[TIME])
    released = end.to_numpy() + pd.to_timedelta(days[series], unit="D").to_numpy()
    return observed.assign(**{AVAILABLE_AT: released})
