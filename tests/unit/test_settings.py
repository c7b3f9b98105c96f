"""How configuration is read."""

import logging
from pathlib import Path

import pytest

from pulse_kedro import settings


def test_relative_path_is_taken_from_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "docs")

    assert str(project / "data") == settings.in_project("data")


def test_absolute_path_stays(tmp_path: Path) -> None:
    assert str(tmp_path) == settings.in_project(str(tmp_path))


def test_without_a_project_the_working_directory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert str(tmp_path / "data") == settings.in_project("data")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add type hints to the `predict` method to enable", False),
        ("The 'preview_fn' feature is experimental and may change in future versions.", False),
        ("divide by zero", True),
    ],
)
def test_only_what_packages_tell_each_other_is_hidden(message: str, *, expected: bool) -> None:
    record = logging.LogRecord("py.warnings", logging.WARNING, __file__, 1, message, None, None)

    assert expected == settings.is_worth_showing(record)
