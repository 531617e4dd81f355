"""What the comparison shows now: plans, year, quantity, areas, out of the settings and the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from povsim.terms import Language
from povsim.views import comparison as views
from povsim.views.comparison import Pair, Plan
from povsim.views.comparison_tables import by_village, statistics

if TYPE_CHECKING:
    from povsim.dashboard.app import Shelf
    from povsim.dashboard.settings import Settings

QUANTITY, GROUP = "poor_persons", "township"


@dataclass(frozen=True)
class Scene:
    """What the page is about.

    Attributes
    ----------
    lang : {"zh", "en"}
        Language.
    plans : tuple of Plan
        Side by side, what the others are compared with first.
    pairs : tuple of Pair
        The others beside the first.
    names : tuple of str
        Short names of the plans.
    place : int
        Position of the year.
    quantity : str
        Statistic that years and areas are compared by.
    level : str
        Level of areas.
    group : str
        Kind of groups of households.
    threshold : float
        Change of a household's probability that counts.
    """

    lang: Language
    plans: tuple[Plan, ...]
    pairs: tuple[Pair, ...]
    names: tuple[str, ...]
    place: int
    quantity: str
    level: str
    group: str
    threshold: float

    @property
    def year(self) -> int:
        """The year that is looked at."""
        return self.plans[0].years[self.place]


def scene_of(settings: Settings, shelf: Shelf, kept: Scene | None = None) -> Scene:
    """Return what is to be shown; of what a link asks for, what there is.

    Parameters
    ----------
    settings : Settings
        As set.
    shelf : Shelf
        The runs there are.
    kept : Scene, optional
        Shown before: pairs of the same plans are taken from it, with all that was worked out for them.
    """
    plans = views.chosen(everything(shelf), shelf.get(settings.run).code, settings.compare.others)
    if kept is not None and [plan.code for plan in kept.plans] == [plan.code for plan in plans]:
        plans, pairs = kept.plans, kept.pairs
    else:
        pairs = tuple(views.pairs_of(plans))
    asked = settings.compare
    level = asked.by if asked.by != "county" else "township"
    return Scene(
        settings.lang,
        plans,
        pairs,
        views.names(plans, settings.lang),
        views.place_of(plans[0], settings.year),
        asked.quantity if asked.quantity in quantities(plans[0], settings.lang) else QUANTITY,
        level,
        asked.group or GROUP,
        asked.threshold,
    )


def everything(shelf: Shelf) -> tuple[Plan, ...]:
    """Return all plans of the shelf."""
    return views.plans_of([shelf.get(code) for code in shelf.codes()])


def quantities(plan: Plan, lang: Language) -> dict[str, str]:
    """Return code and name of what plans can be compared by."""
    return {one.code: one.label(lang) for one in statistics(plan)}


def of_level(scene: Scene) -> str:
    """Return the quantity that areas are compared by: by village few are known."""
    known = by_village(scene.plans[0])
    return scene.quantity if scene.level != "village" or scene.quantity in known else known[0]


def choices(scene: Scene, plans: Sequence[Plan], number: int) -> dict[str, str]:
    """Return the plans that may stand at a place beside the first, with their names.

    Parameters
    ----------
    scene : Scene
        What is shown.
    plans : sequence of Plan
        All there are.
    number : int
        Place beside the first, from 1.
    """
    first, taken = scene.plans[0], [plan.code for plan in scene.plans]
    mine = taken[number] if number < len(taken) else ""
    return {
        plan.code: plan.label(scene.lang)
        for plan in plans
        if plan.code == mine or (plan.code not in taken and not views.misfit(first, plan))
    }
