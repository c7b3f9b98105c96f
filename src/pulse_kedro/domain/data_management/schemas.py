"""The contracts of the frames that rooms hand to each other, one class per frame: the catalog names them as validators.

Kedro makes one of each when the frame is first saved or loaded; Pandera is imported then, and not before.
"""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pulse_kedro.domain.data_management.contract import Contract


class PanelContract:
    """`panel`: one finite value per series and period, sorted by series and time, with the moment it was published."""

    def __init__(self) -> None:
        """Build the schema."""
        from pulse_kedro.domain.data_management.frames import panel

        self._contract: Contract = panel()

    def validate(self, data: object) -> pd.DataFrame:
        """The panel itself; `BrokenContract` names the first rule that does not hold."""
        return self._contract.enforce(data)


class FoldsContract:
    """`folds`: the cutoffs of the backtest, each with one purpose, in time order."""

    def __init__(self) -> None:
        """Build the schema."""
        from pulse_kedro.domain.data_management.frames import folds

        self._contract: Contract = folds()

    def validate(self, data: object) -> pd.DataFrame:
        """The folds themselves; `BrokenContract` names the first rule that does not hold."""
        return self._contract.enforce(data)


class BacktestContract:
    """`backtest`: one row per recipe, model, series, cutoff and step, with what was forecast and what came true."""

    def __init__(self) -> None:
        """Build the schema."""
        from pulse_kedro.domain.data_management.frames import backtest

        self._contract: Contract = backtest()

    def validate(self, data: object) -> pd.DataFrame:
        """The backtest itself; `BrokenContract` names the first rule that does not hold."""
        return self._contract.enforce(data)


class ForecastsContract:
    """`forecasts`: what one cycle issues, the same steps for every series, raw and ruled quantiles complete."""

    def __init__(self) -> None:
        """Build the schema."""
        from pulse_kedro.domain.data_management.frames import forecasts

        self._contract: Contract = forecasts()

    def validate(self, data: object) -> pd.DataFrame:
        """The forecasts themselves; `BrokenContract` names the first rule that does not hold."""
        return self._contract.enforce(data)
