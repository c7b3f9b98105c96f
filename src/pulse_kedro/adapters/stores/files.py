"""Files that appear whole or not at all: written beside their place, flushed to disk, then renamed."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pulse_kedro.domain.errors import CorruptArtifact


class DamagedFile(CorruptArtifact):
    """A file is not what was written."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        """Keep where the file is, what it holds and what it should hold."""
        super().__init__(path, found, expected)
        self.path, self.found, self.expected = path, found, expected

    def __str__(self) -> str:
        """Name the file and both checksums, shortened."""
        return (
            f"Reading {self.path} failed: got {self.found[:12]}, expected {self.expected[:12]}. Delete the file and "
            "run the same command again: it is written anew."
        )


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Replace a file in one step; a reader sees the old one or the new one, also after a power cut.

    Args:
        path: Where the file belongs; missing folders are made.
        write: Called with a temporary path in the same folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
        draft = Path(folder, path.name)
        write(draft)
        _flush(draft)
        draft.replace(path)
        _flush(path.parent)


def checksum(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, expected: str) -> None:
    """Refuse a file that is not what was written.

    Args:
        path: The file.
        expected: Its checksum when it was written.

    Raises:
        DamagedFile: The content differs.
        FileNotFoundError: There is no such file.
    """
    found = checksum(path)
    if found != expected:
        raise DamagedFile(str(path), found, expected)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
