"""Opens a file anywhere fsspec can read: a local path, `s3://`, `http://`, memory, an archive."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import pandas as pd

from pulse_kedro.adapters.sources.failing import address, told
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.adapters.sources.threads import Stop, in_thread
from pulse_kedro.domain.data_management.fetching import Fetched

Read = Callable[[IO[bytes], str], pd.DataFrame]
S3 = "s3"
S3_ATTEMPTS = 3
"""Tries of one call to S3, the first included; ours."""


def protocol(path: str) -> str:
    """Protocol of a path, `file` where it names none.

    Example:
        >>> protocol("s3://bucket/rows.csv"), protocol("data/rows.csv")
        ('s3', 'file')
    """
    return path.partition("://")[0] if "://" in path else "file"


def shown(path: str) -> str:
    """A path or URL for people: a URL without user, password and query."""
    return address(path) if "://" in path else path


def storage_options(path: str, credentials: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Options of the file system: the credentials, and for S3 how long to wait.

    Args:
        path: Path or URL.
        credentials: As Kedro's datasets take them; `config_kwargs` in them wins over our timeouts.
        timeout_s: Seconds to connect, and seconds without a byte.
    """
    if protocol(path) != S3:
        return dict(credentials)
    waits = {"connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": {"max_attempts": S3_ATTEMPTS}}
    # Fresh each time: listings that s3fs remembers would hide what was written since.
    return {
        **credentials,
        "config_kwargs": {**waits, **credentials.get("config_kwargs", {})},
        "use_listings_cache": False,
    }


@contextmanager
def opened(path: str, options: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """A file for reading, unpacked where its name says that it is packed.

    Args:
        path: Path or URL.
        options: Options of the file system.
    """
    import fsspec  # type: ignore[import-untyped]  # ships none

    with fsspec.open(path, "rb", compression="infer", **options) as file:
        yield file


async def fetch_file(name: str, path: str, given: Given, timeout_s: float, read: Read) -> Fetched:
    """A table from a file, read in a thread.

    Args:
        name: Name of the source.
        path: Path or URL; a relative path counts from the project.
        given: Credentials and clock.
        timeout_s: As in `storage_options`.
        read: Makes the table of the open file; gets the name of the file for messages.

    Raises:
        SourceFailed: There is no such file, it cannot be opened, or it holds no table.
    """
    absolute = path if "://" in path else given.place(path)

    def work(_: Stop) -> pd.DataFrame:
        with opened(absolute, storage_options(absolute, given.credentials, timeout_s)) as file:
            return read(file, shown(path))

    with told(name, f"a table at {shown(path)}", given.secrets):
        table = await in_thread(work)
    return Fetched(table=table, source=name, fetched_at=given.now(), facts={"location": shown(path)})
