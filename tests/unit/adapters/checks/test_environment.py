"""Python, packages and telemetry, as they are and as they must not be."""

from pathlib import Path

import pytest

from pulse_kedro.adapters.checks.environment import check_packages, check_python, check_telemetry, declared


@pytest.mark.parametrize(
    ("running", "level"), [("3.11.7", "ok"), ("3.12.1", "ok"), ("3.10.9", "failure"), ("3.13.0", "failure")]
)
def test_python_must_be_one_that_the_project_declares(running: str, level: str) -> None:
    found = check_python(running)

    assert level == found.level
    assert running in found.found


def test_what_is_installed_here_fits() -> None:
    assert "ok" == check_packages(declared()).level
    assert len(declared()) > 15


def test_packages_that_miss_or_do_not_fit_are_named_with_their_range() -> None:
    found = check_packages(["click>=99", "no-such-package-anywhere>=1", "kedro~=1.7", "sphinx>=999; extra == 'docs'"])

    assert "failure" == found.level
    assert "3 packages declared: click 8" in found.found
    assert found.found.endswith("does not fit >=99, no-such-package-anywhere is missing")
    assert "make install" in found.next_step


@pytest.mark.parametrize(
    ("consent", "variables", "level"),
    [
        (None, {}, "warning"),
        ("consent: true\n", {}, "warning"),
        ("consent: false\n", {}, "ok"),
        (None, {"DO_NOT_TRACK": "1"}, "ok"),
        ("consent: true\n", {"KEDRO_DISABLE_TELEMETRY": "1"}, "ok"),
        (None, {"DO_NOT_TRACK": ""}, "warning"),
    ],
)
def test_telemetry_is_off_by_file_or_variable(
    tmp_path: Path, consent: str | None, variables: dict[str, str], level: str
) -> None:
    if consent is not None:
        (tmp_path / ".telemetry").write_text(consent, encoding="utf-8")

    assert level == check_telemetry(tmp_path, variables).level
