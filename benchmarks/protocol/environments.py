"""Peers in environments of their own: installed once into a cache folder, asked through files, timed by themselves."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

PEERS = Path(__file__).parents[1] / "peers"
"""Scripts of the peers, one folder per library; each is called with a folder."""
READY = "ready"
Arrays = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a peer says: arrays by name, and facts such as its CPU seconds and versions."""

    arrays: dict[str, npt.NDArray[np.float64]]
    facts: dict[str, object]


def cache_folder() -> Path:
    """Where environments of peers are kept: below `PULSE_PEERS`, else below the cache folder of the user."""
    given = os.environ.get("PULSE_PEERS")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "pulse_kedro_peers")


def install(requirements: Sequence[str], *, folder: Path | None = None) -> Path:
    """Python of an environment that holds some packages; made over the network where it is not there yet.

    Args:
        requirements: Pinned requirements.
        folder: Where environments are kept; `None` takes `cache_folder()`.
    """
    words = [f"{sys.version_info.major}.{sys.version_info.minor}", *sorted(requirements)]
    place = (folder or cache_folder()) / hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
    python = place / "bin" / "python"
    if (place / READY).exists():
        return python
    shutil.rmtree(place, ignore_errors=True)  # what an interrupted installation left
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)  # noqa: S603  # our own folder
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603  # our own words
    (place / READY).write_text("\n".join(words), encoding="utf-8")
    return python


def ask(python: Path, script: str, request: Mapping[str, object], arrays: Arrays) -> Answer:
    """What a script of a peer answers.

    The script finds `request.json` and `arrays.npz` in the folder that it is called with, and leaves `answer.json` and
    `answer.npz` there.

    Args:
        python: Of the environment.
        script: Path below `benchmarks/peers`.
        request: JSON values.
        arrays: What it forecasts.
    """
    with tempfile.TemporaryDirectory(prefix="pulse-peer-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(dict(request)), encoding="utf-8")
        np.savez(folder / "arrays.npz", **arrays)
        environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2")}
        command = [str(python), str(PEERS / script), str(folder)]
        subprocess.run(command, check=True, stdout=sys.stderr, env=environment)  # noqa: S603  # our own script
        facts = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        with np.load(folder / "answer.npz") as found:
            return Answer(arrays={key: found[key] for key in found.files}, facts=facts)
