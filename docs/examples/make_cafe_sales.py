"""Makes `cafe_sales.csv`: made-up daily sales of three cafés, spelled as an office program in Europe spells them.

Usage: python docs/examples/make_cafe_sales.py
"""
# ruff: noqa: INP001  (a script beside its output)

from pathlib import Path

import numpy as np
import pandas as pd

CAFES = {"Old Town": 900.0, "Harbour": 1400.0, "Station": 2100.0}
WEEK = np.array([0.85, 0.88, 0.92, 1.0, 1.15, 1.3, 0.9])


def sales(level: float, days: pd.DatetimeIndex, rng: np.random.Generator) -> pd.Series:
    """Euros per day: a weekly pattern, a summer, slow growth and noise."""
    t = np.arange(len(days))
    season = 1 + 0.12 * np.sin(2 * np.pi * (days.dayofyear.to_numpy() - 110) / 365.25)
    values = level * WEEK[days.dayofweek] * season * (1 + 0.0002 * t) * rng.normal(1, 0.06, len(days))
    return pd.Series(values).map("{:,.2f}".format).str.translate(str.maketrans(",.", ".,"))


def main() -> None:
    """Write the file beside this script."""
    rng, days = np.random.default_rng(7), pd.date_range("2023-01-01", "2024-12-31", freq="D")
    tables = [
        pd.DataFrame(
            {"cafe": cafe, "city": "Hamburg", "day": days.strftime("%d.%m.%Y"), "sales": sales(level, days, rng)}
        )
        for cafe, level in CAFES.items()
    ]
    path = Path(__file__).with_name("cafe_sales.csv")
    pd.concat(tables).to_csv(path, sep=";", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
