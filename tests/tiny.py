"""A tiny county where nothing happens by luck, so that what a measure does can be worked out by hand."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import xarray as xr
import yaml

import povsim
from povsim.plan import Measure
from povsim.rulebook import Meaning
from povsim.terms import GUARANTEES, REGISTER_COLUMNS
from tests.conftest import quantity

NAMES = tuple(term.code for term in GUARANTEES)
FOOD, CLOTHING, HOUSING, WATER, SCHOOLING, INSURANCE = (1 << place for place in range(6))
"""Bits of the guarantees in the panel's ``deprived``."""
EVERYBODY = ["never_registered", "registered", "exited", "relapsed", "monitored"]
LINE = 3000
USUAL = {
    "persons": 4, "workers": 2, "wage": 20_000, "business": 10_000, "production_cost": 4_000, "housing_area": 100,
    "status": 1, "status_year": 2014, "weight": 1, "synthetic": True,
}  # fmt: skip
"""A household of the tiny county; its income of 26,000 is 6,500 a head, above the line. Lacking food keeps it poor."""


def county(n=2, villages=1, lacks=("food",), **columns):
    """Return a population of n households, the villages taken in turn by equal runs of households.

    A column is a number for all or a sequence; ``lacks`` names guarantees that all lack, or is an array (n, 6).
    """
    village = np.arange(n) * villages // n
    names = [f"{'东镇' if v < (villages + 1) // 2 else '西乡'}/{v}村" for v in range(villages)]
    deprived = (
        np.asarray(lacks) if isinstance(lacks, np.ndarray) else np.tile([name in lacks for name in NAMES], (n, 1))
    )
    figures = {**USUAL, **columns}
    data = {
        column.code: ("household", np.broadcast_to(np.asarray(figures.get(column.code, 0)), n).astype(column.dtype))
        for column in REGISTER_COLUMNS
    }
    data["deprived"] = (("household", "guarantee"), deprived.astype(bool))
    data["poor_village"] = ("village", np.arange(villages) % 2 == 1)
    data["collective_income"] = ("village", np.full(villages, 50_000, np.float32))
    of_village = {
        "township": [name.split("/")[0] for name in names],
        "county": ["小县"] * villages,
        "name_zh": [name.split("/")[1] for name in names],
        "name_en": [f"Village {v}" for v in range(villages)],
    }
    coordinates = {
        "household": 1000 + np.arange(n, dtype=np.int64),
        "household_village": ("household", village.astype(np.int32)),
        "guarantee": list(NAMES),
        "village": names,
        **{name: ("village", values) for name, values in of_village.items()},
    }
    facts = {"year": 2015, "coverage": "population", "income_detail": "by_source", "currency": "CNY"}
    return xr.Dataset(data, coordinates, {**facts, "count_unit": "1 household", "unit_of_persons": "persons"})


_STAYS = {
    "permanent": quantity(1, "share"),
    **{name: quantity(0, "share") for name in ("persistent", "transitory", "error", "rho")},
    "log_sd": quantity(0, "log points"),
}
SURE = {
    "code": "sure",
    **{f"incomes.growth.{name}": 0 for name in ("wage", "business", "property", "transfer")},
    "incomes.wage": _STAYS,
    "incomes.business": _STAYS,
    "incomes.common.county_sd": 0,
    "incomes.common.village_sd": 0,
    "shocks.illness.hazard": 0,
    "shocks.illness.hazard_ill": 0,
    "shocks.illness.cost_sd": 0,
    "shocks.illness.disability": None,
    "shocks.illness.disability_loss": None,
    "shocks.illness.cause_factor": None,
    "shocks.job_loss": None,
    "shocks.lapses": {},
    "shocks.disaster.village": 0,
    "inspection.income_error": 0,
    "inspection.overlooked": 0,
    "inspection.false_alarm": 0,
    "inspection.found": 1,
    "inspection.delay": 1,
    "inspection.checks": (),
    "monitoring": None,
    "targets": (),
    "exit_standard.household.tests.income.line": LINE,
}
"""Incomes stay, nothing goes wrong, inspectors see what is true and find everybody."""

_MODELS = {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(Measure)[0])}
_EARNING = {
    "effect_sd": 0, "first_year": 1, "second_year": 1, "failure": 0, "support_years": 30, "support_after_exit": 30,
    "decay": 0, "unit_cost": 0, "yearly_cost": 0,
}  # fmt: skip
_SALES = {"gross_sales": 8000, "margin": 0.25}
_WORKS = {"subsidy": 0, "self_paid": 0, "repay_years": 1, "completion": 1}
PLAIN = {
    **{kind: {**_EARNING, **_SALES} for kind in ("industry", "contracts", "ecommerce", "tourism")},
    **{kind: {**_EARNING, "wage": 8000} for kind in ("jobs", "workshop", "training", "posts")},
    **{kind: {**_EARNING, "dividend": 8000} for kind in ("solar", "assets")},
    "ecology": {**_EARNING, "compensation": 8000},
    "credit_line": {"amount": 50_000, "open_years": 3, "unit_cost": 0},
    "microcredit": {
        "mean_amount": 10_000, "amount_sd": 0, "max_amount": 50_000, "term": 3, "rate": 0.05, "return_mean": 0.1,
        "return_sd": 0, "salvage": 0.8, "repay_share": 0.5,
    },
    "relocation": {
        "cost_per_head": 61_000, "self_paid": 2_500, "repay_years": 5, "rate": 0.05, "disruption": 0.25,
        "land_loss": 0.5, "job_share": 1, "job_wage": 12_000,
    },
    **dict.fromkeys(("repair", "water", "enrolment", "return_to_school"), _WORKS),
    "education": dict.fromkeys(("preschool", "compulsory", "senior", "tertiary"), 1000),
    "medical": {"reimbursed": 0, "deductible": 0, "ceiling": 1_000_000, "premium": 0},
    "transfer": {"amount": 100},
    "dibao": {"standard": 3740, "paid_share": 0.55},
}  # fmt: skip
"""For each type figures that make it simple: full size at once, no luck, no cost."""


def _unit(model, name):
    field = model.model_fields[name]
    within = (part for item in get_args(field.annotation) for part in getattr(item, "__metadata__", ()))
    return next((item.unit for item in (*field.metadata, *within) if isinstance(item, Meaning)), None)


def _entries(model, figures):
    """Write plain numbers, and dated paths of them, as entries with the unit of their field."""
    given = {}
    for name, value in figures.items():
        unit = _unit(model, name)
        entry = isinstance(value, dict) and "unit" in value
        given[name] = value if unit is None or value is None or entry else quantity(value, unit)
    return given


def measure(kind, **figures):
    """Return a measure for everybody and for all years, everybody takes part; figures as plain numbers."""
    frame = {
        "type": kind, "name_zh": "措施", "name_en": "measure", "years": [2016, 2020],
        "eligible": {"status": EVERYBODY}, "take_up": 1, "payer": {"name_zh": "财政", "name_en": "budget"},
    }  # fmt: skip
    return _entries(_MODELS[kind], {**frame, **PLAIN[kind], **figures})


def capacity(area, kind, number):
    """Return a capacity of one kind: share, households or budget."""
    units = {"share": "share", "households": "households per year", "budget": "yuan per year"}
    return {"area": area, kind: quantity(number, units[kind])}


def fund(budget, area="county", **more):
    """Return a fund."""
    return {"name_zh": "资金", "name_en": "fund", "area": area, "budget": quantity(budget, "yuan per year"), **more}


@cache
def _written():
    """Return a file with the sure plan without measures: it is read many times, and the shipped one is long."""
    scenario = povsim.read_scenario("sample", overrides={**SURE, "measures": {}, "funds": {}})

    def plain(node):
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items()}
        return [plain(value) for value in node] if isinstance(node, list | tuple) else node

    file = Path(tempfile.mkdtemp(prefix="povsim-test-")) / "sure.yaml"
    atexit.register(shutil.rmtree, file.parent, ignore_errors=True)
    file.write_text(yaml.safe_dump(plain(scenario.model_dump()), allow_unicode=True), encoding="utf-8")
    return file


def plan(measures=None, funds=None, **changes):
    """Return a plan of the tiny county with these measures; a change's path has two underscores for its dots."""
    dotted = {path.replace("__", "."): value for path, value in changes.items()}
    return povsim.read_scenario(_written(), overrides={"measures": measures or {}, "funds": funds or {}, **dotted})


def growing(start, *levels):
    """Return the growth of a source whose level is start in the register's year and then as listed, from 2016 on."""
    before = [start, *levels[:-1]]
    steps = {2016 + place: now / then - 1 for place, (then, now) in enumerate(zip(before, levels, strict=True))}
    return quantity(steps, "share per year")


def dated(unit, **values):
    """Return an entry whose value changes with the years, given as ``y2016=...``."""
    return quantity({int(year[1:]): value for year, value in values.items()}, unit)


@dataclass
class Life:
    """What a run of one scenario shows: outcomes, and the panel by draw, year and household."""

    out: xr.Dataset
    panel: xr.Dataset

    def __getitem__(self, name):
        """Return a column of the panel for the first draw, (year, household)."""
        return self.panel[name].values[0, 0]

    def of(self, name, household=0):
        """Return one household's years of a column in the first draw."""
        return self[name][:, household].tolist()

    def spent(self, code="m"):
        """Return yuan by year in the first draw."""
        return self.out["spending"].isel(scenario=0, draw=0).sel(measure=code).sum("village").values.tolist()

    def served(self, code="m"):
        """Return households by year in the first draw."""
        return self.out["recipients"].isel(scenario=0, draw=0).sel(measure=code).sum("village").values.tolist()

    def sum(self, name, **chosen):
        """Return a count by year in the first draw, over villages."""
        return self.out[name].isel(scenario=0, draw=0).sel(**chosen).sum("village").values.tolist()


def live(people, scenario, draws=1, seed=1):
    """Simulate one scenario and keep its households."""
    return Life(*povsim.simulate(people, scenario, draws=draws, seed=seed, threads=1, keep=("household",)))


def lives(measures, people=None, funds=None, **changes):
    """Let the tiny county live under some measures: ``m`` if only one is given."""
    named = {"m": measures} if "type" in measures else measures
    return live(county() if people is None else people, plan(named, funds, **changes))


def luck(people, decision, year, lane=0, seed=1, draw=0):
    """Return the uniforms of a decision, one a household."""
    return povsim.uniforms(people["household"].values, seed=seed, draw=draw, year=year, decision=decision, lane=lane)
