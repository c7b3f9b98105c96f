"""What the report says about trust: a sentence on the recipe that serves, and every posterior in a table."""

import pandas as pd

from pulse_kedro.pipelines.reporting.wording import MISSING, counted, is_number, number, span, trust_place
from pulse_kedro.pipelines.reporting.words.tables import Table

EVENTS = {"skill": "better than seasonal naive", "coverage": "outcome in the 80 % interval", "alignment": "rules right"}
"""Events in plain words, in the order of the table."""
NOTHING = "No forecast has come due yet, so nothing has earned trust."


def trust_sentence(trust: pd.DataFrame, recipe: str) -> str:
    """How far the recipe that serves is trusted, on how much evidence, and where least.

    Args:
        trust: One row per recipe, cell and event.
        recipe: The recipe that serves, as it stands in the table.
    """
    skill = trust[trust["event"] == "skill"]
    own = skill[skill["entity"] == recipe]
    whole = own[own["level"] == "overall"].to_dict(orient="records")
    if not whole:
        others = skill.loc[skill["level"] == "overall", "entity"].nunique()
        if others == 0:
            return NOTHING
        return f"No forecast of the serving recipe has come due yet; {counted(others, 'recipe')} before it did serve."
    found = whole[0]
    verdict = "counts as trusted" if found["trusted"] else "does not count as trusted yet"
    text = (
        f"The serving recipe {verdict}: it beats the seasonal naive forecast with probability "
        f"{number(float(found['mean']), 2)} ({span(float(found['low']), float(found['high']), 2)}), from "
        f"{counted(int(found['windows']), 'period')} that weigh {number(float(found['n_eff']), 1)}"
    )
    cells = own[own["level"] == "cell"]
    if len(cells) <= 1:
        return f"{text}."
    least = cells.sort_values("mean", kind="mergesort").to_dict(orient="records")[0]
    place = trust_place(str(least["group"]), str(least["regime"]))
    return f"{text}. It is trusted least in {place}: {number(float(least['mean']), 2)}."


def trust_table(trust: pd.DataFrame) -> Table:
    """Every recipe, place and event with its interval and the evidence behind it.

    Args:
        trust: One row per recipe, cell and event.
    """
    rows: list[tuple[str, ...]] = []
    marked: list[int] = []
    for row in trust[trust["event"].isin(list(EVENTS))].to_dict(orient="records"):
        if row["level"] == "overall":
            marked.append(len(rows))
        place = "everywhere" if row["level"] == "overall" else trust_place(str(row["group"]), str(row["regime"]))
        mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
        between = span(low, high, 2) if is_number(low) else MISSING
        last = MISSING if pd.isna(row["delta"]) else f"{row['delta']:+.3f}".replace("-", "−")
        figures = (number(mean, 2), between, number(int(row["windows"])), number(float(row["n_eff"]), 1), last)
        rows.append((str(row["entity"]), place, EVENTS[str(row["event"])], *figures, "yes" if row["trusted"] else "no"))
    head = ("Recipe", "Where", "What", "Trust", "Interval", "Periods", "They weigh", "By the newest", "Trusted")
    return Table(
        caption="Trust by recipe, place and event",
        head=head,
        rows=tuple(rows),
        marked=tuple(marked),
        texts=(0, 1, 2, 8),
    )
