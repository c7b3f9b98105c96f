"""Make targets, versions and documents say the same."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
TARGETS = {"help", "install", "run", "next", "test", "check", "bench", "viz", "clean", "docs", "notebook", "reset"}
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
RECORD_SECTIONS = ["Context", "Decision", "Consequences", "Rejected"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints-py311.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in [*project["dependencies"], *extras]]


def test_help_lists_every_target() -> None:
    answer = subprocess.run(["make", "help"], check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S607

    assert set() == TARGETS - set(re.findall(r"make (\w+)", answer.stdout))


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_pinned_version_lies_within_the_declared_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_every_make_target_in_the_documents_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    exists = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *RECORDS]
    named = {name for path in documents for name in re.findall(r"`make ([a-z]+)", path.read_text(encoding="utf-8"))}

    assert set() == named - exists


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_decision_record_is_short_and_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text.count("\n") <= 60
    assert RECORD_SECTIONS == re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert re.search(r"^Status: (accepted|superseded by \d{4}) · Date: \d{4}-\d{2}-\d{2}$", text, flags=re.MULTILINE)


def test_index_of_decisions_is_complete() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in RECORDS] == sorted(set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index)))


def test_telemetry_is_off() -> None:
    assert "consent: false" in (ROOT / ".telemetry").read_text(encoding="utf-8")
