"""What goes home from a meeting: an annex workbook, slides, and a page that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from povsim.report.wanted import Wanted
    from povsim.views.digests import RunDigest

Kind = Literal["xlsx", "pptx", "html"]
KINDS: tuple[Kind, ...] = ("xlsx", "pptx", "html")
MIMES: dict[Kind, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "html": "text/html",
}
"""What a browser is told of each form."""
Languages = Literal["zh", "en", "both"]


def pack(digest: RunDigest, settings: Wanted, kind: Kind, lang: Languages, others: Sequence[RunDigest] = ()) -> bytes:
    """Return a report as a file.

    Parameters
    ----------
    digest : RunDigest
        The run.
    settings : Wanted
        Settings of a page, or ``povsim.report.wanted.Plain``: year, scorecard, points, rules and the like.
    kind : {"xlsx", "pptx", "html"}
        Annex workbook, slides, or a page that needs no network.
    lang : {"zh", "en", "both"}
        Language; the page has both in any case and opens in this one. Workbook and slides in both languages have one
        after the other.
    others : sequence of RunDigest
        Runs whose plans may be put beside.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    InputError
        A year or a scorecard that the run does not have.
    """
    from povsim.report.contents import contents

    order = ("en", "zh") if lang == "en" else ("zh", "en")
    wanted = order if kind == "html" or lang == "both" else order[:1]
    reports = [contents(digest, settings, one, others) for one in wanted]  # type: ignore[arg-type]
    if kind == "xlsx":
        from povsim.report.annex import annex

        return annex(reports)
    if kind == "pptx":
        from povsim.report.slides import slides

        return slides(reports)
    from povsim.report.page import page

    return page(reports)
