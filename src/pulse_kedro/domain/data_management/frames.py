"""What each frame promises, as Pandera schemas. Import this module inside functions: Pandera comes with it."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandera.pandas import Check, Column, DataFrameSchema

from pulse_kedro.domain.backtesting import BURN_IN, CALIBRATION, EVALUATION, OPEN
from pulse_kedro.domain.data_management.contract import Contract, across, every, typed, unique
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, QUANTILE_COLUMNS, TARGET, TIME

PURPOSES = (BURN_IN, CALIBRATION, EVALUATION, OPEN)
COMBINATION = "combination"
_TOLERANCE = 1e-9
"""Relative fall between two quantiles that counts as rounding; ours."""
Truth = npt.NDArray[np.bool_]


def panel() -> Contract:
    """One finite value per series and period, sorted by series and time, with the moment it was published."""
    key = (ID, TIME)
    columns = {ID: _text(), TIME: _date(), TARGET: _number(), AVAILABLE_AT: _moment()}
    checks = [unique(key), across("rows sorted by unique_id, then ds", _is_sorted)]
    return Contract(frame="panel", key=key, schema=DataFrameSchema(columns, checks=checks))


def folds() -> Contract:
    """The cutoffs of the backtest, each with one purpose, in time order."""
    rising = every("cutoffs in time order, each once", lambda cutoff: ~cutoff.diff().le(pd.Timedelta(0)))
    known = every(f"one of {', '.join(PURPOSES)}", lambda purpose: purpose.isin(PURPOSES))
    columns = {"cutoff": _date(rising), "purpose": _text(known)}
    return Contract(frame="folds", key=("cutoff",), schema=DataFrameSchema(columns))


def backtest() -> Contract:
    """One row per recipe, model, series, cutoff and step: what was forecast and what came true.

    Quantiles are there for all levels or for none. The combination has them from the first cutoff on at which earlier
    errors were resolved: where history is short, that is not the first one that is evaluated.
    """
    key = ("recipe", "model", ID, "cutoff", "step")
    columns = {"recipe": _text(), "model": _text(), ID: _text(), "cutoff": _date(), TIME: _date(), "step": _step()}
    columns |= {"model_digest": _text(), "snapshot": _text()}
    columns |= {TARGET: _number(), "y_hat": _number(), "scale": _scale()}
    columns |= {name: _number(required=False) for name in QUANTILE_COLUMNS}
    checks = [_target_after_cutoff(), across("quantiles for all levels or for none", _has_all_or_no_quantiles)]
    checks += [across("no end to the quantiles of the combination once they began", _combination_keeps_quantiles)]
    checks += [_quantiles_rise(""), unique(key)]
    return Contract(frame="backtest", key=key, schema=DataFrameSchema(columns, checks=checks))


def forecasts() -> Contract:
    """What one cycle issues: the same steps for every series, raw and ruled quantiles complete."""
    key = ("cycle", ID, "step")
    one = every("one cycle and one cutoff only", lambda values: pd.factorize(values)[0] == 0)
    columns = {"cycle": _text(one), ID: _text(), "cutoff": _date(one), TIME: _date(), "step": _step()}
    columns |= {"y_hat": _number()}
    columns |= {prefix + name: _number() for prefix in ("raw_", "ruled_") for name in QUANTILE_COLUMNS}
    checks = [_target_after_cutoff(), _quantiles_rise("raw_"), _quantiles_rise("ruled_"), unique(key)]
    checks += [across("every step up to the horizon for every series", _has_every_step)]
    return Contract(frame="forecasts", key=key, schema=DataFrameSchema(columns, checks=checks))


def _text(*checks: Check) -> Column:
    return Column(None, [typed("text", _is_text), *checks], nullable=False)


def _date(*checks: Check) -> Column:
    naive = typed("type datetime64[ns]", lambda values: str(values.dtype) == "datetime64[ns]")
    return Column(None, [naive, *checks], nullable=False)


def _moment() -> Column:
    aware = typed("type datetime64[ns, UTC]", lambda values: str(values.dtype) == "datetime64[ns, UTC]")
    return Column(None, [aware], nullable=False)


def _step() -> Column:
    whole = typed("whole numbers", lambda values: bool(pd.api.types.is_integer_dtype(values.dtype)))
    return Column(None, [whole, every("steps from 1", lambda values: values.ge(1))], nullable=False)


def _number(*checks: Check, required: bool = True) -> Column:
    real = typed("a floating-point type", lambda values: bool(pd.api.types.is_float_dtype(values.dtype)))
    return Column(None, [real, every("finite numbers", np.isfinite), *checks], nullable=not required)


def _scale() -> Column:
    return _number(every("a scale of at least 0", lambda values: values.ge(0)), required=False)


def _target_after_cutoff() -> Check:
    return across("a ds after the cutoff", lambda data: data[TIME].gt(data["cutoff"]).to_numpy())


def _quantiles_rise(prefix: str) -> Check:
    return across(f"{prefix}quantiles that do not fall", lambda data: _rises(data, prefix))


def _is_text(values: pd.Series) -> bool:
    kind = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
    return bool(pd.api.types.infer_dtype(kind, skipna=True) in {"string", "empty"})


def _is_sorted(data: pd.DataFrame) -> Truth:
    """Truth for each row that does not come before the row above it."""
    series, when = data[ID].to_numpy(dtype=object), data[TIME].to_numpy()
    later = (series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & (when[1:] >= when[:-1]))
    return np.concatenate([np.ones(min(1, len(data)), dtype=bool), later.astype(bool)])


def _rises(data: pd.DataFrame, prefix: str) -> Truth:
    """Truth for each row whose quantiles do not fall with the level. By column, so that nothing large is copied."""
    good = np.ones(len(data), dtype=bool)
    for lower, upper in pairwise(QUANTILE_COLUMNS):
        low, high = data[prefix + lower].to_numpy(), data[prefix + upper].to_numpy()
        good &= ~(high < low - _TOLERANCE * np.abs(low))
    return good


def _count_quantiles(data: pd.DataFrame) -> npt.NDArray[np.int8]:
    count = np.zeros(len(data), dtype=np.int8)
    for name in QUANTILE_COLUMNS:
        count += ~np.isnan(data[name].to_numpy())
    return count


def _has_all_or_no_quantiles(data: pd.DataFrame) -> Truth:
    return np.isin(_count_quantiles(data), (0, len(QUANTILE_COLUMNS)))


def _combination_keeps_quantiles(data: pd.DataFrame) -> Truth:
    other = data["model"].ne(COMBINATION).to_numpy()
    complete = _count_quantiles(data) == len(QUANTILE_COLUMNS)
    having = data["cutoff"].where(complete & ~other)
    began = having.groupby(data["recipe"], observed=True).transform("min")
    return np.asarray(other | complete | ~data["cutoff"].ge(began).to_numpy())


def _has_every_step(data: pd.DataFrame) -> Truth:
    steps = data.groupby(ID, sort=False, observed=True)["step"].transform("size")
    return steps.eq(data["step"].max()).to_numpy(dtype=bool)
