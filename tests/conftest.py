"""Fixtures that every kind of test may use; what one folder needs stands in that folder."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["DO_NOT_TRACK"] = "1"
# Where it is set, each command that a test starts would compile the whole package anew: 3.5 CPU seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def project() -> Path:
    """Folder of the repository."""
    return Path(__file__).parents[1]
