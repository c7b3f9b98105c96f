"""The dataset that comes with the package, for a first cycle in an empty folder.

In the repository the file lies in `data/01_raw` and the package holds a link to it; a wheel holds the file itself.
"""

import logging
from pathlib import Path

from kedro.io import DataCatalog
from kedro.utils import is_kedro_project

logger = logging.getLogger(__name__)

SOURCE = "observations"
"""Catalog entry that a cycle starts from."""
FILE = Path(__file__).parent / "bundled_data" / "us_employment.parquet"


def lay_out_source(catalog: DataCatalog, *, project: Path) -> bool:
    """Put the bundled table behind the source of a run, on the conditions of `lay_out`.

    Args:
        catalog: What the run reads.
        project: Folder of the run.

    Returns:
        Whether the table was put there.
    """
    wanted = str(catalog.to_config()[0].get(SOURCE, {}).get("filepath", ""))
    return bool(wanted) and "://" not in wanted and lay_out(Path(wanted), project=project)


def lay_out(wanted: Path, *, project: Path) -> bool:
    """Put the bundled table where a run will look for it, when an installed wheel starts where nothing is yet.

    Nothing happens inside a project, when the configuration names another file, or when the folder of the file exists:
    whoever made that folder has data of their own, and a missing file there is an error that the run will tell.

    Args:
        wanted: File behind the source of the run.
        project: Folder of the run.

    Returns:
        Whether the table was put there; a log line says so.
    """
    if wanted.name != FILE.name or wanted.parent.exists() or is_kedro_project(project):
        return False
    from pulse_kedro.adapters.stores.files import write_file

    write_file(wanted, lambda draft: draft.write_bytes(FILE.read_bytes()))
    words = "put the bundled example data into %s: this folder had no data. To use your own, see conf/README.md"
    logger.info(words, wanted, extra={"markup": False})
    return True
