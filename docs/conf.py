"""Build the documentation site with `make docs`. Nothing here needs the network."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "extension"), str(DOCS.parent)]
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "ganaug"
author = "The ganaug developers"
copyright = f"2026, {author}"
release = version = installed_version("ganaug")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "reference",  # the next two lie in docs/extension
    "links",
]
exclude_patterns = [
    "build",
    "extension",
    "api.md",
    "gallery/**/*.ipynb",
]
root_doc = "index"
suppress_warnings = ["config.cache"]  # the configuration of the gallery holds functions

# ---- text ----

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4
smartquotes = False  # code is quoted as it is typed
default_role = "py:obj"  # docstrings write `name`
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# ---- the reference ----

autodoc_typehints = "none"  # the docstrings say more
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# ---- the gallery ----

EXAMPLES = DOCS.parent / "examples"
if any(EXAMPLES.glob("plot_*.py")):
    extensions.append("sphinx_gallery.gen_gallery")
    sphinx_gallery_conf = {
        "examples_dirs": "../examples",
        "gallery_dirs": "gallery",
        "filename_pattern": r"/plot_",
        "doc_module": ("ganaug",),
        "backreferences_dir": "reference/examples",
        "reset_modules": ("matplotlib",),
        "abort_on_example_error": True,
        "remove_config_comments": True,
        "thumbnail_size": (560, 280),  # the shape of most plots
        "ignore_repr_types": r"ganaug\.plots\.|matplotlib\.|'list'",  # the drawing is there
        "download_all_examples": False,
        "show_signature": False,
        "write_computation_times": False,  # a page that loads scripts from elsewhere
        "first_notebook_cell": "%matplotlib inline",
    }

# ---- the look ----

html_theme = "pydata_sphinx_theme"
html_title = "ganaug"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/ganaug/ganaug",
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
