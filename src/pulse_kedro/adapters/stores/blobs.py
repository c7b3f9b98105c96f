"""Where objects lie: one small interface over a folder of files or a bucket of S3, chosen by the form of a location.

An object is written once, whole or not at all, and is never changed. Whoever reads one says which checksum it had.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol

from pulse_kedro.adapters.stores.files import DamagedFile, write_file
from pulse_kedro.domain.errors import InvalidConfiguration, InvalidInput, PulseError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
SCHEMES = ("file", "s3")
"""What a location may begin with; a path without a scheme is a folder of files."""


class UnknownScheme(InvalidConfiguration):
    """A location names a kind of store that is not supported."""

    def __init__(self, location: str) -> None:
        """Keep the location."""
        super().__init__(location)
        self.location = location

    def __str__(self) -> str:
        """Name what is supported and where the location is written."""
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return (
            f"Opening the place of snapshots failed: got {self.location!r}, expected a folder or one of {known}. "
            "Correct `snapshots` in globals.yml."
        )


class UnusableName(InvalidInput):
    """An object was named by something that is not a plain name."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say which names there can be."""
        return (
            f"Looking for an object failed: got the name {self.name!r}, expected letters, digits, dots, hyphens and "
            "underscores only. Use an id that `kedro pulse data snapshots` lists."
        )


class UnreachableStore(PulseError):
    """A store did not answer, or answered with a failure of its own, however often it was asked."""

    code: ClassVar[str] = "network.connection_failed"

    def __init__(self, location: str, doing: str, problem: str) -> None:
        """Keep where the store is, what was asked of it, and what it said last."""
        super().__init__(location, doing, problem)
        self.location, self.doing, self.problem = location, doing, problem

    def __str__(self) -> str:
        """Say what was asked, what came, and that nothing was lost."""
        return (
            f"{self.doing} in {self.location} failed: got {self.problem}, expected an answer within the configured "
            "tries. Nothing that was stored before has changed; run the same command again when the store answers."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """What a store says of one object: its name, its size in bytes, and when it was written (aware UTC)."""

    name: str
    size: int
    written_at: datetime


class Blobs(Protocol):
    """A place for objects. Errors of all places: `FileNotFoundError`, `PermissionError`, `UnreachableStore`."""

    @property
    def location(self) -> str:
        """Folder or URL, for people."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Write an object; a reader sees the old content or the new one, never half of it."""
        ...

    def get(self, name: str) -> bytes:
        """The content as it lies there; nobody vouches for it, see `read`."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes, `None` where there is no such object."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""
        ...

    def list(self) -> Iterator[Blob]:
        """Every object, in the order of the names."""
        ...


def read(blobs: Blobs, name: str, checksum: str) -> bytes:
    """Content of an object, after its checksum has been verified.

    Args:
        blobs: Where it lies.
        name: Which one.
        checksum: SHA-256 when it was written, 64 hexadecimal digits.

    Raises:
        DamagedFile: The content is not what was written.
        FileNotFoundError: There is no such object.
        UnreachableStore: The store gives no answer.
    """
    content = blobs.get(name)
    found = hashlib.sha256(content).hexdigest()
    if found != checksum:
        place = f"{blobs.location}/{name}"
        raise DamagedFile(place, found, checksum)
    return content


def open_blobs(location: str, options: Mapping[str, object] | None = None) -> Blobs:
    """The place that a location names; nothing is created.

    Args:
        location: A folder, `file://…` or `s3://bucket/prefix`.
        options: Of S3 only: see `S3Options`.

    Raises:
        UnknownScheme: Another scheme.
    """
    scheme = _SCHEME.match(location)
    if scheme is None or scheme[1] == "file":
        return FileBlobs(Path(location.removeprefix("file://")))
    if scheme[1] == "s3":
        from pulse_kedro.adapters.stores.s3_blobs import S3Blobs  # the extra `s3`

        return S3Blobs.open(location, options or {})
    raise UnknownScheme(location)


def plain_name(name: str) -> str:
    """The name itself, where it cannot lead out of its folder.

    Raises:
        UnusableName: It might.

    Example:
        >>> plain_name("s0.1.parquet")
        's0.1.parquet'
    """
    if not _NAME.fullmatch(name):
        raise UnusableName(name)
    return name


class FileBlobs:
    """Objects as files of one folder, written beside their place, flushed and renamed."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; the first object makes it."""
        self._folder = folder

    @property
    def location(self) -> str:
        """The folder."""
        return str(self._folder)

    def put(self, name: str, content: bytes) -> None:
        """Write an object, see `Blobs`."""
        write_file(self._path(name), lambda draft: draft.write_bytes(content))

    def get(self, name: str) -> bytes:
        """Content of an object, see `Blobs`."""
        return self._path(name).read_bytes()

    def size(self, name: str) -> int | None:
        """Bytes of an object, see `Blobs`."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Remove an object, see `Blobs`."""
        self._path(name).unlink(missing_ok=True)

    def list(self) -> Iterator[Blob]:
        """Every object, see `Blobs`; drafts of killed writers are none."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            if path.is_file() and _NAME.fullmatch(path.name):
                facts = path.stat()
                written = datetime.fromtimestamp(facts.st_mtime, UTC)
                yield Blob(name=path.name, size=facts.st_size, written_at=written)

    def _path(self, name: str) -> Path:
        return self._folder / plain_name(name)
