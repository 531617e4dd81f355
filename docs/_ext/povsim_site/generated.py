"""Pages that are written at build from the package itself: references cannot lag behind what they describe.

A line ``<!-- generated: NAME -->`` of a page is replaced by the text that the function of that name returns.
"""

import re
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx

from povsim.rulebook import ExitStandard
from povsim.scenario import Scenario
from povsim.scoring.schema import Scorecard
from povsim_site import shipped, vocabulary
from povsim_site.commands import command_reference
from povsim_site.interface import ROOMS, interface_page
from povsim_site.schemas import figure_section, schema_page

MARK = re.compile(r"^<!-- generated: ([a-z0-9-]+) -->$", re.MULTILINE)
DOCS = Path(__file__).resolve().parents[2]
EVIDENCE = ("sanity", "populations", "calibration", "backtests")
"""Pages on data and on what the model is held against, as their names begin, in the order of the menu."""


def evidence_pages() -> str:
    """Return the menu of the pages on data and evidence."""
    there = [f"../{page.stem}" for name in EVIDENCE for page in sorted(DOCS.glob(f"{name}*.md"))]
    return "\n".join(["```{toctree}", ":maxdepth: 1", "", *there, "```"])


TEXTS: dict[str, Callable[[], str]] = {
    "scenario": lambda: figure_section("scenario") + schema_page(Scenario, "scenario"),
    "standard": lambda: figure_section("standard") + schema_page(ExitStandard, "standard"),
    "scorecard": lambda: figure_section("scorecard") + schema_page(Scorecard, "scorecard"),
    "measures": vocabulary.measure_types,
    "evidence": evidence_pages,
    "signals": vocabulary.signal_names,
    "outcomes": vocabulary.outcome_variables,
    "words": vocabulary.words,
    "register-columns": vocabulary.register_columns,
    "commands-en": lambda: command_reference("en"),
    "commands-zh": lambda: command_reference("zh"),
    "shipped-scenarios": shipped.scenarios,
    "shipped-standards": shipped.standards,
    "shipped-scorecards": shipped.scorecards,
    "api-povsim": lambda: interface_page("povsim"),
    "api-poverty": lambda: interface_page("povsim.poverty"),
    "api-lorenz": lambda: interface_page("povsim.poverty.lorenz"),
    "api-doors": lambda: "\n".join(interface_page(room, only=names) for room, names in ROOMS.items()),
}
"""What can be written, by name."""


def filled(text: str) -> str:
    r"""Return a page with its marks replaced.

    Raises
    ------
    KeyError
        A mark names no text.

    Examples
    --------
    >>> filled("before\n\nafter")
    'before\n\nafter'
    """
    return MARK.sub(lambda mark: TEXTS[mark[1]](), text)


def _fill(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = filled(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill marks before a page is parsed."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
