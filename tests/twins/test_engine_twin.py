"""The engine against plain NumPy on the engine's own draws: the same people, the same decisions, the same books.

The engine counts in float32, the twin in float64. They may part only where a comparison or a rounding is a knife-edge,
so the twin notes every knife-edge it meets, and a household that ends up different has to have met one, or has to
follow from one: a place in a queue that another household took or left.
"""

from dataclasses import dataclass

import numpy as np
import pytest

import povsim
from benchmarks.plain import Statistics, Watch, read_facts, simulate_plain
from povsim.runs import Settings, run_scenarios
from tests.conftest import ALL_OFF, flat_transfer, quantity

ROUNDING = 5e-6
"""Twice the largest error of a float32 flow that was seen, relative to the sums that make it up."""
SORTED_ALIKE = 2e-5
"""Incomes in a queue by cause are compared to eighteen binary digits."""
MOST_APART = 4
"""Of 600 households over five years, as many may differ."""
SEED = 1

CODES = ("status", "deprived", "pattern", "events")
WHOLE_YUAN = ("dibao", "loan_balance", "arrears", "one_off")
FLOWS = ("wage", "business", "production_cost", "transfer", "pension", "medical", "debt")
SUMS = ("counted_income", "property", "seen_income_per_head")
COUNTED = (
    "persons", "households", "failing", "failing_households", "events", "events_households", "poor", "loans",
)  # fmt: skip


class Noted(Watch):
    """Notes which households met a knife-edge, year by year."""

    def __init__(self, households, persons):
        self.persons = persons
        self.size = np.zeros(households)  # of last year's sums per head: how far off an assessed income may be
        self.next_size = self.size
        self.years = {kind: [] for kind in ("met", "queue", "booked", "bin")}
        self._open()

    def _open(self):
        self.now = {kind: np.zeros(self.size.size, dtype=bool) for kind in self.years}

    def near(self, kind, left, right, *, who=None, scale=None):
        if kind == "eligible":
            size = np.maximum(self.size, np.abs(left))
        else:
            size = np.maximum(np.abs(left), np.abs(right)) if scale is None else scale()
        if kind == "visit":
            self.next_size = size
        close = np.abs(left - right) <= ROUNDING * size
        if who is None or np.asarray(who).dtype == bool:
            close = close if who is None else close & who
            self.now["met"] |= close
        else:
            self.now["met"][who[close]] = True
            close = np.zeros(self.size.size, dtype=bool)
        if kind == "eligible":
            self.now["queue"] |= close

    def rounded(self, kind, who, amount):
        off = np.abs(amount - np.floor(amount) - 0.5)
        reach = ROUNDING * (np.abs(amount) + self.size[who] * self.persons[who])
        # amounts that both sides hold exactly do not go two ways
        close = (off > 0) & (off <= reach)
        self.now["booked" if kind == "booked" else "met"][who[close]] = True
        if kind == "cost":
            self.now["queue"][who[close]] = True

    def sorted_into(self, position, scale):
        self.now["bin"] |= np.abs(position - np.rint(position)) <= 30 * ROUNDING * scale()

    def meeting(self, area, ranked, key, granted):
        for place in np.unique(area[ranked]):
            here = area[ranked] == place
            who, keys, given = ranked[here], key[here], granted[here]
            last = int(given.sum())
            if 0 < last < who.size and abs(keys[last] - keys[last - 1]) <= SORTED_ALIKE * abs(keys[last]):
                self.now["met"][who[last - 1 : last + 1]] = True
                self.now["queue"][who[last - 1 : last + 1]] = True

    def close(self):
        for kind, flags in self.now.items():
            self.years[kind].append(flags)
        self.size = self.next_size
        self._open()

    def until(self, kind):
        """Return who met a knife-edge up to each year, shape (year, household)."""
        return np.logical_or.accumulate(np.stack(self.years[kind]))


@dataclass
class Pair:
    """One draw by the engine and by its twin."""

    tables: object
    twin: Statistics
    noted: Noted
    village: np.ndarray
    heads: np.ndarray

    def panels(self, name):
        """Return a household column of both, each (year, household)."""
        return self.tables.panel[name][0, 0].astype(np.float64), np.stack(self.twin.panel[name]).astype(np.float64)

    def apart(self):
        """Return which households differ up to each year, shape (year, household)."""
        turnover = np.stack(self.twin.panel["turnover"])
        apart = np.zeros(turnover.shape, dtype=bool)
        for name in (*CODES, *WHOLE_YUAN):
            ours, plain = self.panels(name)
            # the register's own dibao, which goes on where no measure takes its place, is not in whole yuan
            apart |= np.abs(ours - plain) > np.where(plain == np.rint(plain), 0.0, 1e-4 * np.abs(plain))
        for name in FLOWS:
            ours, plain = self.panels(name)
            apart |= np.abs(ours - plain) > 1e-4 * np.abs(plain) + 1e-5 * turnover
        for name in SUMS:
            ours, plain = self.panels(name)
            apart |= np.abs(ours - plain) > 1e-5 * turnover
        return np.logical_or.accumulate(apart)


def _live_twice(register, scenario, draw):
    results = run_scenarios(register, (scenario,), Settings(range(draw, draw + 1), SEED, 1, False, True))
    noted = Noted(register.sizes["household"], register["persons"].to_numpy().astype(np.float64))
    facts = read_facts(register, scenario)
    twin = simulate_plain(register, scenario, seed=SEED, draw=draw, facts=facts, keep=True, watch=noted)
    return Pair(results.tables, twin, noted, facts.village, facts.weight * noted.persons)


def _check_households(pair, most):
    apart = pair.apart()
    met, queue = pair.noted.until("met"), pair.noted.until("queue")
    assert apart[-1].sum() <= most
    for year in range(apart.shape[0]):
        roots = apart[year] & met[year]
        follows = roots.any() or queue[year].any()
        unexplained = np.flatnonzero(apart[year] & ~met[year]) if not follows else np.array([], dtype=int)
        assert unexplained.size == 0, f"year {year}: households {unexplained[:5]} differ and met no knife-edge"
    return apart


def _check_villages(pair, apart):
    villages = pair.tables.size.villages
    booked = np.stack(pair.noted.years["booked"])
    quiet_cells = 0
    for year in range(apart.shape[0]):
        quiet = np.bincount(pair.village, apart[year], villages) == 0
        quiet_cells += quiet.sum()
        tables = {name: array[0, 0, year] for name, array in pair.tables.by_village.items()}
        for name in COUNTED:
            np.testing.assert_array_equal(tables[name][quiet], pair.twin[name][year][quiet], err_msg=f"{name} {year}")
        recipients = pair.twin["recipients"][year]
        np.testing.assert_array_equal(tables["recipients"][:, quiet], recipients[:, quiet], err_msg=f"{year}")
        # interest and the like is rounded when booked, and no household column shows it
        slack = np.bincount(pair.village, booked[year] * pair.heads, villages)
        off = np.abs(tables["spending"] - pair.twin["spending"][year])
        assert (off <= slack)[:, quiet].all(), year
        # the engine sums whole yuan: half a yuan a household and item, of which a source has four at the most
        half = 0.5 * 4 * np.bincount(pair.village, minlength=villages).max()
        np.testing.assert_allclose(tables["income"][quiet], pair.twin["income"][year][quiet], rtol=1e-5, atol=half)
        np.testing.assert_allclose(tables["gaps"][quiet], pair.twin["gaps"][year][quiet], rtol=1e-3, atol=1e-3)
        _check_patterns(pair, year, quiet)
    assert quiet_cells >= 0.6 * apart.shape[0] * villages


def _check_patterns(pair, year, quiet):
    ours = np.concatenate([rows for _, rows in pair.tables.patterns[0, 0, year]])
    plain = pair.twin.patterns[year]
    ours, plain = (rows[quiet[rows[:, 0]]] for rows in (ours, plain))
    np.testing.assert_array_equal(ours[np.lexsort((ours[:, 1], ours[:, 0]))], plain)


def _check_bins(pair, apart):
    free = np.stack(pair.noted.years["bin"]) | apart
    for name, ours in (("histogram", pair.tables.histogram[0, 0]), ("margins", pair.tables.margins[0])):
        plain = pair.twin[name]
        for year in range(apart.shape[0]):
            moved = np.abs(ours[year] - plain[year]).sum() / 2
            assert moved <= (free[year] * pair.heads).sum(), (name, year)
            assert ours[year].sum() == plain[year].sum()


def _check(register, scenario, draws, most=MOST_APART):
    for draw in draws:
        pair = _live_twice(register, scenario, draw)
        apart = _check_households(pair, most)
        _check_villages(pair, apart)
        _check_bins(pair, apart)


def _capacity(area, kind, number):
    units = {"share": "share", "households": "households per year", "budget": "yuan per year"}
    return {"area": area, kind: quantity(number, units[kind])}


def _more(scenario, **parts):
    """Return a variant of a scenario with other parts of its household standard."""
    household = scenario.exit_standard.household.model_copy(update=parts)
    standard = scenario.exit_standard.model_copy(update={"household": household})
    return scenario.model_copy(update={"exit_standard": standard})


def _income_test(scenario, **changes):
    first, *rest = scenario.exit_standard.household.tests
    return _more(scenario, tests=(first.model_copy(update=changes), *rest))


NO_LIMIT = {f"measures.{code}.capacity": None for code in ("industry", "microcredit", "relocation", "repair", "dibao")}
VARIANTS = {
    "without limits": NO_LIMIT,
    "township shares, drawn at random": {
        "measures.industry.capacity": _capacity("township", "share", 0.5),
        "measures.industry.priority": "random",
        "measures.microcredit.capacity": _capacity("township", "share", 0.3),
    },
    "township households, by cause": {
        "measures.industry.capacity": _capacity("township", "households", 5),
        "measures.industry.priority": "cause",
        "measures.industry.eligible.cause": ["skill", "illness", "capital", "labour"],
        "measures.repair.priority": "cause",
    },
    "village limits": {
        "measures.industry.capacity": _capacity("village", "budget", 12000),
        "measures.microcredit.capacity": _capacity("village", "share", 0.3),
        "measures.repair.capacity": _capacity("village", "households", 1),
        "measures.relocation.capacity": _capacity("village", "budget", 200000),
    },
    "budgets that run out": {
        "measures.dibao.capacity": _capacity("county", "budget", 40000),
        "measures.microcredit.capacity": _capacity("township", "budget", 9000),
        "measures.relocation.capacity": _capacity("county", "budget", 500000),
    },
    "two years above the line": {
        "exit_standard.household.stability_years.value": 2,
        "inspection.delay.value": 2,
    },
    "pensions do not count": {"exit_standard.household.counts.pension": False},
    "medical cost does not count": {
        "exit_standard.household.counts.medical_cost": False,
        "exit_standard.household.counts.one_off": True,
    },
    "transfers by head": {
        "exit_standard.household.counts.one_off": True,
        "measures.pupils": flat_transfer(750.0, per="student", eligible={"status": ["registered"]}),
        "measures.heads": flat_transfer(100.4, per="person", one_off=True),
        "measures.ill": flat_transfer(300.0, per="ill", capacity=_capacity("township", "budget", 3000.0)),
        "measures.disabled": flat_transfer(200.0, per="disabled", priority="random",
                                           capacity=_capacity("county", "households", 12)),
    },
    "shifted logs": {"incomes.shift.value": 2000.0},
    "hard years": {
        "shocks.illness.hazard.value": 0.08,
        "shocks.illness.hazard_ill.value": 0.3,
        "shocks.illness.years.value": 3,
        "shocks.disaster.village.value": 0.6,
        "shocks.disaster.dwelling.value": 0.3,
        "measures.industry.failure.value": 0.4,
    },
    "careless inspectors": {
        "inspection.income_error.value": 0.5,
        "inspection.overlooked.value": 0.4,
        "inspection.false_alarm.value": 0.2,
        "inspection.found.value": 0.8,
        "inspection.delay.value": 0,
    },
    "narrow eligibility": {
        "measures.industry.eligible.poor_villages_only": True,
        "measures.repair.eligible.income_below": quantity(5000.0, "yuan per head and year"),
        "measures.dibao.eligible.category": ["dibao", "tekun"],
        "measures.relocation.eligible.persons_at_least": 3,
    },
    "nine years": {
        "years": [2016, 2024],
        "measures.industry.support_years.value": 1,
        "measures.industry.decay.value": 0.6,
        "measures.microcredit.term.value": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("draw", range(6))
def test_sample_county(people, sample, draw):
    _check(people, sample, [draw])


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(people, name):
    _check(people, povsim.read_scenario("sample", overrides=VARIANTS[name]), (0, 3))


@pytest.mark.parametrize(
    "changes",
    [{"comparison": ">="}, {"veto": False}, {"line": None, "line_quantile": povsim.quantity.Quantity(
        value=0.15, unit="share", source="test", status="assumed")}],
    ids=["at the line passes", "income is a target", "line at a quantile"],
)  # fmt: skip
def test_income_tests(people, sample, changes):
    _check(people, _income_test(sample, **changes), (1, 2))


def test_guarantees_that_are_targets(people, sample):
    tests = sample.exit_standard.household.tests
    loose = tuple(test.model_copy(update={"veto": place % 2 == 0}) for place, test in enumerate(tests))
    _check(people, _more(sample, tests=loose[:5]), (1, 2))


def test_rows_that_stand_for_several_households(people, sample):
    weight = people["weight"].copy(data=1 + np.arange(people.sizes["household"], dtype=np.int32) % 3)
    _check(people.assign(weight=weight), sample, (0, 1))


def test_monitored_households(people, sample):
    status = people["status"].to_numpy().copy()
    status[::7] = 4
    _check(people.assign(status=people["status"].copy(data=status)), sample, (0, 1))


def test_dibao_that_does_not_count(people):
    plan = povsim.read_scenario("sample", overrides={"exit_standard.household.counts.dibao": False})
    _check(people, plan, (0, 1))


def test_two_loan_measures_are_refused(sample):
    again = sample.measures["microcredit"].model_dump()
    with pytest.raises(povsim.InputError, match="one loan at a time, so one microcredit measure"):
        povsim.read_scenario("sample", overrides={"measures.second_loan": again})


CALM = {
    **ALL_OFF,
    "shocks.illness.hazard.value": 0.0,
    "shocks.illness.hazard_ill.value": 0.0,
    "shocks.disaster.village.value": 0.0,
    "incomes.common.county_sd.value": 0.0,
}


def _wage_over_trend(people, changes):
    plan = povsim.read_scenario("sample", overrides={**CALM, **changes})
    outcomes = povsim.simulate(people, plan, draws=100, seed=SEED)
    wages = float(outcomes["income_sum"].sel(source="wage").isel(scenario=0, year=-1).sum("village").mean())
    growth = [1 + plan.incomes.growth.wage.at(year) for year in range(int(people.attrs["year"]) + 1, plan.years[1] + 1)]
    return wages / float(people["wage"].sum()) / np.prod(growth)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"incomes.shift.value": 5000.0},
        {"years": [2020, 2020]},
    ],
    ids=["as shipped", "shifted logs", "five years after the register"],
)
def test_mean_wage_follows_its_trend(people, changes):
    assert abs(_wage_over_trend(people, changes) - 1) < 0.015
