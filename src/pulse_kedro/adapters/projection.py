"""What MLflow is shown of a run that ended well: recipe, digests, scores, decision, figures, and who is champion."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from sqlalchemy import Engine

from pulse_kedro.adapters import tracked_scores, tracking
from pulse_kedro.adapters.failpoints import failpoint
from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.engine import open_for_reading
from pulse_kedro.adapters.stores.scoreboard import overall
from pulse_kedro.domain.history import CommittedCycle, UnknownCycle

CHAMPION, REPORT = "champion", "cycle_report"
"""Catalog entries: which folder the bundles are in, and where the page about the cycle is."""
FIGURES = "figures"
"""Artifact folder of the still pictures."""


def project(run: str, *, cycle: str | None, url: str, catalog: DataCatalog, outputs: Iterable[str], dead: Path) -> None:
    """Copy to an open MLflow run what the database and the files know; whatever fails is a warning, but for silence.

    Args:
        run: Id of the MLflow run.
        cycle: Key of the cycle; `None` when the run was a part that names none.
        url: The database.
        catalog: Where outputs are kept; entries with `metadata.mlflow.artifact_path` are uploaded there, figures with
            `metadata.mlflow.still` as a still picture, too.
        outputs: Names of what the run saved.
        dead: File for scores that could not be written; what waits there from earlier runs is written, too.

    Raises:
        MlflowException: The server does not answer. `keep_scores` keeps what it was not told.
    """
    entries, made = catalog.to_config()[0], sorted(outputs)
    with tracking.forgiven("Uploading the reports"):
        files = {name: (path, folder) for name, path, folder in _artifacts(catalog, entries, made)}
        tracking.upload(run, dict(files.values()))
        with tracking.forgiven("Drawing the figures"):
            drawn = {name: path for name, (path, _) in files.items() if _asked(catalog, name).get("still")}
            _upload_stills(run, drawn)
    with tracking.forgiven("Projecting the database to MLflow"):
        engine = open_for_reading(url)
        if engine is not None:
            bundles = Path(entries[CHAMPION]["path"])
            page = str(entries[REPORT]["filepath"]) if REPORT in made else None
            _project_cycle(run, cycle, engine, bundles, page)
            _project_head(run, cycle, engine, bundles)  # first: MLflow reads every score of a run that gets a model
            step, scores = _scores(cycle, engine)
            tracked_scores.log_metrics(run, scores, step=step, dead=dead)
            tracked_scores.replay_waiting(run, dead)


def keep_scores(run: str, *, cycle: str | None, url: str, dead: Path) -> None:
    """Let the scores of a cycle wait for a server that is silent; the next run writes them.

    Args:
        run: Id of the MLflow run that was open.
        cycle: Key of the cycle, if one was named.
        url: The database.
        dead: File in which they wait.
    """
    engine = open_for_reading(url)
    if engine is not None:
        step, scores = _scores(cycle, engine)
        tracked_scores.keep_metrics(run, scores, step=step, dead=dead)


def _project_cycle(run: str, key: str | None, engine: Engine, bundles: Path, page: str | None) -> None:
    cycle = _committed(engine, key)
    if cycle is None:
        return
    reason = str(cycle.decision.get("reason", ""))
    digests = {
        tracking.BUNDLE_TAG: cycle.bundle,
        "pulse.recipe": cycle.recipe,
        "pulse.snapshot": cycle.snapshot,
        "pulse.rulebook": cycle.rulebook,
    }
    tags = {"pulse.verdict": str(cycle.decision.get("verdict", "")), "pulse.reason": reason, **digests}
    tracking.tag(run, tags | {"mlflow.note.content": reason})
    if page is not None:
        note = f"{reason}\n\n{tracking.links(run, report=page, figures=FIGURES)}"
        tracking.tag(run, {"pulse.report": page, "mlflow.note.content": note})
    with tracking.forgiven("Tracking the recipe that serves"):
        tracking.log_facts(run, "serving", serving_facts(bundles / cycle.bundle))


def _scores(key: str | None, engine: Engine) -> tuple[int, dict[str, float]]:
    """The cycle's scores and its place on its line, so that MLflow can draw a metric over cycles."""
    cycle = _committed(engine, key)
    if cycle is None:
        return 0, {}
    step = len(cycles.read_history(engine).ancestors(cycle.as_of)) + 1
    scores = tracking.named_scores(overall(engine, cycle.key), cycle.recipe)
    live = tracking.named_scores(overall(engine, cycle.key, "live"), cycle.recipe)
    trust = tracking.named_scores(overall(engine, cycle.key, "trust"), cycle.recipe)
    return step, scores | {name.replace("champion.", "live.", 1): value for name, value in (live | trust).items()}


def serving_facts(bundle: Path) -> dict[str, object]:
    """What a bundle is made of, from its manifest: the complete recipe, the frequency, and how members are combined.

    Args:
        bundle: Folder of the bundle.
    """
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    recipe = dict(manifest["recipe"])
    members = {f"{at:02d}": _name(member) for at, member in enumerate(recipe.pop("members"), start=1)}
    return {"recipe": {**recipe, "members": members}, "frequency": manifest["frequency"], "choice": manifest["choice"]}


def _name(member: Mapping[str, Any]) -> str:
    return "_".join(str(part) for part in (member["kind"], member["look_back"]) if part)


def _project_head(run: str, key: str | None, engine: Engine, bundles: Path) -> None:
    """Point the alias at what serves: also after a replay, which leaves it alone, should MLflow have lost it."""
    champion = serving(engine, bundles)
    if champion is not None:
        failpoint("projection.start")
        tracking.project_champion(run if champion.cycle == key else None, champion)
        failpoint("projection.done")


def serving(engine: Engine, bundles: Path) -> tracking.Champion | None:
    """What the alias shall point to, from the database; `None` before the first cycle.

    Args:
        engine: Any engine on the stores.
        bundles: Folder of all bundles.
    """
    version = cycles.read_version(engine)
    if version is None:
        return None
    return tracking.Champion(
        bundle=version.bundle,
        folder=bundles / version.bundle,
        cycle=version.key,
        recipe=version.recipe,
        revision=version.revision,
        reason=str(version.decision.get("reason", "")),
    )


def _committed(engine: Engine, key: str | None) -> CommittedCycle | None:
    try:
        return None if key is None else cycles.read(engine, key)
    except UnknownCycle:
        return None


def _upload_stills(run: str, figures: Mapping[str, Path]) -> None:
    """Upload figures as pictures too: MLflow shows images, but Plotly's figures only as JSON."""
    from pulse_kedro.adapters.stills import draw_still

    with tempfile.TemporaryDirectory(prefix="pulse-figures-") as folder:
        stills = {}
        for name, path in figures.items():
            still = Path(folder, f"{name}.png")
            still.write_bytes(draw_still(json.loads(path.read_text(encoding="utf-8"))))
            stills[still] = FIGURES
        tracking.upload(run, stills)


def _asked(catalog: DataCatalog, name: str) -> Mapping[str, Any]:
    """What an entry asks of MLflow."""
    return (getattr(catalog[name], "metadata", None) or {}).get("mlflow") or {}


def _artifacts(
    catalog: DataCatalog, entries: Mapping[str, Mapping[str, Any]], outputs: Iterable[str]
) -> Iterator[tuple[str, Path, str]]:
    """Entries that shall be uploaded, the file and the artifact folder of each; files elsewhere are fetched first."""
    import fsspec  # type: ignore[import-untyped]  # ships none

    for name in sorted(set(outputs) & set(entries)):
        wanted = _asked(catalog, name)
        if "artifact_path" in wanted:
            path = str(entries[name]["filepath"])
            local = Path(fsspec.open_local(f"simplecache::{path}") if "://" in path else path)
            yield name, local, wanted["artifact_path"]
