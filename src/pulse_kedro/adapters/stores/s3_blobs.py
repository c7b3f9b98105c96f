"""Objects in a bucket of S3, or of anything that speaks its language, through s3fs. Needs the extra `s3`."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Self

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.stores.blobs import Blob, UnreachableStore, plain_name
from pulse_kedro.domain.errors import InvalidConfiguration

if TYPE_CHECKING:
    from s3fs import S3FileSystem

_THERE_OR_DENIED = (FileNotFoundError, PermissionError)


class MissingExtra(InvalidConfiguration):
    """A location on S3 was configured where s3fs is not installed."""

    def __init__(self, location: str) -> None:
        """Keep the location."""
        super().__init__(location)
        self.location = location

    def __str__(self) -> str:
        """Say what to install."""
        return (
            f"Opening {self.location} failed: got an installation without s3fs, expected the extra `s3`. Install it "
            "with `pip install 'pulse_kedro[s3]'`."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class S3Options:
    """How to speak to S3. Keys may be left out: the environment, a profile or the role of the machine then says."""

    key: str | None = None
    """Access key; belongs into credentials."""
    secret: str | None = None
    """Secret key; belongs into credentials."""
    token: str | None = None
    """Session token; belongs into credentials."""
    endpoint_url: str | None = None
    """Address of a service other than AWS."""
    region: str | None = None
    """Region of the bucket."""
    encryption: Literal["AES256", "aws:kms"] | None = None
    """Encryption of objects by the server; `null` leaves it to the bucket."""
    kms_key: str | None = None
    """Key for encryption by KMS; `null` takes the default one of the account."""
    tries: int = Field(default=4, ge=1)
    """How often a call is made in all: ours, with the waits of botocore's standard mode about five seconds."""
    connect_seconds: float = Field(default=5, gt=0)
    """Seconds to wait for a connection; ours."""
    read_seconds: float = Field(default=30, gt=0)
    """Seconds to wait for each part of an answer; ours, an object has a few megabytes."""


class S3Blobs:
    """Objects under one prefix of a bucket. A put is one request, which S3 makes visible whole or not at all."""

    def __init__(self, location: str, filesystem: "S3FileSystem", *, extra: Mapping[str, str]) -> None:
        """Keep the place; nothing is asked.

        Args:
            location: `s3://bucket/prefix`.
            filesystem: Speaks to the service.
            extra: Sent with each object, such as its encryption.
        """
        self._location = location.rstrip("/")
        self._filesystem = filesystem
        self._extra = dict(extra)

    @classmethod
    def open(cls, location: str, options: Mapping[str, object]) -> Self:
        """A place in a bucket; no request is made.

        Args:
            location: `s3://bucket/prefix`.
            options: Fields of `S3Options`.

        Raises:
            MissingExtra: s3fs is not installed.
        """
        chosen = TypeAdapter(S3Options).validate_python(dict(options))
        try:
            from s3fs import S3FileSystem
        except ImportError as error:
            raise MissingExtra(location) from error
        filesystem = S3FileSystem(
            key=chosen.key,
            secret=chosen.secret,
            token=chosen.token,
            endpoint_url=chosen.endpoint_url,
            client_kwargs={"region_name": chosen.region} if chosen.region else {},
            config_kwargs={
                "retries": {"total_max_attempts": chosen.tries, "mode": "standard"},
                "connect_timeout": chosen.connect_seconds,
                "read_timeout": chosen.read_seconds,
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        filesystem.retries = 1  # botocore tries again; both together would multiply
        extra = {"ServerSideEncryption": chosen.encryption, "SSEKMSKeyId": chosen.kms_key}
        return cls(location, filesystem, extra={name: value for name, value in extra.items() if value})

    @property
    def location(self) -> str:
        """The URL."""
        return self._location

    def put(self, name: str, content: bytes) -> None:
        """Write an object, see `Blobs`."""
        with self._answering("Writing an object"):
            self._filesystem.pipe_file(self._path(name), content, **self._extra)

    def get(self, name: str) -> bytes:
        """Content of an object, see `Blobs`."""
        with self._answering("Reading an object"):
            # One request: with more at once, s3fs would ask for the size first.
            content: bytes = self._filesystem.cat_file(self._path(name), max_concurrency=1)
        return content

    def size(self, name: str) -> int | None:
        """Bytes of an object, see `Blobs`."""
        with self._answering("Looking for an object"):
            try:
                return int(self._filesystem.info(self._path(name))["size"])
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """Remove an object, see `Blobs`; S3 does not mind when there is none."""
        with self._answering("Deleting an object"):
            self._filesystem.rm_file(self._path(name))

    def list(self) -> Iterator[Blob]:
        """Every object, see `Blobs`."""
        with self._answering("Listing objects"):
            try:
                found = self._filesystem.ls(self._location, detail=True, refresh=True)
            except FileNotFoundError:
                found = []
        for entry in sorted(found, key=lambda entry: str(entry["name"])):
            if entry["type"] == "file":
                name = str(entry["name"]).rpartition("/")[2]
                yield Blob(name=name, size=int(entry["size"]), written_at=entry["LastModified"])

    def _path(self, name: str) -> str:
        return f"{self._location}/{plain_name(name)}"

    @contextmanager
    def _answering(self, doing: str) -> Iterator[None]:
        """Let what the service says through as one of the errors of `Blobs`."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            yield
        except _THERE_OR_DENIED:
            raise
        except NoCredentialsError as error:
            raise PermissionError(errno.EACCES, str(error), self._location) from error
        except (BotoCoreError, ClientError, OSError, TimeoutError) as error:
            problem = " ".join(str(error).split()) or type(error).__name__
            raise UnreachableStore(self._location, doing, problem) from error
