"""The work behind ``povsim sensitivity vetoes``: which rules hold whom back, and what moving them would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from povsim import cli_show, figures
from povsim.cli_sensitivity_veto_cards import card_sections
from povsim.cli_sensitivity_veto_parts import (
    Section,
    change_sections,
    error_sections,
    run_again,
    short,
    write_sections,
)
from povsim.errors import InputError, Problem, nearest
from povsim.folder import Run, open_run
from povsim.outlook import BAND
from povsim.sensitivity.veto_runs import (
    Stored,
    excluded_by_draw,
    rolled_up,
    stored_patterns,
    switched_off,
    village_blocks,
    village_limit,
)
from povsim.sensitivity.veto_samples import sampled_test
from povsim.sensitivity.veto_shares import attribution, release
from povsim.wording import Wording

MOST_PAIRS = 6
TRUE_RATES = (0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5)
"""True rates of a sampled test, as multiples of its limit."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line.

    ``level`` is ``household`` or ``village``; ``off`` holds codes of rules, ``threshold`` and ``error`` texts such as
    ``income=3500``, one for each time the option was given.
    """

    run: Path
    year: int | None = None
    level: str = "household"
    off: tuple[str, ...] = ()
    threshold: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    scorecard: str | None = None
    out: Path | None = None


def perform(order: Order, say: Wording) -> None:
    """Say which rules exclude whom, alone and together; write ``vetoes.nc`` and ``vetoes.xlsx``.

    Parameters
    ----------
    order : Order
        Run, year, level, and what is to change.
    say : Wording
        Texts of the rooms ``commands`` and ``vetoes``.

    Raises
    ------
    InputError
        A folder that is no run, unknown years or rules, thresholds and errors that are no numbers; nothing has been
        written then.
    """
    with open_run(order.run) as run:
        stored = stored_patterns(run, order.year)
        thresholds, errors = _checked(order, run, stored)
        parts = _village_parts if order.level == "village" else _household_parts
        sections = list(parts(order, run, stored, say))
        sections += change_sections(run, stored, thresholds, say)
        sections += error_sections(run, stored, errors, say)
        sections += _sampling(run, stored, say)
        if order.scorecard is not None:
            sections += card_sections(run, stored.year, order.scorecard, say)
        screen = cli_show.screen()
        for line in (say("title", plan=stored.scenario.label(say.lang), year=stored.year, draws=len(stored.draws)), ""):
            screen.print(line)
        for section in sections:
            section.show(screen)
        files = write_sections(order.out or order.run, sections, say)
        screen.print(say("written", files=", ".join(files)))


# ---- what was asked ----


def _checked(order: Order, run: Run, stored: Stored) -> tuple[list[tuple[str, str]], dict[str, float]]:
    """Return thresholds (as written) and errors by rule, after finding all that is wrong with the order."""
    known = _offered(order, stored)
    problems: list[Problem] = []
    for code in order.off:
        if code not in known:
            problems.append(Problem("--off", "no such rule", code, ", ".join(known), nearest(code, known)))
    if twice := sorted({code for code in order.off if order.off.count(code) > 1}):
        problems.append(Problem("--off", "given twice", ", ".join(twice)))
    thresholds = list(_pairs("--threshold", order.threshold, known, problems))
    for rule, text in thresholds:
        _number("--threshold", rule, text.removesuffix("%"), problems)
    problems += _without_threshold(stored, [rule for rule, _ in thresholds])
    errors, first = {}, stored.codes[0]
    for rule, text in _pairs("--error", order.error, stored.codes, problems):
        errors[rule] = _number("--error", rule, text, problems)
        if rule != first:
            what = "the run keeps no distances to the threshold of this rule"
            problems.append(Problem("--error", what, rule, first))
    if problems:
        raise InputError(str(run.path), problems)
    return thresholds, errors


def _offered(order: Order, stored: Stored) -> list[str]:
    """Return the rules that may be switched off: those of households, before them those of villages where asked."""
    if order.level != "village":
        return stored.codes
    tests = [test.code for test in stored.scenario.exit_standard.village if test.veto]
    if not tests:
        what = "the exit standard has no tests of villages"
        raise InputError(str(order.run), [Problem("--level", what, "village", "household")])
    return [*dict.fromkeys([*tests, *stored.codes])]


def _without_threshold(stored: Stored, rules: Iterable[str]) -> list[Problem]:
    kinds = {test.code: test.type for test in stored.scenario.exit_standard.household.tests}
    what = "is met or not: it has no threshold to move"
    return [
        Problem("--threshold", what, rule, mend=f"use --off {rule}")
        for rule in rules
        if kinds.get(rule) in ("guarantee", "growth")
    ]


def _pairs(
    option: str, texts: Sequence[str], known: Sequence[str], problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    for text in texts:
        rule, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not value:
            problems.append(Problem(option, "should read RULE=NUMBER", text, mend=f"e.g. {option} {known[0]}=0.1"))
        elif rule not in known:
            problems.append(Problem(option, "no such rule", rule, ", ".join(known), nearest(rule, known)))
        else:
            yield rule, value


def _number(option: str, rule: str, text: str, problems: list[Problem]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (np.isfinite(value) and value > 0):
        problems.append(Problem(f"{option} {rule}", "should be a number above zero", text))
    return value


# ---- households ----


def _household_parts(order: Order, run: Run, stored: Stored, say: Wording) -> Iterator[Section]:
    found = excluded_by_draw(stored)
    names = stored.labels[f"veto_{say.lang}"][1]
    total = found["excluded"].transpose("count", "draw").to_numpy()
    low, high = np.quantile(total[1], BAND)
    counts = {"persons": figures.count(total[1].mean()), "households": figures.count(total[0].mean())}
    lines = [say("household.total", **counts, low=figures.count(low), high=figures.count(high)), say("mean.persons")]
    mean = found.mean("draw")
    share = mean["shapley"].sel(count="persons").to_numpy()
    if share.sum() > 0:
        top = int(share.argmax())
        alone = figures.count(float(mean["sole_blocker"].sel(count="persons")[top]))
        part = figures.percent(share[top] / share.sum(), say.lang, 0)
        lines.append(say("household.main", rule=names[top], share=part, alone=alone))
    else:
        lines.append(say("household.nobody"))
    headings = ["rule", "any_persons", "any_households", "alone_persons", "alone_households"]
    headings += ["shapley_persons", "shapley_households", "draws"]
    columns = [
        mean[name].sel(count=count).to_numpy()
        for name in ("any_hit", "sole_blocker", "shapley")
        for count in ("persons", "households")
    ]
    often = (found["sole_blocker"].sel(count="persons") > 0).mean("draw").to_numpy()
    data = [
        [name, *row, often[place]]
        for place, (name, row) in enumerate(zip(names, zip(*columns, strict=True), strict=True))
    ]
    rows = [
        [short(str(row[0]), 24), *map(figures.count, row[1:7]), figures.probability(row[7], say.lang)] for row in data
    ]
    after = (say("rules.note"), say("draws.note"))
    heads = [say(f"column.{key}") for key in headings]
    yield Section(
        "rules", tuple(lines), tuple(heads), rows, data, after, found.rename(veto="rule", other_veto="other_rule")
    )
    yield _pairs_of(mean.sel(count="persons"), names, say)
    if order.off:
        yield _switched(order, run, stored, say)


def _pairs_of(mean: xr.Dataset, names: Sequence[str], say: Wording) -> Section:
    both, overlap = mean["both"].to_numpy(), mean["overlap"].to_numpy()
    pairs = [(a, b) for a in range(len(names)) for b in range(a + 1, len(names)) if both[a, b] > 0]
    pairs.sort(key=lambda pair: overlap[pair])
    if not pairs:
        return Section("pairs", (say("pairs.none"),))
    data: list[list[Any]] = [[str(names[a]), str(names[b]), float(both[a, b]), float(overlap[a, b])] for a, b in pairs]
    rows = [[short(row[0], 32), short(row[1], 32), f"{row[2]:,.1f}", f"{row[3]:,.1f}"] for row in data]
    heads = tuple(say(f"column.{key}") for key in ("rule", "other", "both", "overlap"))
    return Section("pairs", (say("pairs.title"),), heads, rows[:MOST_PAIRS], data, words=(0, 1))


def _switched(order: Order, run: Run, stored: Stored, say: Wording) -> Section:
    """Say what dropping household rules releases: persons, households, and villages by the share that fails."""
    off = [code for code in order.off if code in stored.codes]
    found, villages = switched_off(stored, off), rolled_up(stored, off)
    mean = found.mean("draw")
    released = [figures.count(float(mean["released"].sel(count=name))) for name in ("persons", "households")]
    left = figures.count(float(mean["still_excluded"].sel(count="persons")))
    limit = figures.percent(village_limit(stored.scenario, stored.year)[0], say.lang, 0)
    before, after = (f"{float(villages[name].mean()):.1f}" for name in ("failing", "still_failing"))
    lines = [
        say("off.household", rules=_named(stored, off, say), persons=released[0], households=released[1], left=left),
        say("off.rollup", limit=limit, before=before, after=after),
        *run_again(run, stored, found.attrs["set"], say),
    ]
    data = [
        [name, *(float(mean[key].sel(count=name)) for key in ("excluded", "released", "still_excluded"))]
        for name in ("persons", "households")
    ]
    return Section("off", tuple(lines), data=data, arrays=found.assign_attrs({"off": " ".join(off)}))


def _named(stored: Stored, codes: Sequence[str], say: Wording) -> str:
    names = dict(zip(stored.codes, stored.labels[f"veto_{say.lang}"][1], strict=True))
    return (", " if say.lang == "en" else "、").join(
        f"'{names[code]}'" if say.lang == "en" else names[code] for code in codes
    )


# ---- villages ----


def _village_parts(order: Order, run: Run, stored: Stored, say: Wording) -> Iterator[Section]:
    blocked = village_blocks(run, stored.year, stored.scenario.code).load()
    by_draw = [attribution(blocked.isel(draw=place, drop=True)) for place in range(blocked.sizes["draw"])]
    found = xr.concat(by_draw, "draw", coords="minimal", compat="override").assign_coords(draw=stored.draws)
    names = [str(name) for name in blocked[f"veto_{say.lang}"].to_numpy()]
    low, high = np.quantile(found["excluded"].to_numpy(), BAND)
    counts = {"villages": f"{float(found['excluded'].mean()):.1f}", "low": f"{low:.0f}", "high": f"{high:.0f}"}
    lines = (say("village.total", **counts, all=len(stored.villages)), say("mean"))
    mean = found.mean("draw")
    columns = [mean[name].to_numpy() for name in ("any_hit", "sole_blocker", "shapley")]
    often = (found["sole_blocker"] > 0).mean("draw").to_numpy()
    data = [[name, *(column[place] for column in columns), often[place]] for place, name in enumerate(names)]
    rows = [[short(row[0], 40), *(f"{x:.1f}" for x in row[1:4]), figures.probability(row[4], say.lang)] for row in data]
    heads = tuple(say(f"column.{key}") for key in ("rule", "villages_any", "villages_alone", "villages_share", "draws"))
    arrays = found.rename(veto="village_rule", other_veto="other_village_rule")
    yield Section("rules", lines, heads, rows, data, (say("rules.note"), say("draws.note")), arrays)
    yield _pairs_of(mean, names, say)
    yield _rollup(stored, say)
    tests = [code for code in order.off if code in blocked["veto"].to_numpy()]
    if tests:
        yield _villages_released(run, stored, blocked, tests, say)
    if len(tests) < len(order.off):
        yield _switched(order, run, stored, say)


def _villages_released(run: Run, stored: Stored, blocked: xr.DataArray, off: list[str], say: Wording) -> Section:
    flat = blocked.stack(case=("draw", "village")).transpose("case", "veto").reset_index("case", drop=True)
    found = release(flat, off) / len(stored.draws)
    name = dict(zip(blocked["veto"].to_numpy(), blocked[f"veto_{say.lang}"].to_numpy(), strict=True))
    rules = ", ".join(str(name[code]) for code in off)
    counts = {"villages": f"{float(found['released']):.1f}", "left": f"{float(found['still_excluded']):.1f}"}
    paths = [f"exit_standard.village.{code}.veto=false" for code in off]
    lines = (say("off.village", rules=rules, **counts), *run_again(run, stored, paths, say))
    return Section(
        "off", lines, data=[[rules, *(float(found[key]) for key in ("excluded", "released", "still_excluded"))]]
    )


def _rollup(stored: Stored, say: Wording) -> Section:
    found = rolled_up(stored)
    limit = figures.percent(found.attrs["limit"], say.lang, 0)
    method = say("rollup.exact" if str(found.attrs["method"]).startswith("exact") else "rollup.sampled")
    title = say("rollup.title", limit=limit, villages=f"{float(found['failing'].mean()):.1f}", method=method)
    names = stored.labels[f"veto_{say.lang}"][1]
    columns = [found[name].to_numpy() for name in ("alone", "sole_blocker", "shapley")]
    data: list[list[Any]] = [
        [str(name), *(float(column[place]) for column in columns)] for place, name in enumerate(names)
    ]
    rows = [[short(row[0], 40), *(f"{x:.1f}" for x in row[1:])] for row in data]
    heads = tuple(say(f"column.{key}") for key in ("rule", "villages_only", "villages_released", "villages_share"))
    arrays = found.assign_attrs(off="").rename(veto="rule")
    return Section("rollup", (title,), heads, rows, data, (say("rollup.note"),), arrays)


# ---- the sampled county test ----


def _sampling(run: Run, stored: Stored, say: Wording) -> Iterator[Section]:
    """Yield how often the sampled tests of the county pass, where the standard has any."""
    tests = [test for test in stored.scenario.exit_standard.county if test.column != "composite_incidence"]
    if not stored.scenario.exit_standard.county:
        return
    one = run.outcomes.sel(scenario=stored.scenario.code, year=stored.year)
    headings, rows, data = [say("column.test"), say("column.size")], [], []
    headings += [figures.percent(factor, say.lang, 0) for factor in TRUE_RATES]
    for test in tests:
        size = round(float(one["county_sample"].sel(veto=test.code).mean()))
        bound, lower = float(test.threshold.at(stored.year)), test.comparison in (">", ">=")
        limit = round(1 - bound, 12) if lower else bound
        if size < 1:
            continue
        rates = np.minimum(np.array(TRUE_RATES) * limit, 1.0)
        passes = sampled_test(rates, [size], limit=limit, comparison="<=" if "=" in test.comparison else "<")
        data.append([test.label(say.lang), size, *passes.to_numpy()[0].tolist()])
        cells = [figures.probability(share, say.lang) for share in data[-1][2:]]
        rows.append([short(test.label(say.lang), 30), figures.count(size), *cells])
    verdicts = [
        figures.probability(float((one[f"county_passes_{kind}"] == 1).mean()), say.lang) for kind in ("true", "seen")
    ]
    lines = (say("sampling.run", true=verdicts[0], seen=verdicts[1]), say("sampling.title"))
    yield Section("sampling", lines, tuple(headings), rows, data, (say("sampling.note"),))
