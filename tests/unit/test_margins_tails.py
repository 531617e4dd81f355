"""Margins with a median, known headcounts or a Lorenz curve: what is refused, what is met, what the report tells."""

import copy
import doctest
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from povsim.cli import app
from povsim.errors import InputError
from povsim.income_law import KnownHeadcount
from povsim.income_sources import net_income
from povsim.margins import read_margins
from povsim.scenario import entries
from povsim.synthetic import margins_report, synthesise_register
from povsim.synthetic_people import known_incomes
from tests.conftest import ROOT

SAMPLE_DIGEST = "090b3cbd6b4a44cb7ff54b1cba7792967f33f0fe1b78484edd0a00d97328df91"
POINTS = [(0.2, 0.06), (0.4, 0.18), (0.6, 0.35), (0.8, 0.58)]
PLACE = re.compile(r"income\.(known_headcounts\.\d+\.line|lorenz\.points\.\d+\.persons)")
"""Where a headcount or a point stands: told with what was found there."""


def entry(value, status="documented"):
    return {"value": value, "unit": "share", "source": "test", "status": status}


def points(pairs=POINTS):
    return {"points": [{"persons": entry(p), "income": entry(share)} for p, share in pairs]}


def sample(*, drop=(), **income):
    data = copy.deepcopy(read_margins("sample").model_dump())
    data["income"] |= dict.fromkeys(drop) | income
    data["household_size"]["income_correlation"] = entry(-0.3)
    return data


SHAPES = ("quintiles", "reference_mean", "dispersion")
HEADCOUNT = {"line": entry(2855.0), "share": entry(0.06)}


def report(data, seed=3):
    register = synthesise_register(data, seed=seed)
    return register, margins_report(register, read_margins(data)).set_index("margin")


def test_margins_that_were_there_before_keep_their_digest():
    assert synthesise_register("sample", seed=1).attrs["sha256"] == SAMPLE_DIGEST


def test_a_new_figure_changes_the_digest():
    data = sample(median=entry(10_500.0))
    data["household_size"]["income_correlation"] = None
    assert synthesise_register(data, seed=1).attrs["sha256"] != SAMPLE_DIGEST


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"median": entry(10_800.0), "known_headcounts": [HEADCOUNT]},
        {"drop": SHAPES, "lorenz": points()},
        {"drop": SHAPES, "gini": entry(0.36), "known_headcounts": [{**HEADCOUNT, "gap": entry(0.02)}]},
        {"drop": SHAPES, "lorenz": {"beta": {"theta": entry(0.65), "gamma": entry(0.96), "delta": entry(0.5)}}},
    ],
)
def test_every_figure_stated_is_in_the_report(extra):
    data = sample(**extra)
    data["townships"][0]["households"] = entry(250.0)
    margins = read_margins(data)
    _, found = report(data)
    areas = {"townships.0.households": "东镇.households"}
    stated = {areas.get(path, path) for path, _, _ in entries(margins) if not PLACE.fullmatch(path)}
    assert stated == set(found.index)
    assert set(found["outcome"]) == {"met", "missed", "unseen"}
    unseen = found[found["outcome"] == "unseen"]
    assert unseen["found"].isna().all()
    assert len(unseen) == 14


def test_headcount_and_median_are_met_and_told():
    data = sample(drop=SHAPES, gini=entry(0.36), median=entry(10_000.0), known_headcounts=[HEADCOUNT])
    register, found = report(data)
    persons = register["persons"].to_numpy().astype(float)
    income = net_income(register) / persons
    share = persons[income < 2855].sum() / persons.sum()
    row = found.loc["income.known_headcounts.0.share"]
    assert row["found"] == pytest.approx(share)
    assert abs(row["difference"]) <= row["tolerance"] == pytest.approx(8 / 1980, rel=0.2)
    incomes = found.loc[["income.mean", "income.gini", "income.median", "income.known_headcounts.0.share"], "outcome"]
    assert (incomes == "met").all()


def test_of_households():
    item = {**HEADCOUNT, "of": "households"}
    register, found = report(sample(drop=SHAPES, gini=entry(0.36), known_headcounts=[item]))
    poor = net_income(register) / register["persons"].to_numpy() < 2855
    assert poor.sum() == 36
    assert found.loc["income.known_headcounts.0.share", "found"] == pytest.approx(0.06)


def test_a_gap_is_met():
    item = {**HEADCOUNT, "gap": entry(0.02)}
    _, found = report(sample(drop=SHAPES, gini=entry(0.36), known_headcounts=[item]))
    assert found.loc["income.known_headcounts.0.gap", "found"] == pytest.approx(0.02, abs=1e-3)


def test_contradictions_are_told():
    """Fewer poor than the fifths have room for: the headcount holds, the lowest fifth is told as missed."""
    _, found = report(sample(known_headcounts=[{"line": entry(2855.0), "share": entry(0.01)}]))
    assert found.loc["income.known_headcounts.0.share", "outcome"] == "met"
    assert found.loc["income.mean", "outcome"] == "met"
    assert found.loc["income.quintiles.0", "outcome"] == "missed"


def test_grouped_data_take_the_curve_that_holds():
    register, found = report(sample(drop=SHAPES, lorenz=points()))
    assert (found.loc[[f"income.lorenz.points.{k}.income" for k in range(4)], "outcome"] == "met").all()
    assert (net_income(register) > 0).all()


def test_parameters_of_a_curve_come_out():
    curve = {"general_quadratic": {"a": entry(1.0), "b": entry(-1.4), "c": entry(0.06)}}
    _, found = report(sample(drop=SHAPES, lorenz=curve))
    rows = found.loc[[f"income.lorenz.general_quadratic.{name}" for name in "abc"]]
    assert (rows["outcome"] == "met").all()


def test_weights_follow_how_well_a_figure_is_known():
    known = known_incomes(read_margins(sample(median=entry(10_000.0, "assumed"), known_headcounts=[HEADCOUNT])))
    assert known.weights["median"] == 1.0
    assert known.weights["fifths"] > known.weights["median"]
    assert known.headcounts == (KnownHeadcount(2855.0, 0.06),)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"lorenz": points()}, "income: give either the five quintile means or the Gini coefficient or a Lorenz curve"),
        ({"drop": ("quintiles",)}, "income: give either the five quintile means"),
        ({"drop": ("quintiles",), "gini": entry(0.3)}, "reference_mean and dispersion belong to quintiles"),
        ({"drop": SHAPES, "lorenz": {}}, "income.lorenz: give one of points, general_quadratic and beta"),
        ({"drop": SHAPES, "lorenz": points(POINTS[:3])}, "income.lorenz.points: tuple should have at least 4 items"),
        (
            {"drop": SHAPES, "lorenz": points([*POINTS[:3], (0.8, 0.9)])},
            r"income.lorenz: l: is above the diagonal; found at p = 0.8",
        ),
        (
            {"drop": SHAPES, "lorenz": {"beta": {"theta": entry(0.6), "gamma": entry(1.4), "delta": entry(0.5)}}},
            r"income.lorenz: bends downwards at the bottom: gamma = 1.4",
        ),
        (
            {"known_headcounts": [HEADCOUNT, {"line": entry(4000.0), "share": entry(0.05)}]},
            r"known headcounts should rise with their lines; found 0.06 below 2855 and 0.05 below 4000",
        ),
        (
            {"known_headcounts": [{**HEADCOUNT, "gap": entry(0.07)}]},
            r"known_headcounts.0: the poverty gap should be below the share of the poor",
        ),
        (
            {"known_headcounts": [{**HEADCOUNT, "of": "households", "gap": entry(0.01)}]},
            r"known_headcounts.0: a poverty gap belongs to a share of persons",
        ),
        (
            {"known_headcounts": [{"line": entry(2855.0), "share": entry(1.0)}]},
            r"known_headcounts.0.share: should be a share above 0 and below 1; found 1",
        ),
        ({"known_headcounts": [{**HEADCOUNT, "of": "people"}]}, r"known_headcounts.0.of: input should be 'persons'"),
        ({"medain": entry(9000.0)}, "income.medain: unknown key; .* did you mean 'median'"),
    ],
)
def test_what_cannot_be_is_refused(extra, message):
    with pytest.raises(InputError, match=message):
        read_margins(sample(**extra))


def test_few_households_are_refused():
    data = sample(known_headcounts=[HEADCOUNT])
    data["population"] |= {"households": entry(4.0), "persons": entry(13.0)}
    data["registration"] |= {"households": entry(0.0), "persons": entry(0.0), "poor_villages": entry(0.0)}
    with pytest.raises(InputError, match=r"population.households: fifths need five households or more"):
        synthesise_register(data, seed=1)


def test_the_examples_of_the_page_run():
    page = ROOT / "docs" / "populations.md"
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried > 10
    assert failed == 0


# ---- the command


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ("给定", "人均收入", "否")), ("en", ("stated", "mean income", "no"))]
)
def test_the_command_tells_in_both_languages(lang, words, tmp_path, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    told = call("register", "margins", "sample", "--lang", lang)
    assert told.exit_code == 0, told.output
    assert all(word in told.output for word in words)
    assert "register.margins" not in told.output


def test_the_command_writes_every_line_and_keeps_the_margins_file(tmp_path):
    file, out = tmp_path / "county.margins.yaml", tmp_path / "off.csv"
    from povsim.project import margins_text

    file.write_text(margins_text(), encoding="utf-8")
    told = call("register", "margins", file, "--seed", "3", "--csv", out, "--lang", "en")
    assert told.exit_code == 0, told.output
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("margin,meaning_zh,meaning_en,unit,target,found,difference,relative,tolerance,outcome")
    assert len(lines) == 99
    refused = call("register", "margins", file, "--csv", file)
    assert refused.exit_code == 2
    assert "is the margins file itself" in refused.output


def test_areas_have_their_names(tmp_path):
    from povsim.cli_margins import _meaning
    from povsim.wording import wording

    data = sample()
    data["townships"][0]["name_en"] = "East Town"
    margins = read_margins(data)
    township = margins.townships[0]
    village = township.units()[0].name_zh
    say = wording("en", "commands", "margins")
    assert _meaning(margins, f"{township.name_zh}.persons", say) == "persons of East Town"
    assert _meaning(margins, f"{township.name_zh}/{village}.households", say).startswith("households of East Town/")
    assert np.isfinite(margins.income.mean.at(margins.year))
