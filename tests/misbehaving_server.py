"""A local HTTP server that answers as a test tells it to, well or badly, and remembers what it was asked."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Reply:
    """What one request gets: status, headers, body; after a pause, and cut off if it shall be."""

    body: bytes | object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause_s: float = 0
    announced: int | None = None
    """Content-Length that is told instead of the true one; a larger one makes the body a torn one."""

    def content(self) -> bytes:
        """The bytes that are sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Asked:
    """A request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Misbehaving:
    """Answers by path; each answer is a reply, or makes one of the query and the number of the request."""

    def __init__(self, url: str) -> None:
        """Nothing was asked yet, and nothing has an answer."""
        self.url = url
        self.asked: list[Asked] = []
        self.answers: dict[str, Reply | Callable[[dict[str, str], int], Reply]] = {}

    def reply(self, asked: Asked) -> Reply:
        """Remember a request and find its answer."""
        self.asked.append(asked)
        answer = self.answers.get(asked.path, Reply(b"nothing here", status=404))
        number = sum(before.path == asked.path for before in self.asked)
        return answer if isinstance(answer, Reply) else answer(asked.query, number)


@contextmanager
def serving() -> Iterator[Misbehaving]:
    """A server on a free port of this machine, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            reply = room.reply(Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items())))
            time.sleep(reply.pause_s)
            content = reply.content()
            self.send_response(reply.status)
            headers = {"content-type": "application/json", **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(reply.announced or len(content)))
            self.send_header("connection", "close")  # told, so that no client asks again on a line that is being closed
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815  # the name that the standard library calls

        def log_message(self, *_: Any) -> None:  # noqa: ANN401  # whatever the base class logs
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:  # noqa: ANN401  # a client that went away is what some tests want
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    room = Misbehaving(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield room
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
