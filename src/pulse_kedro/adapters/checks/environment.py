"""Python, installed packages, telemetry."""

import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from importlib.util import find_spec
from pathlib import Path

from pulse_kedro.adapters.checks.findings import Finding, failure, ok, warning

DISTRIBUTION = "pulse_kedro"
INSTALL = "Run `make install`, or `pip install -c constraints-py311.txt -e .` in the environment that is used."
SILENCERS = ("DO_NOT_TRACK", "KEDRO_DISABLE_TELEMETRY")


def check_python(running: str) -> Finding:
    """Whether the interpreter is one that the project declares.

    Args:
        running: Version of the interpreter, such as `3.11.7`.
    """
    from packaging.specifiers import SpecifierSet

    try:
        allowed = metadata(DISTRIBUTION)["Requires-Python"]
    except PackageNotFoundError:
        return warning("python", f"{running}; {DISTRIBUTION} is not installed, only imported", INSTALL)
    if SpecifierSet(allowed).contains(running):
        return ok("python", f"{running}, allowed are {allowed}")
    return failure("python", f"{running}, allowed are {allowed}", f"Use another interpreter. {INSTALL}")


def declared() -> list[str]:
    """Requirements of the installed project as its metadata has them; empty when it is only imported."""
    try:
        return requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return []


def check_packages(required: Sequence[str]) -> Finding:
    """Whether what is installed lies within the declared ranges; extras are left out.

    Args:
        required: Requirements such as `pandas<3,>=2.3`.

    Example:
        >>> check_packages(["click>=8", "kedro>=99", "pandas-docs; extra == 'docs'"]).found.partition(",")[0]
        '2 packages declared: kedro 1.7.0 does not fit >=99'
    """
    from packaging.requirements import Requirement

    wanted = [Requirement(line) for line in required]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    problems = [problem for one in needed if (problem := _misfit(one.name, one.specifier))]
    count = f"{len(needed)} packages declared"
    if problems:
        return failure("packages", f"{count}: {', '.join(problems)}", INSTALL)
    return ok("packages", f"{count}, all installed within their ranges")


def check_telemetry(project: Path, variables: Mapping[str, str]) -> Finding:
    """Whether Kedro's usage statistics are off.

    Args:
        project: Folder of the project; its file `.telemetry` holds the consent.
        variables: Of the environment.
    """
    if find_spec("kedro_telemetry") is None:
        return ok("telemetry", "off: kedro-telemetry is not installed")
    silencer = next((name for name in SILENCERS if variables.get(name)), None)
    if silencer is not None:
        return ok("telemetry", f"off, by the variable {silencer}")
    file = project / ".telemetry"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if re.search(r"^consent:\s*false\s*$", text, re.IGNORECASE | re.MULTILINE):
        return ok("telemetry", f"off, by {file.name}")
    advice = "Set DO_NOT_TRACK=1, or write `consent: false` into a file `.telemetry` in the project folder."
    return warning("telemetry", "on: Kedro sends usage statistics with every command", advice)


def _misfit(name: str, allowed: object) -> str:
    """Why a package does not fit; empty when it does."""
    try:
        found = version(name)
    except PackageNotFoundError:
        return f"{name} is missing"
    fits = allowed.contains(found, prereleases=True)  # type: ignore[attr-defined]  # a set of specifiers
    return "" if fits else f"{name} {found} does not fit {allowed}"
