"""How a run was called, so that it can be repeated."""

import shlex
import sys
from collections.abc import Mapping
from typing import Any

import click

from pulse_kedro.domain.recovery.redaction import redact

REPEATABLE = (
    "pipeline_names",
    "env",
    "tags",
    "node_names",
    "from_nodes",
    "to_nodes",
    "from_inputs",
    "to_outputs",
    "namespaces",
    "runtime_params",
)


def command_of(run_params: Mapping[str, Any]) -> str:
    """What was typed; outside the command line, the session call with what it was given."""
    context = click.get_current_context(silent=True)
    if context is not None:
        return redact(f"{context.find_root().info_name} {shlex.join(sys.argv[1:])}")
    given = {name: value for name, value in run_params.items() if value and name in REPEATABLE}
    return redact(f"session.run({', '.join(f'{name}={value!r}' for name, value in given.items())})")


def facts_of(run_params: Mapping[str, Any], command: str) -> dict[str, object]:
    """What a fault keeps, so that it can be repeated."""
    facts = {"run": run_params["run_id"], "command": command, "params": run_params.get("runtime_params") or {}}
    return facts | {"env": run_params.get("env"), "pipelines": run_params.get("pipeline_names") or ["__default__"]}
