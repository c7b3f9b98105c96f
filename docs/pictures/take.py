"""Takes the pictures of the README with headless Chromium, from a data root with a finished cycle.

Usage: python docs/pictures/take.py [--data-root data] [--into docs/pictures]

Writes `report_head.png` (the decision page), `report_forecasts.png` (the section after it) and `graph.png` (the
pipeline in kedro-viz, one box per room). Nothing is loaded from the network, and nothing in the data root changes.
"""  # noqa: INP001 a script, no package

import argparse
import http.server
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
REPORT = Path("08_reporting", "cycle_report.html")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic")
DESK, WALL = {"width": 1400, "height": 960}, {"width": 1000, "height": 1250}
LOOK = """localStorage.setItem("KedroViz", JSON.stringify({
    theme: "light", showFeatureHints: false, visible: {sidebar: false, miniMap: false}}))"""
"""What a reader of kedro-viz may set: light colours, no tour, no side bar, no map."""


STEPS = {
    "playwright": "Install it: pip install -e '.[dev]'",
    "kedro_viz": "Install it: pip install -e '.[viz]'",
}
NO_BROWSER = ("Chromium", "Install it, on Debian: apt-get install chromium")
NO_CYCLE = ("finished cycle in the data root", "Make one with `make run` and `make next`, or name another --data-root.")
NO_SITE = "site from `kedro viz build`"
AT_REST = """() => new Promise(settle => {
    const place = () => document.querySelector("#zoom-wrapper")?.getAttribute("transform");
    let last = place(), still = 0;
    const look = () => {
        still = place() === last ? still + 1 : 0;
        last = place();
        still > 30 ? settle() : requestAnimationFrame(look);
    };
    look();
})"""
"""The graph moves to its place by script; it is there when it has not moved for thirty frames."""


class NotReadyForPictures(Exception):
    """Something that the pictures need is missing."""

    def __init__(self, missing: str, step: str) -> None:
        """Keep what is missing and what brings it."""
        super().__init__(missing, step)
        self.missing, self.step = missing, step

    def __str__(self) -> str:
        """Say both."""
        return f"Taking the pictures failed: got no {self.missing}, expected one. {self.step}"


def main() -> None:
    """Take every picture, or say what is missing."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--data-root", type=Path, default=Path(os.environ.get("PULSE_DATA_ROOT", PROJECT / "data")))
    asked.add_argument("--into", type=Path, default=PROJECT / "docs" / "pictures")
    arguments = asked.parse_args()
    try:
        taken = take(arguments.data_root.resolve(), arguments.into.resolve())
    except NotReadyForPictures as missing:
        sys.exit(str(missing))
    for path in taken:
        sys.stdout.write(f"{path} {path.stat().st_size / 1024:.0f} KiB\n")


def take(data_root: Path, folder: Path) -> list[Path]:
    """Every picture.

    Args:
        data_root: Where a cycle was finished.
        folder: Where the pictures go.

    Raises:
        NotReadyForPictures: Chromium, a package or the cycle is missing.
    """
    chromium = find_chromium()
    report = find_report(data_root)
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        site = build_site(data_root, Path(scratch))
        browser = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport=DESK, color_scheme="light")
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        pictures = [folder / name for name in ("report_head.png", "report_forecasts.png", "graph.png")]
        page.screenshot(path=pictures[0])
        page.evaluate("document.querySelector('#forecasts').scrollIntoView({behavior: 'instant'})")
        page.screenshot(path=pictures[1])
        page = browser.new_page(viewport=WALL)
        page.add_init_script(LOOK)
        with served(site) as address:
            page.route("**/*", lambda route: route.continue_() if is_near(route.request.url) else route.abort())
            page.goto(address)
            page.wait_for_selector(".pipeline-node--modularPipeline")
            page.evaluate(AT_REST)
            page.screenshot(path=pictures[2])
        browser.close()
    return pictures


def find_chromium() -> str:
    """Path of the browser, once everything is there that drives it."""
    for package, step in STEPS.items():
        if importlib.util.find_spec(package) is None:
            raise NotReadyForPictures(package, step)
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise NotReadyForPictures(*NO_BROWSER)
    return path


def find_report(data_root: Path) -> Path:
    """The report of the last cycle."""
    report = data_root / REPORT
    if not report.exists():
        raise NotReadyForPictures(*NO_CYCLE)
    return report


def build_site(data_root: Path, folder: Path) -> Path:
    """A static kedro-viz of the project with the data of a data root, built in a copy that leaves no trace in here.

    Args:
        data_root: Absolute path of the data to preview.
        folder: An empty folder.

    Returns:
        Folder of the site.
    """
    for name in ("src", "conf"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", ".telemetry", ".viz/styles.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    own = {"PULSE_DATA_ROOT": str(data_root), "PULSE_TRACKING": "off", "DO_NOT_TRACK": "1", "PYTHONPATH": "src"}
    command = [sys.executable, "-m", "kedro", "viz", "build", "--include-previews", "--include-hooks"]
    done = subprocess.run(  # noqa: S603  our own command
        command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False
    )
    if done.returncode or not (folder / "build" / "api" / "main").exists():
        said = (done.stderr or done.stdout)[-500:]
        raise NotReadyForPictures(NO_SITE, said)
    return folder / "build"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of a folder, as a local web server shows it."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_near(address: str) -> bool:
    """Whether an address is on this machine; kedro-viz asks Google for a font."""
    return address.startswith(("http://127.0.0.1:", "data:", "blob:"))


if __name__ == "__main__":
    main()
