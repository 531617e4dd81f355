"""What goes into a report: the chapters, and which views and charts each is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from povsim.errors import InputError, Problem, nearest
from povsim.report import basis, comparison, forecast, scores, vetoes
from povsim.report.parts import Chapter, Contents
from povsim.report.wanted import Wanted
from povsim.terms import Language
from povsim.views.forecast_numbers import year_at
from povsim.wording import wording

if TYPE_CHECKING:
    from povsim.views.digests import RunDigest

CHAPTERS = ("forecast", "scores", "vetoes", "comparison", "basis")
"""In order; a chapter that a run has nothing for is left out."""


def contents(digest: RunDigest, wanted: Wanted, lang: Language, others: Sequence[RunDigest] = ()) -> Contents:
    """Return what a report says, in one language.

    Parameters
    ----------
    digest : RunDigest
        The run.
    wanted : Wanted
        Year, scorecard, points, rules and the like.
    lang : {"zh", "en"}
        Language.
    others : sequence of RunDigest
        Runs whose plans may be put beside.

    Raises
    ------
    InputError
        A scorecard or a year that the run does not have.
    """
    check(digest, wanted)
    data = digest.part("forecast")
    year = int(data["year"].to_numpy()[year_at(data, wanted.year)])
    card = wanted.scorecard or next(iter(digest.scorecards), None)
    plans = comparison.plans(digest, others, wanted)
    found: list[Chapter | None] = [
        forecast.chapter(digest, wanted, lang),
        None if card is None else scores.chapter(digest, card, year, wanted, lang),
        vetoes.chapter(digest, card, year, wanted, lang),
        comparison.chapter(plans, wanted, year, lang),
        basis.chapter(digest, plans[0], (card, year), wanted, lang),
    ]
    message, kept = forecast.headline(data, wanted, lang), [one for one in found if one is not None]
    return _framed(digest, (message, comparison.counted(plans, lang)), kept, lang)


def _framed(digest: RunDigest, said: tuple[str, str], chapters: Sequence[Chapter], lang: Language) -> Contents:
    """Put a report together; what is said: the main result, and on which draws plans are compared."""
    say, manifest = wording(lang, "report"), digest.manifest
    years = digest.part("forecast")["year"].to_numpy()
    told = {
        "run": digest.code, "draws": manifest["draws"]["count"], "seed": manifest["seed"],
        "version": manifest["povsim"],
        "date": str(manifest["created"])[:10], "first": int(years[0]), "last": int(years[-1]),
    }  # fmt: skip
    rules = [say(f"convention.{number}", **told) for number in range(1, 6)]
    rules[0] = ("" if lang == "zh" else " ").join(filter(None, [rules[0], said[1]]))
    title = digest.label(lang)
    # the name begins with the run where it does not say which run it is
    subtitle = say("subtitle" if title.startswith(digest.code) else "subtitle.run", **told)
    return Contents(lang, title, subtitle, said[0], say("origin", **told), rules, chapters)


def check(digest: RunDigest, wanted: Wanted) -> None:
    """Make sure that a run has what is asked for.

    Raises
    ------
    InputError
        All that it does not have, at once.
    """
    problems = []
    years = [int(year) for year in digest.part("forecast")["year"].to_numpy()]
    if wanted.year is not None and wanted.year not in years:
        problems.append(Problem("year", "is not in the run", str(wanted.year), f"{years[0]}-{years[-1]}"))
    if wanted.scorecard is not None and wanted.scorecard not in digest.scorecards:
        problems.append(_unknown_card(digest, wanted.scorecard))
    if problems:
        raise InputError(digest.code, problems)


def _unknown_card(digest: RunDigest, card: str) -> Problem:
    reason = digest.left_out.get(card)
    what = "does not go with the run" if reason is None else f"does not go with the run: {reason}"
    mend = nearest(card, digest.scorecards) or "name a scorecard that goes with the run's areas"
    return Problem("scorecard", what, card, ", ".join(digest.scorecards), mend)
