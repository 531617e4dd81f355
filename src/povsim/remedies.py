"""What could help a household that fails: the measures that address a test, and the conditions it does not meet."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from povsim.drawn import Sampler, uncertain_entries
from povsim.holdings import Number
from povsim.plan import Dibao, HouseholdMeasure, Medical, Transfer
from povsim.scenario import Scenario

FIGURES = {
    "industry": ("gross_sales", "margin"),
    "contracts": ("gross_sales", "margin"),
    "ecommerce": ("gross_sales", "margin"),
    "tourism": ("gross_sales", "margin"),
    "microcredit": ("mean_amount", "return_mean"),
    "jobs": ("wage",),
    "workshop": ("wage",),
    "training": ("wage",),
    "posts": ("wage",),
    "solar": ("dividend",),
    "assets": ("dividend",),
    "ecology": ("compensation",),
    "education": (),
    "medical": (),
    "transfer": (),
    "dibao": (),
}
"""Families that raise counted income, and the figures whose product is what a household gains in a full year.

Relocation is not among them: what it takes from earnings may be more than the job it may bring.
"""
EARNING = frozenset(
    {"industry", "contracts", "ecommerce", "tourism", "microcredit", "jobs", "workshop", "training", "posts"}
)
SWITCHES = {"dibao": "dibao", "medical": "medical_cost"}
"""Families whose money is counted income only where the standard says so."""
MEMBERS = {"education": "students"}
"""Families that need a member of a kind, beside the transfers that say so themselves."""


@dataclass(frozen=True)
class Standing:
    """What measures look at when a year closes.

    Attributes
    ----------
    status, category, cause : str
        Codes of the vocabulary; no cause is the empty text.
    lacking : frozenset of str
        Guarantees that are not met.
    persons, workers, students, ill, disabled : int
        Members.
    medical : float
        Yuan of medical cost that the household bore in the year.
    income : float
        Yuan per head as inspectors saw it, before dibao.
    arrears : float
        Yuan overdue.
    township, village : str
        Names of the areas.
    poor_village : bool
        Whether the village is registered as poor.
    receives : frozenset of str
        Codes of the measures received in the year.
    holds : frozenset of str
        Codes of the measures that still run for it when the year closes.
    """

    status: str
    category: str
    cause: str
    lacking: frozenset[str]
    persons: int
    workers: int
    students: int
    ill: int
    disabled: int
    medical: float
    income: float
    arrears: float
    township: str
    village: str
    poor_village: bool
    receives: frozenset[str]
    holds: frozenset[str]


@dataclass(frozen=True)
class Failed:
    """A test that a household fails in a year.

    Attributes
    ----------
    code, name_zh, name_en, type : str
        The test.
    veto : bool
        Whether it keeps the household from exiting.
    guarantee : str
        The guarantee that is not met, empty for other tests.
    short_per_head, short, share_of_line : float or None
        Yuan a year lacking, per head (income, growth) and for the household, and as a share of the income line.
    found, wanted : float or None
        Tests of growth and activity: what was reached and what is asked for. Growth: yuan per head before dibao, and
        what inspectors recorded the year before, grown as the province. Activity: yuan earned by the household.
    strict : bool
        Whether the line has to be exceeded, not just reached.
    """

    code: str
    name_zh: str
    name_en: str
    type: str
    veto: bool
    guarantee: str = ""
    short_per_head: float | None = None
    short: float | None = None
    share_of_line: float | None = None
    strict: bool = False
    found: float | None = None
    wanted: float | None = None


@dataclass(frozen=True)
class Unmet:
    """A condition of a measure that a household does not meet: what was found, what is asked for."""

    condition: str
    found: tuple[str | float, ...]
    wanted: tuple[str | float, ...]


@dataclass(frozen=True)
class Remedy:
    """A measure of the plan that addresses failed tests.

    Attributes
    ----------
    measure, name_zh, name_en : str
        The measure.
    tests : tuple of str
        Codes of the failed tests it addresses.
    yearly : float or None
        Yuan a household gains in a full year by the plan's figures, where they tell.
    receives : bool
        Whether the household receives it in the year.
    unmet : tuple of Unmet
        Conditions not met at the year's close; none when the household is eligible. A measure that it may be granted
        at this same close, which another asks for, is not held yet.
    take_up : float
        Share of the eligible who apply in a year.
    limit : str
        Kind of limit to what is granted: ``share``, ``households``, ``budget``, or empty.
    """

    measure: str
    name_zh: str
    name_en: str
    tests: tuple[str, ...]
    yearly: float | None
    receives: bool
    unmet: tuple[Unmet, ...]
    take_up: float
    limit: str


def figures_of_draw(scenario: Scenario, *, seed: int, draw: int) -> Number:
    """Return a function that gives the value of a scenario's entry in one draw, as the simulation takes it.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    seed, draw : int
        Address of the luck of entries with a spread.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> plan = read_scenario("sample")
    >>> figures_of_draw(plan, seed=1, draw=0)(plan.exit_standard.household.tests[0].line, 2016)
    2952.0
    """
    return Sampler(uncertain_entries(scenario), seed=seed, draw=draw)


def income_test(counted: float, line: float, persons: int, *, strict: bool) -> dict[str, float | bool | None]:
    """Return how far counted income falls short of the line.

    Parameters
    ----------
    counted : float
        Yuan per household and year.
    line : float
        Yuan per head and year.
    persons : int
        Members.
    strict : bool
        Whether the line has to be exceeded.

    Returns
    -------
    dict
        The last four fields of :class:`Failed`; hundredths of a yuan are kept, what is below is error of rounding.

    Examples
    --------
    >>> income_test(10000.0, 2952.0, 4, strict=True)
    {'short_per_head': 452.0, 'short': 1808.0, 'share_of_line': 0.15311653116531165, 'strict': True}
    """
    short = round(line - counted / persons, 2)
    return {
        "short_per_head": short,
        "short": round(line * persons - counted, 2),
        "share_of_line": short / line if line else None,
        "strict": strict,
    }


def short_of(found: float, wanted: float, *, heads: int = 0) -> dict[str, float | None]:
    """Return how far an amount falls short, per head where ``heads`` is given; the fields of :class:`Failed`.

    Examples
    --------
    >>> short_of(1000.0, 3000.0)
    {'short_per_head': None, 'short': 2000.0, 'found': 1000.0, 'wanted': 3000.0}
    """
    short = wanted - found
    return {
        "short_per_head": round(short, 2) if heads else None,
        "short": round(short * (heads or 1), 2),
        "found": found,
        "wanted": wanted,
    }


def remedies(
    scenario: Scenario, failed: Iterable[Failed], standing: Standing, number: Number, year: int
) -> list[Remedy]:
    """List the plan's measures that address what a household fails, in the order of the calendar.

    Parameters
    ----------
    scenario : Scenario
        The plan.
    failed : iterable of Failed
        Tests failed in the year.
    standing : Standing
        The household at the year's close, when it may apply for the next.
    number : callable
        Values of entries in the draw.
    year : int
        The year that closes; conditions are those of the next, or of the plan's last.

    Examples
    --------
    >>> from povsim.scenario import read_scenario
    >>> plan = read_scenario("sample")
    >>> lacks = frozenset({"housing"})
    >>> none = frozenset()
    >>> home = Standing("exited", "general", "", lacks, 3, 1, 0, 0, 0, 0.0, 4000.0, 0.0, "a", "a/b", False, none, none)
    >>> fails = [Failed("housing", "住房", "housing", "guarantee", True, "housing")]
    >>> found = remedies(plan, fails, home, lambda entry, year: entry.at(year), 2016)
    >>> [(each.measure, [gap.condition for gap in each.unmet]) for each in found]
    [('relocation', ['status']), ('repair', [])]
    """
    when, tests = min(year + 1, scenario.years[1]), list(failed)
    found = []
    for code, measure in scenario.active().items():
        addressed = tuple(test.code for test in tests if _addresses(measure, test, standing, scenario))
        if addressed:
            found.append(
                Remedy(
                    measure=code,
                    name_zh=measure.name_zh,
                    name_en=measure.name_en,
                    tests=addressed,
                    yearly=_yearly(measure, standing, number, when),
                    receives=code in standing.receives,
                    unmet=unmet(code, measure, standing, number, when),
                    take_up=number(measure.take_up, when),
                    limit=measure.capacity.limit()[0] if measure.capacity else "",
                )
            )
    return found


def _addresses(measure: HouseholdMeasure, test: Failed, standing: Standing, scenario: Scenario) -> bool:
    if test.guarantee:
        return test.guarantee in getattr(measure, "cures", ())
    if test.type == "activity":
        return measure.type in EARNING
    if test.type == "growth" and measure.type == "dibao":
        return False  # growth is tested before dibao
    if isinstance(measure, Medical) and not 0.0 < (test.short or 0.0) <= standing.medical:
        return False  # it is not medical cost that pushes the household below
    switch = "one_off" if getattr(measure, "one_off", False) else SWITCHES.get(measure.type, "")
    counts = scenario.exit_standard.household.counts
    return measure.type in FIGURES and (not switch or bool(getattr(counts, switch)))


def _yearly(measure: HouseholdMeasure, standing: Standing, number: Number, year: int) -> float | None:
    if isinstance(measure, Dibao):
        lacking = max(number(measure.standard, year) - standing.income, 0.0)
        return lacking * number(measure.paid_share, year) * standing.persons
    if isinstance(measure, Transfer):
        return number(measure.amount, year) * _heads(measure, standing)
    if isinstance(measure, Medical):
        borne = number(measure.reimbursed, year) * max(standing.medical - number(measure.deductible, year), 0.0)
        return min(borne, number(measure.ceiling, year))
    names = FIGURES.get(measure.type, ())
    return math.prod(number(getattr(measure, name), year) for name in names) if names else None


def _heads(measure: Transfer, standing: Standing) -> int:
    columns = {"person": "persons", "student": "students"}
    return 1 if measure.per == "household" else int(getattr(standing, columns.get(measure.per, measure.per)))


def unmet(code: str, measure: HouseholdMeasure, standing: Standing, number: Number, year: int) -> tuple[Unmet, ...]:
    """List the conditions of a measure that a household does not meet.

    Parameters
    ----------
    code : str
        Name of the measure in the plan: who holds it does not apply again.
    measure : HouseholdMeasure
        Its filter, its years, and what its family asks for.
    standing : Standing
        The household when it may apply.
    number : callable
        Values of entries in the draw.
    year : int
        The year applied for.
    """
    who, s, overdue = measure.eligible, standing, measure.type == "microcredit" and standing.arrears > 0
    below = [number(who.income_below, year)] if who.income_below is not None else []
    below += [number(measure.standard, year)] if isinstance(measure, Dibao) else []
    lacking = tuple(sorted(s.lacking))
    conditions: list[tuple[str, bool, tuple[str | float, ...], tuple[str | float, ...]]] = [
        ("years", measure.years[0] <= year <= measure.years[1], (year,), measure.years),
        ("status", not who.status or s.status in who.status, (s.status,), who.status),
        ("category", not who.category or s.category in who.category, (s.category,), who.category),
        ("cause", not who.cause or s.cause in who.cause, (s.cause,), who.cause),
        ("failing", not who.failing or not s.lacking.isdisjoint(who.failing), lacking, who.failing),
        ("workers_at_least", s.workers >= who.workers_at_least, (s.workers,), (who.workers_at_least,)),
        ("workers_at_most", s.workers <= who.workers_at_most, (s.workers,), (who.workers_at_most,)),
        ("persons_at_least", s.persons >= who.persons_at_least, (s.persons,), (who.persons_at_least,)),
        ("income_below", all(s.income < bound for bound in below), (s.income,), (min(below, default=0.0),)),
        ("townships", not who.townships or s.township in who.townships, (s.township,), who.townships),
        ("villages", not who.villages or s.village in who.villages, (s.village,), who.villages),
        ("poor_villages_only", s.poor_village or not who.poor_villages_only, (), ()),
        ("holding", not who.holding or not s.holds.isdisjoint(who.holding), (), who.holding),
        ("not_holding", s.holds.isdisjoint(who.not_holding), (), _both(who.not_holding, s.holds)),
        ("held", code not in s.holds or overdue, (), ()),
        ("arrears", code not in s.holds or not overdue, (s.arrears,), ()),
        *_members(measure, standing),
    ]
    return tuple(Unmet(name, found, wanted) for name, holds, found, wanted in conditions if not holds)


def _both(names: tuple[str, ...], held: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in held)


def _members(measure: HouseholdMeasure, standing: Standing) -> list[tuple[str, bool, tuple[str, ...], tuple[str, ...]]]:
    """Return the condition that a household has a member for whom the measure is meant."""
    if isinstance(measure, Transfer):
        return [(f"members_{measure.per}", _heads(measure, standing) > 0, (), ())]
    column = MEMBERS.get(measure.type)
    return [("members_student", getattr(standing, column) > 0, (), ())] if column else []
