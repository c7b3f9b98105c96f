# ruff: noqa: INP001  # Sphinx reads this file by its path; it belongs to no package
"""How Sphinx builds the documents: offline, with every warning an error (`make docs`)."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from pulse_kedro import __version__  # noqa: E402  # after the path, so that all imports stand together

project = "pulse_kedro"
author = "the pulse_kedro project"
version = release = __version__
language = "en_GB"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pulse_reference"]
exclude_patterns = ["_build", "decisions/README.md"]
nitpicky = True
# Other packages are not linked: the documents are built offline. What is ours has to be found.
# A short name that two modules use, where a class is known by it under TYPE_CHECKING only.
suppress_warnings = ["ref.python"]
nitpick_ignore_regex = [(r"py:.*", r"(?!pulse_kedro).*")]

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3

smartquotes = False  # `--option` keeps its two dashes
default_role = "literal"  # docstrings write `code` as Markdown does
toc_object_entries = False  # a thousand names in the side bar help nobody and take half of the build
add_module_names = False
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "undoc-members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source"]

html_theme = "furo"
html_title = f"pulse_kedro {release}"
html_show_copyright = False
html_copy_source = False
