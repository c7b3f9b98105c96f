"""How a benchmark speaks: figures beside their floors, one JSON object or a few lines of text."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

Figures = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A figure and the closed range it must lie in; `value` is `None` where it was not measured."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> Figures:
        """Value, range, and whether it is reached (`None` when not measured)."""
        reached = None
        if self.value is not None:
            above = self.low is None or self.value >= self.low
            reached = above and (self.high is None or self.value <= self.high)
        return {"name": self.name, "value": self.value, "low": self.low, "high": self.high, "reached": reached}


def heading(packages: Sequence[str]) -> Figures:
    """What was called, where, and with which versions."""
    arguments = " ".join([f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return {
        "benchmark": Path(sys.argv[0]).stem,
        "command": f"python {arguments}",
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "processor": platform.machine()},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
    }


def speak(parser: argparse.ArgumentParser, measure: Callable[[argparse.Namespace], Figures]) -> None:
    """Measure, and print the result: exactly one JSON object with `--json`, else indented lines.

    Whatever else is printed or logged meanwhile goes to standard error.
    """
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    with redirect_stdout(sys.stderr):
        figures = measure(given)
    print(json.dumps(_rounded(figures), allow_nan=False) if given.json else "\n".join(_lines(figures, "")))


def speak_or_work(
    parser: argparse.ArgumentParser,
    measure: Callable[[argparse.Namespace], Figures],
    work: Mapping[str, Callable[[Path], Figures]],
) -> None:
    """As `speak`; called with `--work NAME --folder F` it does that part alone, so that each has a process of its own.

    A part prints its figures as one JSON object.
    """
    parser.add_argument("--work", choices=list(work), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given, _ = parser.parse_known_args()
    if not given.work:
        speak(parser, measure)
        return
    with redirect_stdout(sys.stderr):
        figures = work[given.work](given.folder)
    print(json.dumps(figures))


def _rounded(value: object) -> object:
    """The same with six significant digits in every float."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def _lines(value: Mapping[str, object], indent: str) -> list[str]:
    lines = []
    for key, part in value.items():
        if isinstance(part, Mapping):
            lines += [f"{indent}{key}:", *_lines(part, indent + "  ")]
        elif isinstance(part, list) and part and isinstance(part[0], Mapping):
            lines += [f"{indent}{key}:", *(f"{indent}  {_line(item)}" for item in part)]
        else:
            lines.append(f"{indent}{key}: {_text(part)}")
    return lines


def _line(item: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {_text(part)}" for key, part in item.items())


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
