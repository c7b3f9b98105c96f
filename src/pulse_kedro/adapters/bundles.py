"""What is on disk of the bundles, without loading one: which are whole, and what each is made of. No pandas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

MANIFEST = "manifest.json"
"""Name that `forecasting.bundle_files` gives it; importing that module would bring pandas. A test compares the two."""
State = Literal["whole", "incomplete", "missing"]


def state_of(folder: Path, digest: str) -> State:
    """Whether the files of a bundle are there. Their content is not looked at: `kedro pulse doctor` does that.

    Args:
        folder: Folder of all bundles.
        digest: Name of the bundle's folder.
    """
    if not (folder / digest).is_dir():
        return "missing"
    manifest = _manifest(folder / digest)
    named = () if manifest is None else manifest.get("files", ())
    return "whole" if named and all((folder / digest / name).is_file() for name in named) else "incomplete"


def recipe_of(folder: Path, digest: str) -> Mapping[str, Any] | None:
    """The recipe of a bundle as its manifest has it.

    Args:
        folder: Folder of all bundles.
        digest: Name of the bundle's folder.

    Returns:
        `None` where there is no manifest that can be read.
    """
    recipe = (_manifest(folder / digest) or {}).get("recipe")
    return recipe if isinstance(recipe, Mapping) else None


def facts_of(folder: Path, digest: str) -> Mapping[str, Any]:
    """What a bundle forecasts, as its manifest has it.

    Args:
        folder: Folder of all bundles.
        digest: Name of the bundle's folder.

    Returns:
        `frequency`, `ids`, `horizon` and `season_length`; empty where there is no manifest that can be read.
    """
    found = _manifest(folder / digest)
    if found is None:
        return {}
    recipe = found.get("recipe") or {}
    own = {name: recipe.get(name) for name in ("horizon", "season_length")}
    return {"frequency": found.get("frequency"), "ids": found.get("ids"), **own}


def _manifest(folder: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, Mapping) else None
