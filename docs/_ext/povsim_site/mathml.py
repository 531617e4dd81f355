"""Formulas as MathML, which browsers draw themselves: no script, no font and no LaTeX is needed.

Docutils translates; what it cannot translate is a warning, and so an error of the build.
"""

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def mathml(tex: str, *, block: bool) -> str:
    """Return a formula as MathML.

    Parameters
    ----------
    tex : str
        The formula in LaTeX, without delimiters.
    block : bool
        A line of its own, or within the text.

    Raises
    ------
    MathError
        Something that Docutils does not know.

    Examples
    --------
    >>> mathml("x^2", block=False)
    '<math xmlns="http://www.w3.org/1998/Math/MathML"> <msup> <mi>x</mi> <mn>2</mn> </msup> </math>'
    """
    return " ".join(tex2mathml(tex, as_block=block).split())


def _visit(translator: Any, node: nodes.Element) -> None:
    block = isinstance(node, nodes.math_block)
    try:
        drawn = mathml(node.astext(), block=block)
    except MathError as error:
        LOGGER.warning("cannot be drawn: %s: %s", node.astext(), error, location=node, type="mathml")
        drawn = f"<code>{translator.encode(node.astext())}</code>"
    if block:
        drawn = translator.starttag(node, "div", CLASS="formula") + drawn + "</div>\n"
    translator.body.append(drawn)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the renderer under the name of this module; ``html_math_renderer`` chooses it."""
    app.add_html_math_renderer("mathml", inline_renderers=(_visit, None), block_renderers=(_visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
