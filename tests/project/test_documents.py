"""The documents build without a warning, and what exists is in them: commands, parameters, datasets, nodes, errors."""

import fcntl
import html
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from omegaconf import OmegaConf

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
Pages = Callable[[str], str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the built documents; built once, also where several workers share the tests."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder = shared / "documents"
    with (shared / "documents.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "documents.log").exists():
            command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q", "-b", "html"]
            build = subprocess.run(  # noqa: S603  # our own command
                [*command, "-d", str(shared / "doctrees"), str(DOCS), str(folder)],
                check=False, capture_output=True, text=True, cwd=ROOT,
            )  # fmt: skip
            (shared / "documents.log").write_text(f"{build.returncode}\n{build.stderr}", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def page(site: Path) -> Pages:
    """Reader of a built page by its name: what a person reads, white space as single blanks."""
    return lambda name: readable((site / f"{name}.html").read_text(encoding="utf-8"))


def readable(source: str) -> str:
    body = source[source.index("<article") : source.index("</article>")]
    text = re.sub(r'<a class="headerlink".*?</a>', "", body)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(?:td|th|p|li|pre|h\d)>", " ", text))).split())


def missing(names: Iterator[str] | list[str], text: str) -> list[str]:
    """Names that do not stand in a text as whole words."""
    return [name for name in names if not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text)]


def commands() -> Iterator[tuple[str, click.Command]]:
    from pulse_kedro.cli import cli

    def below(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
        for name, command in group.commands.items():
            yield f"{path} {name}", command
            if isinstance(command, click.Group):
                yield from below(f"{path} {name}", command)

    return below("kedro", cli)


def keys(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{path}{key}"
            yield from keys(inner, f"{path}{key}.")


def test_documents_build_without_a_warning(site: Path) -> None:
    code, _, told = (site.parent / "documents.log").read_text(encoding="utf-8").partition("\n")

    assert ("0", "") == (code, told)


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda given: str(given) if isinstance(given, str) else ""
)
def test_command_is_documented_with_all_its_options(site: Path, path: str, command: click.Command) -> None:
    source = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    section = re.search(rf'<section id="{path.replace(" ", "-")}">(.*?)</section>', source, re.DOTALL)

    assert section, f"`{path}` has no section"
    text = html.unescape(re.sub(r"<[^>]+>", "", section[1]))
    names = [name for given in command.params if isinstance(given, click.Option) for name in given.opts]
    assert [] == missing(names, text)
    assert command.help
    assert all(given.help for given in command.params if isinstance(given, click.Option)), (
        f"`{path}`: an option without help"
    )


def test_every_exit_code_is_documented(page: Pages) -> None:
    from pulse_kedro.cli import door

    codes = [door.DONE, door.FAILED, click.UsageError.exit_code, door.NOTHING_TO_DO]

    assert [0, 1, 2, 3] == sorted(codes)
    assert [] == missing([str(code) for code in codes], page("reference/commands").partition("The group")[0])


def test_every_make_target_is_documented(page: Pages) -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert "run" in targets
    assert [] == missing([f"make {target}" for target in targets], page("reference/commands"))


def test_every_parameter_is_documented(page: Pages, read_config: Callable[[str, str], dict[str, Any]]) -> None:
    names = list(keys(read_config("parameters", "local")))

    assert "promotion.alpha" in names
    assert [] == missing(names, page("reference/parameters"))


def test_every_field_of_an_options_class_is_explained(page: Pages, pipelines: dict[str, Pipeline]) -> None:
    from pydantic import TypeAdapter

    hints = [hint for node in pipelines["__default__"].nodes for hint in hints_of_parameters(node)]
    options = {hint for hint in hints if hasattr(hint, "__pydantic_fields__")}
    schemas = [TypeAdapter(found).json_schema() for found in options]
    kinds = [kind for schema in schemas for kind in (schema, *schema.get("$defs", {}).values())]
    fields = [pair for kind in kinds for pair in kind.get("properties", {}).items()]
    told = [field["description"].replace("`", "").replace("\n", " ") for _, field in fields if "description" in field]

    assert len(options) > 3
    # Pydantic leaves out what a field and the class it refers to say in the same words.
    assert [] == [name for name, field in fields if not field.keys() & {"description", "$ref"}]
    text = page("reference/parameters")
    assert [] == [words for words in told if words not in text]


def hints_of_parameters(node: Node) -> Iterator[object]:
    """Types of the arguments that a node reads from `params:`."""
    given = node._inputs  # noqa: SLF001  # Kedro tells the names of datasets, not which argument gets which
    names = [given] if isinstance(given, str) else list(given or [])
    pairs = (
        given if isinstance(given, dict) else dict(zip(inspect.signature(node.func).parameters, names, strict=False))
    )
    hints = get_type_hints(node.func)
    return (hints[argument] for argument, dataset in pairs.items() if dataset.startswith("params:"))


def test_every_catalog_entry_is_documented(site: Path, catalog_entries: dict[str, Any]) -> None:
    source = (site / "reference" / "catalog.html").read_text(encoding="utf-8")
    sections = set(re.findall(r'<section id="([\w-]+)">', source))

    assert "panel" in sections
    assert [] == [name for name in catalog_entries if name.replace("_", "-") not in sections]


def test_every_node_is_documented(page: Pages, pipelines: dict[str, Pipeline]) -> None:
    names = sorted({node.name for pipeline in pipelines.values() for node in pipeline.nodes})

    assert "metrics.decide" in names
    assert [] == missing(names, page("reference/pipelines"))


def test_every_pipeline_is_documented(page: Pages, pipelines: dict[str, Pipeline]) -> None:
    assert [] == missing([name for name in pipelines if name != "__default__"], page("reference/pipelines"))


def test_every_error_is_documented(page: Pages) -> None:
    classes = [
        found for path in (ROOT / "src").rglob("*.py") for found in error_classes(path.read_text(encoding="utf-8"))
    ]

    assert "HistoryTooShort" in classes
    assert [] == missing(classes, page("reference/errors"))


def error_classes(source: str) -> list[str]:
    """Classes in a module whose `__str__` is a sentence of ours, or that carry a fault code."""
    blocks = re.findall(r"^class (\w+)\((\w+)\):\n(.*?)(?=^\S|\Z)", source, re.MULTILINE | re.DOTALL)
    families = {"PulseError", "InvalidInput", "SchemaMismatch", "InvalidConfiguration", "CorruptArtifact"}
    return [name for name, base, _ in blocks if base in families]


def test_every_fault_is_documented_with_its_next_step(page: Pages) -> None:
    from pulse_kedro.domain.recovery.taxonomy import NEXT_STEP, SEVERITY

    text = page("reference/errors")

    assert [] == missing([*SEVERITY, *NEXT_STEP], text)
    assert [] == [step for step in NEXT_STEP.values() if step.replace("`", "") not in text]


def test_every_module_is_documented(site: Path) -> None:
    paths = [path.relative_to(ROOT / "src").with_suffix("") for path in (ROOT / "src" / "pulse_kedro").rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    built = "".join(path.read_text(encoding="utf-8") for path in (site / "reference" / "api").glob("*.html"))

    assert set() == names - set(re.findall(r'id="module-([\w.]+)"', built))


def test_every_frame_and_every_table_is_documented(site: Path, catalog_entries: dict[str, Any]) -> None:
    from pulse_kedro.adapters.stores.tables import metadata

    source = (site / "reference" / "frames.html").read_text(encoding="utf-8")
    sections = set(re.findall(r'<section id="([\w-]+)">', source))
    frames = [name for name, entry in catalog_entries.items() if "pandas.ParquetDataset" in str(entry)]

    assert {"backtest", "panel"} <= set(frames)
    assert [] == [name for name in (*frames, *metadata.tables) if name.replace("_", "-") not in sections]


def test_every_variable_that_is_read_is_documented(page: Pages) -> None:
    code, settings = (
        "".join(path.read_text(encoding="utf-8") for path in ROOT.glob(pattern))
        for pattern in ("src/**/*.py", "conf/base/*.yml")
    )
    names = {*re.findall(r"\$\{oc\.env:(\w+)", settings)}
    names |= {*re.findall(r'environ(?:\.get\(|\.setdefault\(|\[)"(\w+)"', code)}

    assert "PULSE_DATA_ROOT" in names
    assert [] == missing(sorted(names - {"MLFLOW_RUN_ID"}), page("reference/configuration"))


def test_every_name_of_the_source_documents_is_in_the_glossary(page: Pages) -> None:
    rows = OmegaConf.to_container(OmegaConf.load(DOCS / "glossary.yml"))
    text = page("glossary")

    assert 54 == len(rows)
    assert [] == [row["documents"] for row in rows if row["documents"].replace("`", "") not in text]  # type: ignore[index,call-overload,union-attr]


def test_glossary_leads_to_modules_that_exist() -> None:
    rows = OmegaConf.to_container(OmegaConf.load(DOCS / "glossary.yml"))
    modules = {str(row["module"]) for row in rows} - {"planned"}  # type: ignore[index,call-overload]
    places = {name: ROOT / "src" / Path(*name.split(".")) for name in modules}

    assert [] == [name for name, path in places.items() if not (path.is_dir() or path.with_suffix(".py").exists())]


def test_every_decision_record_is_part_of_the_documents(site: Path) -> None:
    records = {path.stem for path in (DOCS / "decisions").glob("[0-9]*.md")}

    assert records == {path.stem for path in (site / "decisions").glob("[0-9]*.html")}


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loaded = {
        (path.name, address)
        for path in site.rglob("*.html")
        for tag in re.findall(r"<(?:script|link|img|iframe)[^>]+>", path.read_text(encoding="utf-8"))
        for address in re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"', tag)
    }

    assert set() == loaded


def test_pages_name_no_folder_of_the_machine_that_built_them(site: Path) -> None:
    assert [] == [path.name for path in site.rglob("*.html") if str(ROOT) in path.read_text(encoding="utf-8")]
