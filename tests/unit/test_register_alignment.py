"""A register brought to known totals: ranks kept, totals met, the stretch told."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from povsim.errors import InputError
from povsim.income_law import KnownHeadcount
from povsim.income_sources import net_income
from povsim.register_alignment import KnownTotals, align_register
from povsim.synthetic import synthesise_register

SOURCES = {"wage": 4800.0, "business": 4300.0, "property": 250.0, "transfer": 2650.0}


@pytest.fixture(scope="module")
def register():
    return synthesise_register("sample", seed=1)


def per_head(register):
    return net_income(register) / register["persons"].to_numpy()


def mean(register, values=None):
    weight, persons = register["weight"].to_numpy(), register["persons"].to_numpy()
    return float(weight @ (net_income(register) if values is None else values)) / float(weight @ persons)


def keeps_ranks(before, after):
    order = np.argsort(per_head(before), kind="stable")
    # Amounts are stored in single precision, and a household's is the sum of several.
    return (np.diff(per_head(after)[order]) >= -1e-5 * np.abs(per_head(after)[order][1:]) - 1e-2).all()


@settings(max_examples=25)
@given(level=st.floats(0.7, 1.5), share=st.floats(0.02, 0.3), line=st.floats(1500, 4500))
def test_mean_and_headcount_are_met_and_ranks_kept(register, level, share, line):
    known = KnownTotals(mean=12_000 * level, headcount=KnownHeadcount(line, share))
    try:
        aligned = align_register(register, known)
    except InputError as error:
        # A county all of whose mean is near the line has no room for both.
        assert "cannot go with the headcount" in str(error)  # noqa: PT017
        return
    after = aligned.register
    assert mean(after) == pytest.approx(12_000 * level, rel=1e-6)
    persons = after["persons"].to_numpy()
    assert persons[per_head(after) < line].sum() / persons.sum() == pytest.approx(share, abs=8 / 1980)
    assert keeps_ranks(register, after)
    rows = aligned.stretch.set_index("total")
    assert rows.loc["mean", "missed"] == pytest.approx(0, abs=1)
    assert (rows["smallest"] <= rows["median"]).all()
    assert (rows["median"] <= rows["largest"]).all()


def test_a_mean_alone_is_one_factor(register):
    aligned = align_register(register, KnownTotals(mean=6000))
    row = aligned.stretch.set_index("total").loc["mean"]
    assert row[["median", "smallest", "largest"]].tolist() == pytest.approx([0.5] * 3, rel=1e-5)
    assert aligned.register["wage"].to_numpy() == pytest.approx(register["wage"].to_numpy() / 2, rel=1e-6)


def test_a_headcount_alone_keeps_the_mean(register):
    aligned = align_register(register, KnownTotals(headcount=KnownHeadcount(2855, 0.12)))
    assert mean(aligned.register) == pytest.approx(mean(register), rel=1e-6)


@pytest.mark.parametrize("headcount", [None, KnownHeadcount(2855, 0.08), KnownHeadcount(2855, 0.08, households=True)])
def test_sources_are_met_and_ranks_kept(register, headcount):
    aligned = align_register(register, KnownTotals(sources=SOURCES, headcount=headcount))
    after = aligned.register
    assert mean(after) == pytest.approx(12_000, rel=1e-6)
    business = after["business"].to_numpy().astype(float) - after["production_cost"].to_numpy()
    found = {name: after[name].to_numpy().astype(float) for name in SOURCES} | {"business": business}
    for name, stated in SOURCES.items():
        assert mean(after, found[name]) == pytest.approx(stated, rel=1e-5), name
    assert keeps_ranks(register, after)
    before = register["business"].to_numpy() - register["production_cost"].to_numpy()
    assert (np.sign(business) == np.sign(before)).all()
    assert (after["pension"] + after["dibao"] <= after["transfer"] * (1 + 1e-5)).all()


def test_sources_left_out_share_the_rest(register):
    after = align_register(register, KnownTotals(mean=12_000, sources={"wage": 6000.0})).register
    transfer, property_ = (mean(after, after[name].to_numpy()) for name in ("transfer", "property"))
    assert mean(after, after["wage"].to_numpy()) == pytest.approx(6000, rel=1e-5)
    assert transfer / property_ == pytest.approx(0.2175 / 0.0159, rel=1e-4)
    moved = align_register(register, KnownTotals(sources={"wage": 6000.0})).register
    assert mean(moved) == pytest.approx(12_000 * (1 - 0.4107) + 6000, rel=1e-5)


@settings(max_examples=25)
@given(factor=st.floats(1.0, 30.0), seed=st.integers(0, 9))
def test_persons_are_met_by_weights(register, factor, seed):
    weight = np.random.default_rng(seed).integers(1, 9, register.sizes["household"])
    sample = register.assign(weight=("household", weight.astype(np.int32), register["weight"].attrs))
    now = int(weight @ sample["persons"].to_numpy())
    aligned = align_register(sample, KnownTotals(persons=round(now * factor)))
    after = aligned.register["weight"].to_numpy()
    # One-person households fill any gap.
    assert int(after @ sample["persons"].to_numpy()) == round(now * factor)
    assert after.dtype == np.int32
    assert (after >= 1).all()
    off = after / (weight * factor)
    assert np.median(off) == pytest.approx(1, abs=0.2)


def test_a_known_headcount_counts_weights(register):
    weight = np.random.default_rng(1).integers(1, 9, register.sizes["household"]).astype(np.int32)
    sample = register.assign(weight=("household", weight, register["weight"].attrs))
    after = align_register(sample, KnownTotals(headcount=KnownHeadcount(2855, 0.1))).register
    heads = weight * sample["persons"].to_numpy()
    assert heads[per_head(after) < 2855].sum() / heads.sum() == pytest.approx(0.1, abs=heads.max() / heads.sum())


def test_losses_and_nothing_at_all_are_taken(register):
    income = net_income(register).astype(np.float32)
    income[:3] = [0.0, -500.0, -2000.0]
    total = register.assign(income_total=("household", income, {})).assign_attrs(income_detail="total")
    after = align_register(total, KnownTotals(headcount=KnownHeadcount(2855, 0.1), mean=11_000)).register
    assert keeps_ranks(total, after)
    assert after["income_total"].to_numpy()[0] == 0
    assert (after["income_total"].to_numpy()[1:3] < 0).all()
    assert mean(after) == pytest.approx(11_000, rel=1e-5)


def test_the_stretch_travels_with_the_register(register):
    aligned = align_register(register, KnownTotals(mean=11_000))
    assert json.loads(aligned.register.attrs["alignment"])[0]["total"] == "mean"
    assert "alignment" not in register.attrs
    assert mean(register) == pytest.approx(12_000, rel=1e-6)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (KnownTotals(), "known: says nothing; allowed: persons, mean, sources or headcount"),
        (KnownTotals(mean=-1), "mean: is no amount; found -1; allowed: more than zero"),
        (KnownTotals(persons=float("nan")), "persons: is no amount"),
        (KnownTotals(persons=100), "persons: are too few; found 100; allowed: 1980, the persons in the rows, or more"),
        (KnownTotals(sources={"wages": 1.0}), "sources.wages: unknown source; .* did you mean 'wage'"),
        (KnownTotals(sources={"wage": -1.0}), "sources.wage: is no amount; found -1; allowed: zero or more"),
        (KnownTotals(mean=1000, sources={"wage": 2000.0}), "sources: do not add up to the mean; found 2000"),
        (KnownTotals(mean=11_000, sources=SOURCES), "sources: do not add up to the mean; found 12000; allowed: 11000"),
        (KnownTotals(headcount=KnownHeadcount(2855, 1.2)), "headcount: is no share below a line; found 1.2 below 2855"),
        (
            KnownTotals(mean=1000, headcount=KnownHeadcount(2855, 0.01)),
            "mean: cannot go with the headcount while ranks are kept; found 1000; allowed: ",
        ),
    ],
)
def test_what_cannot_be_is_refused(register, known, message):
    with pytest.raises(InputError, match=message):
        align_register(register, known)


def test_all_problems_at_once(register):
    with pytest.raises(InputError, match="3 problems"):
        align_register(register, KnownTotals(mean=-1, persons=-1, headcount=KnownHeadcount(0, 0.1)))


def test_totals_have_no_sources(register):
    total = register.assign(income_total=("household", net_income(register), {})).assign_attrs(income_detail="total")
    with pytest.raises(InputError, match="sources: the register knows totals only"):
        align_register(total, KnownTotals(sources={"wage": 1000.0}))


def test_a_rank_without_income_is_refused(register):
    income = np.where(np.arange(register.sizes["household"]) < 200, -10.0, net_income(register)).astype(np.float32)
    total = register.assign(income_total=("household", income, {})).assign_attrs(income_detail="total")
    with pytest.raises(InputError, match=r"headcount.share: nobody at that rank has an income above zero; found 0.01"):
        align_register(total, KnownTotals(headcount=KnownHeadcount(2855, 0.01)))


def test_a_mean_below_zero_cannot_be_scaled(register):
    income = np.full(register.sizes["household"], -10.0, dtype=np.float32)
    total = register.assign(income_total=("household", income, {})).assign_attrs(income_detail="total")
    with pytest.raises(InputError, match="mean: the register's mean is not above zero"):
        align_register(total, KnownTotals(mean=1000))
