"""The families of errors: each has a fault code, each keeps its facts, and near names are offered."""

import pickle

import pytest

from pulse_kedro.domain.errors import (
    CorruptArtifact,
    InvalidConfiguration,
    InvalidInput,
    PulseError,
    SchemaMismatch,
    nearest,
)
from pulse_kedro.domain.recovery.taxonomy import SEVERITY

FAMILIES = (InvalidInput, SchemaMismatch, InvalidConfiguration, CorruptArtifact)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_code_of_the_vocabulary(family: type[PulseError]) -> None:
    assert family.code in SEVERITY
    assert "unknown" != family.code


def test_a_family_that_says_nothing_is_unknown() -> None:
    assert "unknown" == PulseError.code


@pytest.mark.parametrize("family", FAMILIES)
def test_the_facts_survive_a_process_boundary(family: type[PulseError]) -> None:
    assert ("a", 1) == pickle.loads(pickle.dumps(family("a", 1))).args  # noqa: S301  (our own bytes)


@pytest.mark.parametrize(
    ("expected", "name"), [(" Did you mean 'recipe'?", "recipy"), ("", "something else"), ("", "")]
)
def test_only_a_near_name_is_offered(expected: str, name: str) -> None:
    assert expected == nearest(name, ["as_of", "recipe"])
