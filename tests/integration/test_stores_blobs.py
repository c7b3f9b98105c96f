"""One contract for every place of objects: a folder, and a bucket of S3. Then what only one of them can do wrong."""

import hashlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import pytest

from buckets import KEYS, make_bucket, s3_server
from pulse_kedro.adapters.stores.blobs import (
    Blobs,
    FileBlobs,
    UnknownScheme,
    UnreachableStore,
    UnusableName,
    open_blobs,
    read,
)
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.domain.recovery.faults import classify

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 warns of threads; children use none
Place = Callable[[], Blobs]
_numbers = count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "file":
        return open_blobs(f"{tmp_path}/objects")
    address, bucket = request.getfixturevalue("server"), f"pulse-{next(_numbers)}"
    make_bucket(address, bucket)
    return open_blobs(f"s3://{bucket}/objects", KEYS | {"endpoint_url": address})


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_is_put_is_read_whole(blobs: Blobs) -> None:
    content = os.urandom(100_000)

    blobs.put("a.parquet", content)

    assert content == read(blobs, "a.parquet", digest(content))
    assert len(content) == blobs.size("a.parquet")


def test_an_empty_place_has_nothing_in_it(blobs: Blobs) -> None:
    assert [] == list(blobs.list())
    assert blobs.size("a.parquet") is None
    with pytest.raises(FileNotFoundError):
        blobs.get("a.parquet")


def test_objects_are_listed_by_name_with_their_sizes(blobs: Blobs) -> None:
    for name in ("b", "a", "c"):
        blobs.put(name, name.encode() * 3)

    found = list(blobs.list())

    assert [("a", 3), ("b", 3), ("c", 3)] == [(blob.name, blob.size) for blob in found]
    assert all(blob.written_at.tzinfo is not None for blob in found)


def test_a_second_put_replaces_and_a_second_delete_does_no_harm(blobs: Blobs) -> None:
    blobs.put("a", b"old")
    blobs.put("a", b"newer")

    assert b"newer" == blobs.get("a")
    blobs.delete("a")
    blobs.delete("a")
    assert blobs.size("a") is None


@pytest.mark.parametrize("damage", ["flipped bit", "half written"])
def test_damage_is_found_when_it_is_read(blobs: Blobs, damage: str) -> None:
    content = os.urandom(1000)
    damaged = bytearray(content)
    damaged[500] ^= 1
    blobs.put("a", bytes(damaged) if damage == "flipped bit" else content[:500])

    with pytest.raises(DamagedFile, match="objects/a failed") as caught:
        read(blobs, "a", digest(content))

    assert ("storage.not_found", "corrupt") == (classify(caught.value).code, classify(caught.value).detail)


@pytest.mark.parametrize("name", ["../a", "a/b", "", ".hidden", "a\0", "/etc/passwd"])
def test_a_name_cannot_lead_out_of_its_place(blobs: Blobs, name: str) -> None:
    with pytest.raises(UnusableName, match="expected letters, digits"):
        blobs.put(name, b"")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UnknownScheme, match="got 'gs://bucket/x', expected a folder or one of file://, s3://"):
        open_blobs("gs://bucket/x")


def test_a_location_may_be_a_url_of_a_folder(tmp_path: Path) -> None:
    open_blobs(f"file://{tmp_path}/x").put("a", b"1")

    assert b"1" == (tmp_path / "x/a").read_bytes()


def test_a_writer_that_is_killed_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put("a", b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))

    child = get_context("fork").Process(target=blobs.put, args=("a", b"new"))
    child.start()
    child.join()

    assert -signal.SIGKILL == child.exitcode
    assert b"old" == blobs.get("a")
    assert ["a"] == [blob.name for blob in blobs.list()]


def write_on_a_full_disk(folder: Path, answers: object) -> None:
    """Put more than the process may write into one file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        FileBlobs(folder).put("a", b"x" * 5000)
    except OSError as error:
        fault = classify(error)
        answers.put((fault.code, fault.detail))  # type: ignore[attr-defined]  # a queue


def test_a_full_disk_leaves_the_old_content_and_says_so(tmp_path: Path) -> None:
    FileBlobs(tmp_path).put("a", b"old")
    context = get_context("fork")
    answers = context.Queue()

    child = context.Process(target=write_on_a_full_disk, args=(tmp_path, answers))
    child.start()
    found = answers.get(timeout=60)
    child.join()

    assert ("system.resource_exhausted", "no_space") == found
    assert b"old" == FileBlobs(tmp_path).get("a")
    assert ["a"] == [path.name for path in tmp_path.iterdir()]


def test_a_folder_without_permission_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))  # root may write anywhere, so it is pretended

    monkeypatch.setattr("pulse_kedro.adapters.stores.files.tempfile.TemporaryDirectory", refuse)

    with pytest.raises(PermissionError) as caught:
        FileBlobs(tmp_path).put("a", b"1")

    assert "storage.permission_denied" == classify(caught.value).code


class Moody(BaseHTTPRequestHandler):
    """Answers as it is told: a list of statuses, the last one for ever; 0 does not answer."""

    moods: tuple[int, ...] = (500,)
    asked = 0

    def do_GET(self) -> None:
        """Answer as told."""
        status = self.moods[min(type(self).asked, len(self.moods) - 1)]
        type(self).asked += 1
        if status == 0:
            threading.Event().wait(2)
            return
        code = {403: "AccessDenied", 503: "SlowDown"}.get(status, "InternalError")
        body = b"content" if status == 200 else f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_HEAD = do_GET  # noqa: N815  # names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def moody() -> Iterator[Callable[..., tuple[Blobs, type[Moody]]]]:
    servers = []

    def start(*moods: int, tries: int = 2) -> tuple[Blobs, type[Moody]]:
        handler = type("Told", (Moody,), {"moods": moods, "asked": 0})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        options = KEYS | {"endpoint_url": f"http://127.0.0.1:{server.server_port}", "tries": tries, "read_seconds": 0.3}
        return open_blobs("s3://bucket/objects", options), handler

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "tries"), [(500, 2), (503, 3), (0, 2)])
def test_a_failing_service_is_asked_so_often_and_no_more(
    moody: Callable[..., tuple[Blobs, type[Moody]]], status: int, tries: int
) -> None:
    blobs, handler = moody(status, tries=tries)

    with pytest.raises(UnreachableStore, match=r"in s3://bucket/objects failed: got .+, expected an answer") as caught:
        blobs.get("a")

    assert tries == handler.asked
    assert "network.connection_failed" == classify(caught.value).code


def test_a_service_that_recovers_in_time_gives_its_answer(moody: Callable[..., tuple[Blobs, type[Moody]]]) -> None:
    blobs, handler = moody(500, 200, tries=3)

    assert b"content" == blobs.get("a")
    assert 2 == handler.asked


def test_a_denied_request_is_not_repeated(moody: Callable[..., tuple[Blobs, type[Moody]]]) -> None:
    blobs, handler = moody(403, tries=3)

    with pytest.raises(PermissionError) as caught:
        blobs.get("a")

    assert ("storage.permission_denied", 1) == (classify(caught.value).code, handler.asked)


def test_a_service_that_is_not_there_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    with pytest.raises(UnreachableStore, match="Writing an object in s3://bucket/x failed"):
        open_blobs("s3://bucket/x", KEYS | {"endpoint_url": address, "tries": 1}).put("a", b"1")


def test_objects_are_encrypted_as_configured(server: str) -> None:
    client = make_bucket(server, "sealed")
    options = KEYS | {"endpoint_url": server, "encryption": "aws:kms", "kms_key": "alias/pulse"}

    open_blobs("s3://sealed/x", options).put("a", b"1")

    found = client.head_object(Bucket="sealed", Key="x/a")
    assert ("aws:kms", "alias/pulse") == (found["ServerSideEncryption"], found["SSEKMSKeyId"])


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="encrypt"):
        open_blobs("s3://bucket/x", {"encrypt": "AES256"})
