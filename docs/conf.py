"""Settings of the documentation site; ``tools/docs`` builds it.

Nothing is fetched: no inventories of other projects, no fonts, no scripts from elsewhere. Formulas become MathML, which
browsers draw themselves. Notebooks run at build; whatever they warn about is an error.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

from povsim_site import sources  # noqa: E402

import povsim  # noqa: E402  (after the path, as the extensions)

project = "povsim"
author = "povsim contributors"
copyright = author  # noqa: A001  (Sphinx asks for this name)
release = version = povsim.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "povsim_site.mathml",
    "povsim_site.generated",
    "povsim_site.console",
    "povsim_site.kernels",
    "povsim_site.outward",
]
exclude_patterns = ["_build", "_ext"]
templates_path: list[str] = []
needs_sphinx = "8.2"
nitpicky = False
html_math_renderer = "mathml"
show_warning_types = True

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

nb_execution_mode = "cache"
# A name that changes with the package: all pages are then read, and all notebooks and commands run, again.
nb_execution_cache_path = str(HERE / "_build" / "notebooks" / sources.digest(HERE.parent))
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_excludepatterns: list[str] = []
nb_merge_streams = True
nb_output_stderr = "error"
nb_render_markdown_format = "myst"

autosummary_generate = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "povsim"
html_static_path = ["_static"]
html_css_files = ["povsim.css"]
html_copy_source = False
html_sidebars = {"index": [], "start/index": []}
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
}


def setup(app):
    """Tell browsers which pages are Chinese, so that they take Chinese forms of characters."""
    app.connect("html-page-context", _language)


def _language(app, page, template, context, doctree):
    if page.startswith("zh/"):
        context["language"] = "zh-CN"
