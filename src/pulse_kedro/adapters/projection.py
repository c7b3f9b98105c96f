"""What MLflow is shown of a run that ended well: scores, the decision, reports, and who is champion."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from sqlalchemy import Engine

from pulse_kedro.adapters import tracking
from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.engine import open_for_reading
from pulse_kedro.adapters.stores.scoreboard import overall
from pulse_kedro.domain.history import CommittedCycle, UnknownCycle

CHAMPION = "champion"
"""Catalog entry that knows in which folder the bundles are."""


def project(run: str, *, cycle: str | None, url: str, catalog: DataCatalog, outputs: Iterable[str]) -> None:
    """Copy to an open MLflow run what the database and the files know; whatever fails is a warning.

    Args:
        run: Id of the MLflow run.
        cycle: Key of the cycle; `None` when the run was a part that names none.
        url: The database.
        catalog: Where outputs are kept; entries with `metadata.mlflow.artifact_path` are uploaded there.
        outputs: Names of what the run saved.
    """
    entries = catalog.to_config()[0]
    with tracking.forgiven("Uploading the reports"):
        tracking.upload(run, dict(_artifacts(catalog, entries, outputs)))
    with tracking.forgiven("Projecting the database to MLflow"):
        engine = open_for_reading(url)
        if engine is not None:
            _project_cycle(run, cycle, engine)
            _project_head(run, cycle, engine, Path(entries[CHAMPION]["path"]))


def _project_cycle(run: str, key: str | None, engine: Engine) -> None:
    cycle = _committed(engine, key)
    if cycle is None:
        return
    reason = str(cycle.decision.get("reason", ""))
    tags = {"pulse.verdict": str(cycle.decision.get("verdict", "")), "pulse.reason": reason}
    tracking.tag(run, tags | {tracking.BUNDLE_TAG: cycle.bundle, "mlflow.note.content": reason})
    tracking.log_metrics(run, tracking.named_scores(overall(engine, cycle.key), cycle.recipe))


def _project_head(run: str, key: str | None, engine: Engine, bundles: Path) -> None:
    """Point the alias at the head: also after a replay, which leaves the head alone, should MLflow have lost it."""
    head = _committed(engine, cycles.read_head(engine).cycle)
    if head is None:
        return
    champion = tracking.Champion(
        bundle=head.bundle,
        source=(bundles / head.bundle).absolute().as_uri(),
        cycle=head.key,
        recipe=head.recipe,
        revision=head.revision,
        reason=str(head.decision.get("reason", "")),
    )
    tracking.project_champion(run if head.key == key else None, champion)


def _committed(engine: Engine, key: str | None) -> CommittedCycle | None:
    try:
        return None if key is None else cycles.read(engine, key)
    except UnknownCycle:
        return None


def _artifacts(
    catalog: DataCatalog, entries: Mapping[str, Mapping[str, Any]], outputs: Iterable[str]
) -> Iterator[tuple[Path, str]]:
    """Files that shall be uploaded and the artifact folder of each; files elsewhere are fetched first."""
    import fsspec  # type: ignore[import-untyped]  # ships none

    for name in sorted(set(outputs) & set(entries)):
        wanted = (getattr(catalog[name], "metadata", None) or {}).get("mlflow") or {}
        if "artifact_path" in wanted:
            path = str(entries[name]["filepath"])
            yield Path(fsspec.open_local(f"simplecache::{path}") if "://" in path else path), wanted["artifact_path"]
