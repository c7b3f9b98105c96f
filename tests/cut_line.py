"""Runs of the tiny project whose line to a real MLflow server is cut at a chosen moment, all in one process.

Usage: python -m cut_line FOLDER PORT PID, where the server of that port leads the process group PID.
"""

import json
import logging
import os
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

MOMENTS = (
    "before the run opens",
    "before the first node",
    "after training.identify_cycle",
    "before cycle_record",
    "after cycle_record",
)
"""When the line is cut; saving `cycle_record` is the commit."""
MENDED = "before cycle_record"
"""The data root on which a whole run follows."""


class Line:
    """A way to a server that can be cut: then open connections break, and new ones are refused."""

    def __init__(self, port: int) -> None:
        """Listen, and connect whoever calls with the port of the server."""
        self._port, self._ends = port, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self) -> None:
        """Cut it."""
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                try:
                    far = socket.create_connection(("127.0.0.1", self._port))
                except OSError:  # the server is gone: so is the line
                    near.close()
                    continue
                self._ends += near, far
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Told(logging.Handler):
    """Keeps what the project warns of, and counts how often a request was repeated."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        super().__init__(logging.WARNING)
        self.warnings, self.repeated = list[str](), 0

    def emit(self, record: logging.LogRecord) -> None:
        """Sort it."""
        if record.name.startswith("pulse_kedro"):
            self.warnings.append(record.getMessage())
        elif record.name.startswith("urllib3") and "Retrying" in record.getMessage():
            self.repeated += 1


class Watcher:
    """Hooks that cut the line at a moment of the run."""

    def __init__(self, moment: str, cut: Callable[[], None]) -> None:
        """Keep both."""
        self._moment, self._cut = moment, cut

    def _at(self, moment: str) -> None:
        if moment == self._moment:
            self._cut()

    @hook_impl
    def after_catalog_created(self) -> None:
        """MLflow is set up."""
        self._at("before the run opens")

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """The MLflow run is open."""
        self._at("before the first node")

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """A node has run."""
        self._at(f"after {node.name}")

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """A dataset will be saved."""
        self._at(f"before {dataset_name}")

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """A dataset was saved."""
        self._at(f"after {dataset_name}")


def run(folder: Path, root: Path, line: Line, moment: str, cut: Callable[[], None]) -> dict[str, object]:
    """One run on a data root of its own; says what was raised, warned of and repeated."""
    from kedro.framework.session import KedroSession

    os.environ.update(PULSE_DATA_ROOT=str(root), MLFLOW_TRACKING_URI=line.uri, PULSE_TRACKING="on")
    told, raised = Told(), None
    logging.getLogger().addHandler(told)
    with KedroSession.create(folder) as session:
        session._hook_manager.register(Watcher(moment, cut))  # noqa: SLF001  # the settings are those of every run
        try:
            session.run()
        except Exception as error:  # noqa: BLE001  # told to the test
            raised = repr(error)
    logging.getLogger().removeHandler(told)
    return {"raised": raised, "warnings": told.warnings, "repeated": told.repeated, "uri": line.uri}


def main(folder: Path, port: int, group: int) -> dict[str, object]:
    """Cut the line at each moment, let a run through, then kill the server itself."""
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(folder)
    said = {}
    for moment in MOMENTS:
        line = Line(port)
        said[moment] = run(folder, folder / moment, line, moment, line.cut)
    write_bundle(folder / MENDED)
    said["whole"] = run(folder, folder / MENDED, Line(port), "never", lambda: None)
    kill = partial(os.killpg, group, signal.SIGKILL)
    said["killed"] = run(folder, folder / "killed", Line(port), "after training.identify_cycle", kill)
    return said


def write_bundle(root: Path) -> None:
    """Files of the bundle in charge: a server takes no address of files that are not among its own."""
    with sqlite3.connect(root / "pulse.db") as connection:
        ((name,),) = connection.execute("select bundle from champion").fetchall()
    folder = root / "06_models" / "bundles" / name
    folder.mkdir(parents=True)
    manifest = {"recipe": {"members": []}, "frequency": "monthly", "choice": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201  # for the test
