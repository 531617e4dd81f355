"""The work behind ``povsim allocate``: split, say the gain and its error, write allocation.nc and two tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from povsim import cli_show, figures
from povsim.cli_goals import BATCHES, LARGE, Common, read_inputs, write_files
from povsim.cli_progress import Reporter
from povsim.planning.allocation import Allocation, allocate, is_less
from povsim.planning.allocation_curves import Aim
from povsim.scenario import Scenario
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class AllocateOrder:
    """What was asked for on the command line."""

    common: Common
    budget: float
    measures: tuple[str, ...] = ()
    output: str = "lasting_exits"


def perform_allocate(order: AllocateOrder, say: Wording) -> None:
    """Allocate a budget, print split and curves, write the files where a folder is named.

    Parameters
    ----------
    order : AllocateOrder
        Scenario, budget, measures.
    say : Wording
        Texts of the rooms ``commands`` and ``goals``.

    Raises
    ------
    InputError
        Anything wrong with the inputs, before anything runs; a budget that cannot do.
    """
    common = order.common
    with Reporter(say) as report:
        plan, register = read_inputs(common, report)
        report.phase("simulate")
        found = allocate(
            plan,
            budget=order.budget,
            measures=order.measures or None,
            output=order.output,
            draws=common.draws,
            seed=common.seed,
            register=register,
            threads=common.threads,
            progress=report,
            folder=None if common.out is None else common.out / BATCHES,
        )
    screen = cli_show.screen()
    for line in sentences(found, say):
        screen.print(line)
    if found.best is not None:
        screen.print()
        cli_show.show_whole(screen, _split(found, plan, say))
    screen.print()
    screen.print(say("allocate.curves"))
    cli_show.show_whole(screen, _curves(found, plan, say))
    screen.print()
    for line in notes(found, plan, say):
        screen.print(line)
    screen.print(say("goal.runs", runs=figures.count(found.runs), seed=found.seed, seconds=f"{report.seconds:.1f}"))
    if common.out is not None:
        tables = {"allocation": found.split, "allocation_curves": found.curves}
        files = write_files(common.out, "allocation", found.dataset(), tables)
        screen.print(say("goal.written", files=files), soft_wrap=True)


def sentences(found: Allocation, say: Wording) -> Iterator[str]:
    """Say what was found, sentence by sentence."""
    best = found.best or found.plan
    (budget, plan_cost, cost), unit = _money([found.budget, found.plan.cost, best.cost], found.currency, say)
    told = {"budget": budget, "unit": unit, "output": found.aim.name, "plan_cost": plan_cost}
    told |= {"plan": _amount(found.plan.output, found.aim, say)}
    if found.status in ("plan", "none_fits"):
        yield from _kept(found, told, say)
        return
    told |= {"best": _amount(best.output, found.aim, say), "gain": _amount(found.gain, found.aim, say)}
    told |= {"error": _amount(found.gain_error, found.aim, say)}
    less = is_less(found.budget, found.plan.cost)
    if less:
        yield say(
            "allocate.less", **{key: told[key] for key in ("budget", "unit", "output", "plan", "plan_cost", "best")}
        )
    else:
        yield say("allocate.better", **told) if found.status == "better" else say("allocate.not_shown", **told)
    yield say("allocate.saves", cost=cost, unit=unit)
    if found.scaled is not None:
        yield _over_scaled(found, budget + unit, say)
        if less and found.status == "not_shown":
            yield say("allocate.chance")


def _kept(found: Allocation, told: dict[str, str], say: Wording) -> Iterator[str]:
    yield say("allocate.plan", **told) if found.status == "plan" else say("allocate.none_fits", **told)
    if found.over_budget > 0:
        (over,), unit = _money([found.over_budget], found.currency, say)
        yield say("allocate.over", over=over, unit=unit)


def _over_scaled(found: Allocation, budget: str, say: Wording) -> str:
    """Say how the split does against the plan with all limits scaled to the budget."""
    assert found.scaled is not None
    (spent,), unit = _money([found.scaled.cost], found.currency, say)
    figures_ = (found.scaled.output, found.scaled_gain, found.scaled_error)
    scaled, gain, error = (_amount(value, found.aim, say) for value in figures_)
    told = {"budget": budget, "spent": spent + unit, "output": found.aim.name}
    return say("allocate.scaled", **told, scaled=scaled, gain=gain, error=error)


def _money(values: Sequence[float], currency: str, say: Wording) -> tuple[list[str], str]:
    """Return yearly amounts and their unit with what stands before it."""
    name = figures.currency_name(currency, say.lang)
    if max((abs(value) for value in values), default=0.0) < LARGE[say.lang]:
        return [figures.count(value) for value in values], f" {name}" if say.lang == "en" else name
    return figures.money(values, say.lang), f" million {name}" if say.lang == "en" else f"万{name}"


def _amount(value: float, aim: Aim, say: Wording) -> str:
    """Return an output for people: a share as a percentage, an amount or a count with what decimals it deserves."""
    if aim.is_share:
        return figures.percent(value, say.lang, 2)
    return f"{value:,.1f}" if abs(value) < 1000 else figures.count(value)


def _named(codes: Sequence[str], plan: Scenario, say: Wording) -> str:
    names = [f"{plan.measures[code].label(say.lang)} ({code})" for code in codes]
    return ("、" if say.lang == "zh" else ", ").join(names)


def _split(found: Allocation, plan: Scenario, say: Wording) -> Table:
    spent, unit = _money(found.split["plan_spending"].tolist(), found.currency, say)
    new, _ = _money(found.split["best_spending"].tolist(), found.currency, say)
    rows = []
    for place, row in enumerate(found.split.to_dict("records")):
        name = plan.measures[row["measure"]].label(say.lang)
        before, after = (figures.number(float(row[key])) for key in ("plan", "best"))
        gap = " " if say.lang == "en" else ""
        rows.append(
            [name, f"{before}{gap}{figures.unit_name(str(row['unit']), say.lang)}", after, spent[place], new[place]]
        )
    headings = [say("column.measure"), say("column.limit"), say("column.newlimit")]
    headings += [say("column.spent", unit=unit.strip()), say("column.newspent", unit=unit.strip())]
    return cli_show.grid(headings, rows)


def _curves(found: Allocation, plan: Scenario, say: Wording) -> Table:
    cost, unit = _money(found.curves["extra_cost"].tolist(), found.currency, say)
    rows, told = [], ""
    for place, row in enumerate(found.curves.to_dict("records")):
        name = "" if row["measure"] == told else plan.measures[row["measure"]].label(say.lang)
        told = row["measure"]
        gain = f"{_amount(row['extra_output'], found.aim, say)} +- {_amount(row['extra_output_error'], found.aim, say)}"
        marginal = (
            figures.NOTHING if row["marginal_cost"] != row["marginal_cost"] else figures.count(row["marginal_cost"])
        )
        rows.append([name, f"{row['factor']:g}", gain, cost[place], marginal])
    name = figures.currency_name(found.currency, say.lang)
    headings = [say("column.measure"), say("column.level"), say("column.extra")]
    headings += [say("column.extracost", unit=unit.strip()), say("column.marginal", unit=name)]
    return cli_show.grid(headings, rows)


def notes(found: Allocation, plan: Scenario, say: Wording) -> Iterator[str]:
    """Say what was left alone, what was taken for granted, and what the errors are."""
    aim = {"output": found.aim.name, "label": found.aim.label(say.lang)}
    yield say("allocate.summed", **aim) if found.aim.over_years else say("allocate.last", **aim)
    yield say("allocate.marginal")
    if found.left:
        yield say("allocate.left", names=_named(found.left, plan, say))
    if found.set_aside:
        yield say("allocate.aside", names=_named(found.set_aside, plan, say))
    if found.funds:
        yield say("allocate.funds", names=_named(found.funds, plan, say))
    if len(found.paired) > 1:
        yield say("allocate.paired", names=_named(found.paired, plan, say))
    yield say("allocate.errors", draws=found.draws, sampled=found.sampled)
