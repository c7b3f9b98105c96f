"""Fixtures that every kind of test may use; what one folder needs stands in that folder."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["DO_NOT_TRACK"] = "1"
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def project() -> Path:
    """Folder of the repository."""
    return Path(__file__).parents[1]
