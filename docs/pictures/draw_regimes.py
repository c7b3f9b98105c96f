"""Draws the regimes of total employment for the explanation page, light and dark, from the bundled data.

Usage: python docs/pictures/draw_regimes.py [--into docs/pictures]

Writes `regimes_light.png` and `regimes_dark.png`: employment, and the probability of a contraction with the months in
which one was in force; recessions of the NBER are shaded. Reads `data/01_raw` and the parameters in `conf/base`.
"""  # noqa: INP001 a script, no package

import argparse
from pathlib import Path

import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.regimes import RegimeOptions, sense
from pulse_kedro.domain.panel import frequency
from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT

PROJECT = Path(__file__).resolve().parents[2]
RAW = PROJECT / "data" / "01_raw"
PARAMETERS = PROJECT / "conf" / "base" / "parameters_data_management.yml"
SIZE, DOTS = (10.0, 5.2), 110


def main() -> None:
    """Sense, then draw twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=PROJECT / "docs" / "pictures", help="folder of the pictures")
    folder = parser.parse_args().into
    written = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))["regimes"]
    options = TypeAdapter(RegimeOptions).validate_python(written)
    rows = pd.read_parquet(RAW / "us_employment.parquet")
    total = rows[rows["unique_id"].isin(options.series)]
    regimes, _ = sense(total, frequency("monthly"), options)
    recessions = pd.read_csv(RAW / "us_recessions.csv").apply(pd.to_datetime, format="%Y-%m")
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        draw(total, regimes[regimes["axis"] == "growth"], recessions, colours, folder / f"regimes_{name}.png")


def draw(total: pd.DataFrame, growth: pd.DataFrame, recessions: pd.DataFrame, colours: object, path: Path) -> None:
    """One picture of two panels."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    paint = dict(colours)  # type: ignore[call-overload]
    plain = {"text.color": paint["ink"], "axes.edgecolor": paint["line"], "axes.labelcolor": paint["muted"]}
    ticks = {"xtick.color": paint["muted"], "ytick.color": paint["muted"], "font.size": 10}
    with mpl.rc_context(plain | ticks):
        figure = Figure(figsize=SIZE, facecolor=paint["paper"], layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1])
        for axes in (above, below):
            axes.set_facecolor(paint["panel"])
            axes.spines[["top", "right"]].set_visible(False)
            for row in recessions.itertuples():
                axes.axvspan(row.peak, row.trough, color=paint["earlier"], alpha=0.18, lw=0)
        above.plot(total["ds"], total["y"] / 1000, color=paint["ink"], lw=1)
        above.set_ylabel("employees, millions")
        above.set_title("Total nonfarm employment; recessions of the NBER are shaded", loc="left", fontsize=11)
        below.plot(growth["ds"], growth["probability"], color=paint["combination"], lw=1)
        held = (growth["state"] == "contraction").to_numpy()
        below.fill_between(growth["ds"], -0.06, -0.02, where=held, step="mid", color=paint["earlier"], lw=0)
        for level in (0.4, 0.7):
            below.axhline(level, color=paint["muted"], lw=0.6, ls=":")
        below.set_ylim(-0.07, 1.03)
        below.set_yticks([0, 0.4, 0.7, 1])
        below.set_ylabel("P(contraction)")
        below.set_title(
            "Filtered probability of a contraction; the bar: a contraction in force", loc="left", fontsize=11
        )
        figure.savefig(path, dpi=DOTS, facecolor=paint["paper"])


if __name__ == "__main__":
    main()
