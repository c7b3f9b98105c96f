"""Settings of a source of one's own, written as files of an environment under `conf/`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from pulse_kedro.adapters.stores.files import write_file
from pulse_kedro.domain.errors import InvalidConfiguration

CATALOG, PARAMETERS, GLOBALS = "catalog_own_data.yml", "parameters_own_data.yml", "globals.yml"
MARK = "# Written by `kedro pulse init-data`"
"""First words of files that may be replaced by a newer version of themselves."""


class SettingsInTheWay(InvalidConfiguration):
    """A file that would be written is there already, or another file sets the same keys."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        """Keep the file, what is in the way, and the way out."""
        super().__init__(path, problem, remedy)
        self.path, self.problem, self.remedy = path, problem, remedy

    def __str__(self) -> str:
        """Name the file and the way out."""
        return f"Writing the settings failed: got {self.problem} in {self.path}, expected none. {self.remedy}"


def spell(value: object) -> str:
    r"""A value as YAML on one line; text that looks like an interpolation stays text.

    Args:
        value: JSON values.

    Example:
        >>> print(spell({"a": ["x", None]}), spell("${oc.env:HOME}"))
        {"a": ["x", null]} "\\${oc.env:HOME}"
    """
    return json.dumps(_escape(value), ensure_ascii=False)


def _escape(value: object) -> object:
    """The same value, in which no text is an interpolation for OmegaConf."""
    if isinstance(value, str):
        return re.sub(r"(\\*)\$\{", lambda found: 2 * found[1] + "\\${", value)
    if isinstance(value, Mapping):
        return {_escape(key): _escape(item) for key, item in value.items()}
    return [_escape(item) for item in value] if isinstance(value, list | tuple) else value


def write_settings(folder: Path, texts: Mapping[str, str], *, replace: bool) -> list[Path]:
    """Write files of one environment; none of them when one is in the way.

    Args:
        folder: The environment's folder; made where it is missing.
        texts: Text by file name.
        replace: Whether files that an earlier call wrote may be replaced.

    Returns:
        The files, in the order of `texts`.

    Raises:
        SettingsInTheWay: A file would be overwritten.
    """
    for name in texts:
        _require_free(folder / name, replace=replace)
    for path in sorted(folder.glob("catalog*.y*ml")):
        if path.name not in texts and "\nobservations:" in "\n" + path.read_text(encoding="utf-8"):
            raise SettingsInTheWay(str(path), "the entry 'observations'", "Remove it there, or choose another --env.")
    for name, text in texts.items():
        write_file(folder / name, lambda draft, text=text: draft.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    return [folder / name for name in texts]


def _require_free(path: Path, *, replace: bool) -> None:
    if not path.exists():
        return
    if not path.read_text(encoding="utf-8").startswith(MARK):
        raise SettingsInTheWay(str(path), "settings of your own", "Move them away, or choose another --env.")
    if not replace:
        raise SettingsInTheWay(str(path), "the settings of another source", "Replace them with --force.")
