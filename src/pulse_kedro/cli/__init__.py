"""The command line: group `pulse`, merged into `kedro` and served by `python -m pulse_kedro`.

`door` holds the groups, the options and how failures are told; each further module holds the commands of one subject
(`state`: where things stand now; `why`: why a decision was made; `takeover`: who serves; `past`: what was committed;
`contrast`: how two cycles differ; `rules`: what shifts forecasts; `report`: the page of the newest cycle; `health`:
what is wrong here; `init_data`: a source of one's own; `data_sources`: where observations come from; `data_ingest`:
into the store; `data_quarantine`: rows set aside; `data_store`: snapshots; `lineage`: what was made from what;
`data_quality`: what is suspicious in them; `data_events`: what happened; `metrics`: what was measured; `evaluate`: a
forecaster on files; `simulate`: policies of retraining on a history). Beside each, `…answers` or `own_data` gives the
answer as plain data (what `--json` prints) and `…wording` says the same to people. Heavy packages are imported inside
the commands.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.
"""

from pulse_kedro.cli import (
    contrast,
    data_events,
    data_ingest,
    data_quality,
    data_quarantine,
    data_sources,
    data_store,
    evaluate,
    health,
    init_data,
    lineage,
    metrics,
    past,
    report,
    rules,
    simulate,
    state,
    takeover,
    why,
)
from pulse_kedro.cli.door import cli

__all__ = [
    "cli",
    "contrast",
    "data_events",
    "data_ingest",
    "data_quality",
    "data_quarantine",
    "data_sources",
    "data_store",
    "evaluate",
    "health",
    "init_data",
    "lineage",
    "metrics",
    "past",
    "report",
    "rules",
    "simulate",
    "state",
    "takeover",
    "why",
]
