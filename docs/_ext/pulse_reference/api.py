"""The API by module: one page per package names its modules; autodoc reads their docstrings."""

from pulse_reference.project import module_names

PACKAGE = "pulse_kedro"


def modules(package: str, depth: str = "tree") -> str:
    """A section per module.

    Args:
        package: Package with its modules.
        depth: `tree` takes everything below it, `flat` leaves out what is a package itself.

    Raises:
        ValueError: There is no such package.
    """
    names = [name for name in module_names() if name == package or name.startswith(f"{package}.")]
    if not names:
        message = f"no module called {package}"
        raise ValueError(message)
    if depth == "flat":
        packages = {name.rpartition(".")[0] for name in module_names()} - {package}
        inner = tuple(f"{name}." for name in packages if name.startswith(f"{package}."))
        names = [name for name in names if name not in packages and not name.startswith(inner)]
    return "\n".join(_section(name) for name in names)


def _section(name: str) -> str:
    title = name.removeprefix(f"{PACKAGE}.")
    return f"## `{title}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"
