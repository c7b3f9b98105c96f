"""Where the forecasts lean: residuals of the backtest by slice, as a table and a sentence."""

import pandas as pd

from pulse_kedro.pipelines.reporting.wording import KINDS, change, listing, number, percent, season_kind, slice_name
from pulse_kedro.pipelines.reporting.words.tables import Table

_NAMED = 3
_SEASONS = {"hour": "hours of the day", "weekday": "days of the week", "month": "months", "quarter": "quarters"}
_PLACES = {"horizon": "forecasts {} steps ahead", "group": "forecasts of {}"}


def leaning(bias: pd.DataFrame, errors: float) -> pd.DataFrame:
    """Slices whose mean residual differs from 0 by more than chance would often do.

    Args:
        bias: One row per kind and slice with mean_residual and standard_error.
        errors: Standard errors from which a slice counts.

    Returns:
        These rows, the strongest first.
    """
    strength = (bias["mean_residual"] / bias["standard_error"].where(bias["standard_error"] > 0)).abs()
    return bias.loc[strength[strength >= errors].sort_values(ascending=False).index]


def bias_sentence(bias: pd.DataFrame, errors: float) -> str:
    """What the table says, in words.

    Args:
        bias: One row per kind and slice.
        errors: Standard errors from which a slice counts.
    """
    if bias.empty:
        return "There is no backtest yet, so nothing is known about systematic errors."
    found = leaning(bias, errors)
    if found.empty:
        return (
            f"No slice of the backtest leans by more than {errors:g} standard errors: what is left looks like chance."
        )
    strongest = [
        _in_words(str(row["kind"]), str(row["slice"]), float(row["mean_residual"]))
        for row in found.head(_NAMED).to_dict(orient="records")
    ]
    return (
        f"{leaning_sentence(bias, errors)} The surest: {listing(strongest)}. The slices share one backtest, so they "
        "are not independent. These are errors before rules."
    )


def leaning_sentence(bias: pd.DataFrame, errors: float) -> str:
    """How many slices lean, and to which side; empty when none does.

    Args:
        bias: One row per kind and slice.
        errors: Standard errors from which a slice counts.
    """
    found = leaning(bias, errors)
    if found.empty:
        return ""
    low = int((found["mean_residual"] > 0).sum())
    high = len(found) - low
    sides = " and ".join(f"too {side} in {number(count)}" for side, count in (("low", low), ("high", high)) if count)
    return (
        f"In the backtest the forecasts lean by more than {errors:g} standard errors in {number(len(found))} of "
        f"{number(len(bias))} slices ({_SEASONS[season_kind(bias['kind'])]}, steps ahead, groups of series): {sides}."
    )


def _in_words(kind: str, raw: str, mean: float) -> str:
    name = slice_name(kind, raw)
    place = _PLACES.get(kind, "forecasts for {}").format(name)
    return f"{place} (too {'low' if mean > 0 else 'high'} by {percent(abs(mean), 1)} of the usual seasonal change)"


def season_title(bias: pd.DataFrame) -> str:
    """Heading of the picture that slices by season.

    Args:
        bias: One row per kind and slice.
    """
    return f"By {KINDS[season_kind(bias['kind'])]}"


def bias_table(bias: pd.DataFrame) -> Table:
    """Every slice with its mean residual.

    Args:
        bias: One row per kind and slice.
    """
    rows = tuple(
        (
            KINDS[str(row["kind"])].capitalize(),
            slice_name(str(row["kind"]), str(row["slice"])),
            change(float(row["mean_residual"])),
            percent(float(row["standard_error"]), 1),
            percent(float(row["mean_absolute_residual"]), 1),
            number(int(row["n"])),
        )
        for row in bias.to_dict(orient="records")
    )
    head = ("Slice", "Value", "Actual − forecast", "Standard error", "Mean miss", "Forecasts")
    return Table(caption="In percent of the usual seasonal change", head=head, rows=rows, texts=(0, 1))
