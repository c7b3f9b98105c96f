"""A bundle on disk: one safetensors file per member and a manifest with the hash of each; nothing is pickled.

`python -m pulse_kedro.forecasting.bundle_files FOLDER` loads a bundle in a fresh process, checks it, and prints one
JSON object.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load as read_arrays
from safetensors.numpy import save as write_arrays

from pulse_kedro.domain.data_management.features.definition import UnknownStep
from pulse_kedro.domain.data_management.features.fitting import restore_features
from pulse_kedro.domain.errors import CorruptArtifact
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.choice import ByGroup, Choice, Rule
from pulse_kedro.forecasting.members import RESTORE, restore_member
from pulse_kedro.forecasting.recipe import recipe_from_dict

SCHEMA_VERSION = 3
"""1: baselines and ridges of the first release. 2: members of more kinds, states with a clock, choices by step. 3: a
choice per group of series, and the steps of the feature set with what they learned, where there are any."""
MANIFEST = "manifest.json"
FOLDER_MODE = 0o755
COMMON = "serving.safetensors"
FEATURES = "features.safetensors"
REPEATS = 5
"""Forecasts that are timed when a bundle is checked; ours."""


class DamagedBundle(CorruptArtifact):
    """A stored bundle is not what its manifest says."""

    def __init__(self, folder: str, problem: str) -> None:
        """Keep the folder and what is wrong."""
        super().__init__(folder, problem)
        self.folder, self.problem = folder, problem

    def __str__(self) -> str:
        """Name folder and problem, and the way out."""
        return (
            f"Loading the bundle {self.folder} failed: {self.problem}. "
            "Move the folder away and run the cycle again: it is rebuilt from the data."
        )


def encode(bundle: Bundle) -> dict[str, bytes]:
    """Files of a bundle by name, the manifest last; equal bundles give equal bytes."""
    files = {f"{name}.safetensors": _pack(dict(member.arrays())) for name, member in bundle.members.items()}
    common = {"spread": bundle.spread, "golden": bundle.golden, "widths": bundle.widths}
    files[COMMON] = _pack({**common, **_choice_arrays(bundle.choice), "served": bundle.served.astype(float)})
    steps: dict[str, object] = {}
    if bundle.features is not None:
        files[FEATURES] = _pack(bundle.features.arrays())
        steps = {"features": bundle.features.facts()}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "recipe": bundle.recipe.as_dict(),
        "recipe_digest": bundle.recipe_digest,
        "frequency": bundle.frequency,
        "ids": list(bundle.ids),
        "known_until": bundle.known_until.isoformat(),
        "panel_digest": bundle.panel_digest,
        "snapshot": bundle.snapshot,
        "parent": bundle.parent,
        "choice": _choice_facts(bundle.choice),
        "calibration_cutoffs": bundle.calibration_cutoffs,
        "members": [member.facts() for member in bundle.members.values()],
        **steps,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files[MANIFEST] = json.dumps(manifest, sort_keys=True, indent=1, allow_nan=False).encode()
    return files


def seal(bundle: Bundle) -> Bundle:
    """Bundle under the digest of its content: SHA-256 of the manifest, which holds the hash of every array file."""
    return bundle.sealed(hashlib.sha256(encode(bundle)[MANIFEST]).hexdigest())


def save_bundle(bundle: Bundle, folder: Path) -> str:
    """Digest of a bundle after its files stand in `folder`, which appears complete or not at all.

    Args:
        bundle: What to store.
        folder: Where, named by the digest; when it exists already it holds the same content and is left alone.

    Returns:
        64 hexadecimal digits.
    """
    files = encode(bundle)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
        draft.chmod(FOLDER_MODE)
        for name, content in files.items():
            with (draft / name).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        _sync(draft)
        try:
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft)
            if not folder.exists():
                raise
        _sync(folder.parent)
    return hashlib.sha256(files[MANIFEST]).hexdigest()


def _sync(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load_bundle(folder: Path) -> Bundle:
    """Bundle from its files, every hash verified first.

    Args:
        folder: Where; its name is the digest of the manifest.

    Returns:
        The bundle under its digest.

    Raises:
        DamagedBundle: A file is missing or differs from the manifest, the manifest differs from the folder's name, or
            it is newer than this code.
    """
    try:
        text = (folder / MANIFEST).read_bytes()
        if hashlib.sha256(text).hexdigest() != folder.name:
            raise DamagedBundle(str(folder), f"{MANIFEST} differs from the digest that names the folder")
        manifest = json.loads(text)
        if manifest["schema_version"] > SCHEMA_VERSION:
            raise DamagedBundle(str(folder), f"its schema {manifest['schema_version']} is newer than {SCHEMA_VERSION}")
        contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
    except (OSError, ValueError, KeyError) as error:
        raise DamagedBundle(str(folder), f"it is incomplete ({error})") from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]:
            raise DamagedBundle(str(folder), f"{name} differs from its hash")
    try:
        return _decode(manifest, contents).sealed(folder.name)
    except (KeyError, TypeError, ValueError, SafetensorError, UnknownStep) as error:
        raise DamagedBundle(str(folder), _undecoded(manifest, error)) from error


def _undecoded(manifest: Mapping[str, object], error: Exception) -> str:
    """What it is that this version cannot read, although every hash is right."""
    facts = cast("list[dict[str, object]]", manifest.get("members", []))
    unknown = [str(fact.get("kind")) for fact in facts if fact.get("kind") not in RESTORE]
    if unknown:
        return f"its member kind {unknown[0]!r} is not one of {', '.join(sorted(RESTORE))}"
    return f"it cannot be read ({type(error).__name__}: {error})"


def _decode(manifest: dict[str, object], contents: dict[str, bytes]) -> Bundle:
    common = read_arrays(contents[COMMON])
    choice = cast("dict[str, object]", manifest["choice"])
    told = cast("dict[str, object] | None", manifest.get("features"))
    facts = cast("list[dict[str, object]]", manifest["members"])
    members = [
        restore_member(fact, read_arrays(contents[f"{fact.get('name', fact['kind'])}.safetensors"])) for fact in facts
    ]
    return Bundle(
        recipe=recipe_from_dict(cast("dict[str, object]", manifest["recipe"])),
        frequency=str(manifest["frequency"]),
        ids=tuple(cast("list[str]", manifest["ids"])),
        known_until=pd.Timestamp(str(manifest["known_until"])),
        panel_digest=str(manifest["panel_digest"]),
        snapshot=str(manifest["snapshot"]),
        parent=cast("str | None", manifest["parent"]),
        members={member.name: member for member in members},
        choice=_restore_choice(choice, common),
        spread=common["spread"],
        golden=common["golden"],
        served=common["served"].astype(bool),
        widths=common["widths"],
        calibration_cutoffs=int(cast("int", manifest["calibration_cutoffs"])),
        features=restore_features(told, read_arrays(contents[FEATURES])) if told else None,
    )


def _choice_arrays(choice: Choice | ByGroup) -> dict[str, Array]:
    if isinstance(choice, Choice):
        return {"weights": choice.weights}
    return {"group_of": choice.of.astype(float)} | {
        f"weights.{group}": own.weights for group, own in enumerate(choice.choices)
    }


def _choice_facts(choice: Choice | ByGroup) -> dict[str, object]:
    if isinstance(choice, Choice):
        return {"name": choice.name, "rule": choice.rule}
    return {"groups": [_choice_facts(own) for own in choice.choices]}


def _restore_choice(facts: Mapping[str, object], common: Mapping[str, Array]) -> Choice | ByGroup:
    def one(own: Mapping[str, object], weights: Array) -> Choice:
        return Choice(name=str(own["name"]), rule=cast("Rule", own["rule"]), weights=weights)

    if "groups" not in facts:
        return one(facts, common["weights"])
    groups = cast("list[dict[str, object]]", facts["groups"])
    return ByGroup(
        of=common["group_of"].astype(np.int64),
        choices=tuple(one(own, common[f"weights.{group}"]) for group, own in enumerate(groups)),
    )


def _pack(arrays: dict[str, Array]) -> bytes:
    return write_arrays({name: np.ascontiguousarray(values) for name, values in sorted(arrays.items())})


def check(folder: Path) -> dict[str, object]:
    """Whether a stored bundle loads and forecasts what it forecast at training.

    Returns:
        `ok`, `problems` in sentences, `seconds` spent; of a bundle that loads also `forecast_seconds`, the 95th
        percentile of `REPEATS` forecasts, and `peak_mb`, the memory of the process in 10^6 bytes.
    """
    started = time.perf_counter()
    cost: dict[str, object] = {}
    try:
        bundle = load_bundle(folder)
        problems = bundle.problems()
        cost = _cost(bundle)
    except DamagedBundle as error:
        problems = [str(error)]
    return {"ok": not problems, "problems": problems, "seconds": round(time.perf_counter() - started, 3), **cost}


def _cost(bundle: Bundle) -> dict[str, object]:
    """What it takes to forecast."""
    import resource

    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        bundle.forecast()
        seconds.append(time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return {"forecast_seconds": round(float(np.quantile(seconds, 0.95)), 6), "peak_mb": round(peak, 1)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(check(Path(sys.argv[1]))) + "\n")
