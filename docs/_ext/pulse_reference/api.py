"""The API by module: each page asks for a package, and autodoc reads the docstrings of its modules."""

import re

from pulse_reference.project import ROOT, module_names

PACKAGE = "pulse_kedro"
PAGES = ROOT / "docs" / "reference" / "api"
REQUEST = re.compile(r"^% generated: modules ([\w.]+)", re.MULTILINE)


def modules(package: str) -> str:
    """A section per module of a package, without those for which another page asks more closely.

    Args:
        package: Package with its modules.

    Raises:
        ValueError: There is no such package.
    """
    names = [name for name in module_names() if home(name, requested()) == package]
    if not names:
        message = f"no module called {package}"
        raise ValueError(message)
    return "\n".join(_section(name) for name in names)


def requested() -> list[str]:
    """Packages that pages ask for."""
    return [name for path in PAGES.glob("*.md") for name in REQUEST.findall(path.read_text(encoding="utf-8"))]


def home(module: str, packages: list[str]) -> str:
    """The innermost of some packages that a module belongs to; empty when it belongs to none.

    Example:
        >>> home("a.b.c", ["a", "a.b", "a.bc"]), home("x", ["a"])
        ('a.b', '')
    """
    return max((name for name in packages if f"{module}.".startswith(f"{name}.")), key=len, default="")


def _section(name: str) -> str:
    title = name.removeprefix(f"{PACKAGE}.")
    return f"## `{title}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"
