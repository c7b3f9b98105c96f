"""Live collaborators of a run: which code is running, a process that checks bundles, the place where networks learn."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Never, NoReturn

from kedro.io import AbstractDataset, DatasetError

import pulse_kedro
from pulse_kedro.forecasting.learning import Workshop

_DIGITS = 8


class CodeVersionDataset(AbstractDataset[Never, str]):
    """Version of the package and a digest of its source files, so that an edit makes another cycle. Load only.

    Example:
        >>> CodeVersionDataset().load().startswith(pulse_kedro.__version__ + "+")
        True
    """

    def __init__(self, *, metadata: dict[str, Any] | None = None) -> None:
        """Keep the metadata; Kedro ignores it."""
        self.metadata = metadata

    def load(self) -> str:
        """`<version>+<8 hexadecimal digits>` over names and contents of every Python file of the package."""
        folder = Path(pulse_kedro.__file__).parent
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return f"{pulse_kedro.__version__}+{digest.hexdigest()[:_DIGITS]}"

    def save(self, _: Never) -> NoReturn:
        """Refuse: the code is what it is."""
        message = "Saving the code version failed: it is read from the package. Remove the output from the node."
        raise DatasetError(message)

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"package": pulse_kedro.__name__}


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCheck:
    """Loads a bundle in a fresh process and compares its golden batch; nothing of this process can help it."""

    folder: Path
    seconds: float

    def __call__(self, digest: str) -> dict[str, object]:
        """Whether the bundle with this digest is whole and answers as it did when it was made.

        Args:
            digest: Name of the bundle's folder.

        Returns:
            `ok`, `problems` (a list of sentences, empty when ok), `seconds`, and what else the check found.
        """
        command = [sys.executable, "-m", "pulse_kedro.forecasting.bundle_files", str(self.folder / digest)]
        start = time.perf_counter()
        try:
            child = subprocess.run(  # noqa: S603  # our own module and a path
                command, capture_output=True, text=True, timeout=self.seconds, check=False, env=_ASLEEP | os.environ
            )
        except subprocess.TimeoutExpired:
            found: dict[str, object] = {"ok": False, "problems": [f"no answer within {self.seconds:g} seconds"]}
        else:
            found = _verdict(child)
        return found | {"seconds": round(time.perf_counter() - start, 3)}


_ASLEEP: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads of torch that wait sleep: on a busy machine spinning ones made a forecast four times as slow."""


class BundleCheckDataset(AbstractDataset[Never, Callable[[str], dict[str, object]]]):
    """A function that checks a bundle, by digest, in a child process. Load only."""

    def __init__(self, *, path: str, seconds: float = 300, metadata: dict[str, Any] | None = None) -> None:
        """Keep where things are; nothing is opened.

        Args:
            path: Folder of all bundles.
            seconds: How long one check may take before it counts as failed.
            metadata: Anything; Kedro ignores it.
        """
        self._path = Path(path)
        self._seconds = seconds
        self.metadata = metadata

    def load(self) -> BundleCheck:
        """The function; it takes a digest and returns `ok`, `problems` and `seconds`."""
        return BundleCheck(folder=self._path, seconds=self._seconds)

    def save(self, _: Never) -> NoReturn:
        """Refuse: a check is done, not stored."""
        message = "Saving a bundle check failed: it is a function. Remove the output from the node."
        raise DatasetError(message)

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix(), "seconds": self._seconds}


class WorkshopDataset(AbstractDataset[Never, Workshop]):
    """Where networks are trained: folders for checkpoints, processes for several devices. Load only."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where it is; nothing is made.

        Args:
            path: Folder for the checkpoints of trainings that are under way.
            metadata: Anything; Kedro ignores it.
        """
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> Workshop:
        """The workshop."""
        from pulse_kedro.adapters.training import FolderWorkshop

        return FolderWorkshop(folder=self._path)

    def save(self, _: Never) -> NoReturn:
        """Refuse: it is a place, not a value."""
        message = "Saving a workshop failed: it is where networks are trained. Remove the output from the node."
        raise DatasetError(message)

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path.as_posix()}


def _verdict(child: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """What the child said, or why it said nothing."""
    try:
        answer = json.loads(child.stdout)
    except json.JSONDecodeError:
        answer = None
    found: dict[str, object] = answer if isinstance(answer, dict) else {}
    problems = [str(problem) for problem in found.get("problems") or ()]  # type: ignore[attr-defined]
    if child.returncode != 0 and not problems:
        words = child.stderr.strip().splitlines()
        problems = [words[-1] if words else f"the checking process ended with code {child.returncode}"]
    elif answer is None:
        problems = ["the checking process gave no answer"]
    return found | {"ok": child.returncode == 0 and not problems, "problems": problems}
