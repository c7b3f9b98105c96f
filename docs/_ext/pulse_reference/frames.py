"""Tables: the frames that rooms hand to each other, with their contracts, and the tables of the database."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import OmegaConf

from pulse_reference.markdown import code, codes, first_line, table
from pulse_reference.project import ROOT, nodes, settings

FILE = ROOT / "docs" / "frames.yml"
FRAME = "pandas.ParquetDataset"


def described() -> dict[str, dict[str, str]]:
    """What each column of each frame means, as written down in `frames.yml`; `q*` stands for all quantiles."""
    return OmegaConf.to_container(OmegaConf.load(FILE))  # type: ignore[return-value]


def frames() -> str:
    """A section per frame of the catalog."""
    words, kept = described(), contracts()
    names = [name for _, entries in settings("catalog") for name, entry in entries.items() if _is_frame(entry)]
    return "\n".join(_section(name, words[name], kept.get(name)) for name in names if name in words)


def contracts() -> dict[str, Any]:
    """The contracts that validators of the catalog enforce, by frame."""
    from pulse_kedro.domain.data_management import frames as room

    makers = [found for _, found in inspect.getmembers(room, inspect.isfunction) if found.__module__ == room.__name__]
    found = [maker() for maker in makers if not maker.__name__.startswith("_")]
    return {contract.frame: contract for contract in found}


def tables() -> str:
    """A section per table of the database."""
    from pulse_kedro.adapters.stores.tables import metadata

    return "\n".join(
        f"### `{found.name}`\n\n{table(('column', 'type', 'key'), _columns(found.columns))}"
        for found in metadata.sorted_tables
    )


def _is_frame(entry: Mapping[str, Any]) -> bool:
    return FRAME in {entry["type"], (entry.get("dataset") or {}).get("type")}


def _section(name: str, words: Mapping[str, str], contract: Any) -> str:  # noqa: ANN401  # Pandera comes with its type
    maker = next((node.func for node in nodes() if name in node.outputs), None)
    opening = first_line(maker) if maker else "What the user brings."
    key = f"\nOne row per {codes(contract.key)}.\n" if contract else ""
    rules = "".join(f"- {check.error}\n" for check in contract.schema.checks) if contract else ""
    promise = f"\nAlso promised, checked when saved and loaded:\n\n{rules}" if rules else ""
    rows = [(code(_spelled(column)), meaning, _rules(column, contract)) for column, meaning in words.items()]
    return f"### `{name}`\n\n{opening}\n{key}\n{table(('column', 'meaning', 'checked'), rows)}{promise}"


def _spelled(column: str) -> str:
    """A column, or the first and the last of a family of quantiles."""
    from pulse_kedro.domain.panel import QUANTILE_COLUMNS

    if not column.endswith("q*"):
        return column
    prefix = column.removesuffix("q*")
    return f"{prefix}{QUANTILE_COLUMNS[0]} … {prefix}{QUANTILE_COLUMNS[-1]}"


def _rules(column: str, contract: Any) -> str:  # noqa: ANN401
    if contract is None:
        return ""
    name = next((found for found in contract.schema.columns if found == column.replace("q*", "q500")), None)
    if name is None:
        return ""
    rules = [str(check.error) for check in contract.schema.columns[name].checks]
    return "; ".join([*rules, *([] if contract.schema.columns[name].nullable else ["no gaps"])])


def _columns(columns: Any) -> Iterator[tuple[str, str, str]]:  # noqa: ANN401
    quantiles = [column.name for column in columns if "_q" in column.name]
    for column in columns:
        if column.name not in quantiles:
            where = next((f"refers to {key.target_fullname}" for key in column.foreign_keys), "")
            yield code(column.name), str(column.type), "primary" if column.primary_key else where
    if quantiles:
        yield code(f"{quantiles[0]} … {quantiles[-1]}"), "DOUBLE", ""
