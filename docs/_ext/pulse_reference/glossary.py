"""The glossary: what the source documents call a thing, what we call it, and what the field calls it."""

from omegaconf import OmegaConf

from pulse_reference.markdown import table
from pulse_reference.project import ROOT

FILE = ROOT / "docs" / "glossary.yml"
COLUMNS = ("documents", "ours", "field", "module", "meaning")
HEADERS = ("in the documents", "ours", "the field's term", "where", "in one line")


def rows() -> str:
    """All rows as one table, in the order of the file."""
    kept = OmegaConf.to_container(OmegaConf.load(FILE))
    return table(HEADERS, [[str(row[name]) for name in COLUMNS] for row in kept])  # type: ignore[call-overload,index]
