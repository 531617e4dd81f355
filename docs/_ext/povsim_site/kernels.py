"""The notebooks of the site: fonts with Chinese glyphs for their figures, and a missing glyph that fails the build.

A kernel inherits the environment of the build, so what is set here holds in every notebook. A figure that lacks a glyph
warns; here the warning is an error. Whatever else a notebook says on its error stream is an error too
(``nb_output_stderr`` of ``conf.py``).
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from povsim_site.sources import only

LOGGER = logging.getLogger(__name__)
FAMILIES = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Serif CJK SC", "Noto Serif CJK JP", "WenQuanYi Zen Hei")
"""Font families with Chinese glyphs, the preferred one first; ``_static/matplotlibrc`` names them too."""
COLOURS = re.compile("\x1b\\[[0-9;]*m")
SETTINGS = Path(__file__).resolve().parents[2] / "_static" / "matplotlibrc"


def environment_of_kernels(cache: Path) -> dict[str, str]:
    """Return what kernels find in their environment.

    Parameters
    ----------
    cache : Path
        Folder for matplotlib's list of fonts: one that other programs keep may be older than the fonts.
    """
    return {
        "MATPLOTLIBRC": str(SETTINGS),
        "MPLCONFIGDIR": str(cache),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONWARNINGS": "error:Glyph:UserWarning",
        "LANG": "C.UTF-8",
    }


def chinese_family(known: Iterable[str]) -> str | None:
    """Return the first family with Chinese glyphs among those that are known, or nothing.

    Examples
    --------
    >>> chinese_family(["DejaVu Sans", "Noto Serif CJK SC"]), chinese_family(["DejaVu Sans"])
    ('Noto Serif CJK SC', None)
    """
    there = set(known)
    return next((family for family in FAMILIES if family in there), None)


def _prepare(app: Sphinx) -> None:
    if app.config.nb_execution_cache_path:
        notebooks = Path(app.config.nb_execution_cache_path)
        only(notebooks.parent, notebooks.name)
    cache = Path(app.outdir).parent / "matplotlib"
    for old in cache.glob("fontlist-*.json"):
        old.unlink()
    os.environ.update(environment_of_kernels(cache))
    from matplotlib import font_manager  # only now: it looks for fonts, in the folder just named

    if chinese_family(font.name for font in font_manager.fontManager.ttflist) is None:
        LOGGER.warning("no font with Chinese glyphs; on Debian: apt-get install fonts-noto-cjk", type="fonts")


def _tell_of_errors(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of errors that a cell shows without having failed: figures are drawn after it, by a call of the kernel's."""
    for block in doctree.findall(nodes.literal_block):
        if "traceback" in block["classes"]:
            last = COLOURS.sub("", block.astext()).strip().splitlines()[-1:]
            LOGGER.warning("a cell shows an error: %s", *last, location=app.env.docname, type="kernels")


def setup(app: Sphinx) -> dict[str, bool]:
    """Set the environment before anything runs, and look at what came out."""
    app.connect("builder-inited", _prepare)
    app.connect("doctree-read", _tell_of_errors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
