"""How the engine and its twin are compared.

The engine counts in float32, the twin in float64. They may part only where a comparison or a rounding is a knife-edge,
so the twin notes every knife-edge it meets, and a household that ends up different has to have met one, or has to
follow from one: a place in a queue that another household took or left.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.plain import Statistics, Watch, read_facts, simulate_plain
from povsim.runs import Settings, run_scenarios

ROUNDING = 5e-6
"""Twice the largest error of a float32 flow that was seen, relative to the sums that make it up."""
SORTED_ALIKE = 2e-5
"""Incomes in a queue by cause are compared to eighteen binary digits."""
FROM_INCOME = ("award", "assessed", "spare")
"""Amounts rounded to whole yuan that are as exact as an income."""
MOST_APART = 4
"""Of 600 households over five years, as many may differ."""
SEED = 1

CODES = ("status", "deprived", "pattern", "events", "received", "cause", "flags", "ill_until", "jobless_until")
WHOLE_YUAN = ("dibao", "loan_balance", "arrears", "one_off")
FLOWS = ("wage", "business", "production_cost", "transfer", "pension", "medical", "schooling_cost", "debt")
SUMS = ("counted_income", "property", "seen_income_per_head")
"""Columns of the panel by how they are compared."""
COUNTED = (
    "persons", "households", "failing", "failing_households", "events", "events_households", "poor", "loans",
    "monitored", "caught",
)  # fmt: skip


class Noted(Watch):
    """Notes which households met a knife-edge, year by year."""

    def __init__(self, households, persons, weight):
        self.persons, self.weight = persons, weight
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
        if kind == "growth":
            size = size + self.size
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
        reach = ROUNDING * np.abs(amount)
        if kind in FROM_INCOME:
            reach = reach + ROUNDING * self.size[who] * self.persons[who]
        # amounts that both sides hold exactly do not go two ways
        close = (off > 0) & (off <= reach)
        self.now["booked" if kind == "booked" else "met"][who[close]] = True
        if kind in ("cost", "assessed"):
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

    @property
    def counts(self):
        """Return the engine's statistics by name."""
        return self.tables.named() | {"identified": self.tables.counts.identified}

    def panels(self, name):
        """Return a household column of both, each (year, household)."""
        return self.tables.panel[name][0, 0].astype(np.float64), np.stack(self.twin.panel[name]).astype(np.float64)

    def apart(self):
        """Return which households differ up to each year, shape (year, household)."""
        assert set(self.tables.panel) == {*CODES, *WHOLE_YUAN, *FLOWS, *SUMS}
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


def live_twice(register, scenario, draw):
    results = run_scenarios(register, (scenario,), Settings(range(draw, draw + 1), SEED, 1, False, True))
    facts = read_facts(register, scenario)
    noted = Noted(register.sizes["household"], register["persons"].to_numpy().astype(np.float64), facts.weight)
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
        tables = {name: array[0, 0, year] for name, array in pair.counts.items() if name != "identified"}
        for name in COUNTED:
            np.testing.assert_array_equal(tables[name][quiet], pair.twin[name][year][quiet], err_msg=f"{name} {year}")
        recipients = pair.twin["recipients"][year]
        np.testing.assert_array_equal(tables["recipients"][:, quiet], recipients[:, quiet], err_msg=f"{year}")
        # interest and the like is rounded when booked, and no household column shows it
        slack = np.bincount(pair.village, booked[year] * pair.heads, villages)
        off = np.abs(tables["spending"] - pair.twin["spending"][year])
        assert (off <= slack)[:, quiet].all(), year
        # a household's source is rounded to whole yuan, and either side may round a half its own way
        one = float(np.bincount(pair.village, pair.noted.weight, villages).max())
        np.testing.assert_allclose(tables["income"][quiet], pair.twin["income"][year][quiet], rtol=1e-5, atol=one)
        np.testing.assert_allclose(tables["gaps"][quiet], pair.twin["gaps"][year][quiet], rtol=1e-3, atol=1e-3)
        _check_patterns(pair, year, quiet)
    assert quiet_cells >= 0.6 * apart.shape[0] * villages
    _check_start(pair)


def _check_start(pair):
    """Compare who was wrongly on the register at the start, and who was left out."""
    near = np.bincount(pair.village, pair.noted.years["met"][0], pair.tables.size.villages)
    sure = near == 0
    np.testing.assert_array_equal(pair.counts["identified"][0, 0][sure], pair.twin.identified[sure])


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


def check(register, scenario, draws, most=MOST_APART):
    for draw in draws:
        pair = live_twice(register, scenario, draw)
        apart = _check_households(pair, most)
        _check_villages(pair, apart)
        _check_bins(pair, apart)
