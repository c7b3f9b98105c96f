"""What `conf/` declares about deliveries can be read, and every old version of a contract leads to the current one."""

from pathlib import Path

import pytest
from kedro.framework.startup import bootstrap_project

from pulse_kedro import bootstrap
from pulse_kedro.adapters import ingest_hooks
from pulse_kedro.adapters.deliveries import InvalidDeclaration, contracts, variables
from pulse_kedro.domain.data_management.deliveries.conversions import registered


@pytest.fixture(autouse=True)
def place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    bootstrap_project(project)


def test_every_contract_that_a_source_names_is_declared() -> None:
    loader = bootstrap.configuration("base")

    named = {source.contract for source in bootstrap.sources(loader).values()} - {None}

    assert "us_employment" in named
    assert named <= set(contracts(loader))


def test_every_old_version_of_a_contract_has_a_step_to_the_next() -> None:
    ingest_hooks.registered()  # imports the modules that register steps
    declared = contracts(bootstrap.configuration("base"))

    missing = [
        (name, version)
        for name, contract in declared.items()
        for version in range(1, contract.current)
        if (name, version) not in registered()
    ]

    assert [] == missing


def test_bundled_series_are_registered_and_others_are_not() -> None:
    registry = variables(bootstrap.configuration("base"))

    known = registry.of("CEU0500000001")

    assert known is not None
    assert "thousands of persons" == known.unit
    assert registry.of("unknown") is None


def test_wrong_entry_is_told_with_file_and_key(tmp_path: Path) -> None:
    from kedro.config import OmegaConfigLoader

    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "variables.yml").write_text("inflation: {unit: fraction}\n", encoding="utf-8")
    (tmp_path / "base" / "contracts.yml").write_text("sales: {current: 2}\n", encoding="utf-8")
    patterns = {name: [f"{name}*"] for name in ("variables", "contracts")}
    loader = OmegaConfigLoader(str(tmp_path), base_env="base", default_run_env="base", config_patterns=patterns)

    with pytest.raises(InvalidDeclaration, match=r"Reading variables.yml failed: got an entry 'inflation\."):
        variables(loader)
    with pytest.raises(InvalidDeclaration, match=r"Reading contracts.yml failed: got an entry 'sales\."):
        contracts(loader)
