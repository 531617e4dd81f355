"""The work behind ``povsim calibrate``: read a panel, estimate, print tables, write a scenario and effects."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from povsim import cli_show, figures
from povsim.calibration import (
    Calibration,
    Choices,
    Effects,
    IncomeProcess,
    Note,
    calibrate_by,
    calibration_yaml,
    effects_yaml,
    measure_effects,
)
from povsim.calibration.effects import Method
from povsim.calibration.records import ERROR_SHARE
from povsim.cli_progress import Reporter
from povsim.errors import InputError, Problem
from povsim.interrupts import raise_if_stopped
from povsim.panels import read_panel
from povsim.scenario import locate, read_scenario, shipped_scenarios
from povsim.staging import replaced
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.table import Table

ENDINGS = (".yaml", ".yml")
OWN = b"# Written by povsim calibrate"
PARTS = ("variance", "permanent", "persistent", "lasting", "transitory", "error", "rho", "trend")


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    panel: Path
    mapping: Path | str | None
    choices: Choices
    base: str
    out: Path | None


def read_rho(text: str | None) -> float | tuple[float, float] | None:
    """Return a stated rho, or its range written ``LOW:HIGH``.

    Raises
    ------
    InputError
        Not a number.

    Examples
    --------
    >>> read_rho("0.83"), read_rho("0.5:0.95"), read_rho(None)
    (0.83, (0.5, 0.95), None)
    """
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.replace("：", ":").split(":")]
    except ValueError:
        numbers = []
    if len(numbers) == 1:
        return numbers[0]
    if len(numbers) == 2:
        return numbers[0], numbers[1]
    raise InputError("povsim calibrate", [Problem("--rho", "is not a number", text, "0.83, or a range 0.5:0.95")])


def perform(order: Order, say: Wording) -> None:
    """Calibrate a panel, print what was found, write the files where one is named.

    Parameters
    ----------
    order : Order
        Panel, mapping, choices, file.
    say : Wording
        Texts of the rooms ``commands`` and ``calibrate``.

    Raises
    ------
    InputError
        Anything wrong with panel, mapping or choices, before anything is estimated.
    """
    _checked(order)
    with Reporter(say) as report:
        report.announce(say("calibrate.reading"))
        panel = read_panel(order.panel, mapping=order.mapping)
        report.announce(say("calibrate.estimating"))
        found = calibrate_by(panel, order.choices, progress=report)
        report.announce(say("calibrate.effects"))
        effects = list(_effects(panel, order.choices))
        written = _write(order, found, effects) if order.out is not None else []
    _print(found, effects, say)
    screen = cli_show.screen()
    draws, seed = order.choices.draws, order.choices.seed
    screen.print(say("calibrate.bootstrap", draws=draws, seed=seed, seconds=f"{report.seconds:.1f}"))
    if not written:
        screen.print(say("calibrate.not_written"))
        return
    screen.print(say("calibrate.written", file=written[0]), soft_wrap=True)
    for file in written[1:]:
        screen.print(say("calibrate.written_effects", file=file), soft_wrap=True)


def _checked(order: Order) -> None:
    problems = []
    if order.out is not None and order.out.suffix.lower() not in ENDINGS:
        mend = f"call it {order.out.stem}.yaml"
        problems.append(Problem("--out", "does not end as a scenario does", order.out.name, " or ".join(ENDINGS), mend))
    if order.out is not None and order.out.is_dir():
        problems.append(Problem("--out", "is a folder", str(order.out), mend="name a file in it"))
    if order.out is not None and order.out.is_file() and not _own(order.out):
        what = "exists, and povsim calibrate did not write it"
        problems.append(Problem("--out", what, str(order.out), mend="name another file, or move this one away"))
    if (
        order.out is not None
        and order.base not in shipped_scenarios()
        and order.out.resolve() == Path(order.base).resolve()
    ):
        problems.append(Problem("--out", "is the base itself", str(order.out), mend="name another file"))
    try:
        read_scenario(order.base)
    except InputError as error:
        problems += [Problem("--base", one.what, one.found, one.allowed, one.mend) for one in error.problems]
    if problems:
        raise InputError("povsim calibrate", problems)


def _own(file: Path) -> bool:
    """Tell whether a file is an earlier calibration, which may be replaced, by its first line."""
    with file.open("rb") as opened:
        return opened.readline(len(OWN)) == OWN


def _effects(panel: xr.Dataset, choices: Choices) -> Iterator[Effects]:
    """Yield the effects of every treatment of the panel: by lot for ``treated``, matched for the others."""
    for name in panel.data_vars:
        if panel[name].attrs.get("role") == "treatment":
            raise_if_stopped()
            method: Method = "baseline" if name == "treated" else "matched"
            yield measure_effects(panel, treatment=str(name), method=method, draws=choices.draws, seed=choices.seed)


def _write(order: Order, found: Calibration, effects: Sequence[Effects]) -> list[Path]:
    """Write the scenario, and the effects beside it; each file appears whole or not at all."""
    assert order.out is not None
    raise_if_stopped()
    order.out.parent.mkdir(parents=True, exist_ok=True)
    texts = {order.out: calibration_yaml(found, base=order.base, standing=_standing(order))}
    for each in effects:
        texts[order.out.with_name(f"{order.out.stem}.{each.treatment}.effects.yaml")] = effects_yaml(each)
    for file, text in texts.items():
        with replaced(file) as part:
            part.write_text(text, encoding="utf-8")
    return list(texts)


def _standing(order: Order) -> str:
    """Return how the file names its base: a shipped name as it is, a file as seen from where the new one lies."""
    assert order.out is not None
    given = Path(order.base)
    if not given.is_file():
        return order.base
    return Path(os.path.relpath(locate(order.base).resolve(), order.out.resolve().parent)).as_posix()


# ---- what is printed ----


def _print(found: Calibration, effects: Sequence[Effects], say: Wording) -> None:
    screen, told, lang = cli_show.screen(), found.told, say.lang
    screen.print(told[f"name_{lang}"])
    screen.print(told["source"])
    years = ", ".join(wave if wave == f"{year:g}" else f"{wave} ({year:g})" for wave, year in told["waves"].items())
    size = {name: figures.count(told[name]) for name in ("clusters", "strata")}
    size |= {
        "households": figures.count(found.total.households),
        "observations": figures.count(found.total.observations),
    }
    screen.print(say("calibrate.size", waves=len(told["waves"]), years=years, **size))
    known = [say.find(f"covariate.{name}") or name for name in told["covariates"]]
    names = ("、" if lang == "zh" else ", ").join(known)
    explained = say("calibrate.and", names=names) if names else ""
    welfare = say(f"welfare.{told['welfare']}")
    screen.print(say("calibrate.explained", welfare=welfare, groups=told["groups"], covariates=explained))
    for name, process in ({"income": found.total} | dict(found.sources)).items():
        screen.print()
        if found.sources:
            screen.print(say(f"source.{name}"))
        cli_show.show_whole(screen, _table(process, say))
    screen.print()
    for line in _lines(found, say):
        screen.print(line)
    for each in effects:
        screen.print()
        for part in _shown(each, say, welfare):
            if isinstance(part, str):
                screen.print(part)
            else:
                cli_show.show_whole(screen, part)


def _table(process: IncomeProcess, say: Wording) -> Table:
    bounded = process.known == "bounds"
    headings = [say("calibrate.column.part"), say(f"calibrate.column.{'central' if bounded else 'value'}")]
    headings += [say("calibrate.column.bounds")] if bounded else []
    headings += [say("calibrate.column.error"), say("calibrate.column.interval")]
    rows = []
    for name in PARTS:
        value, error, interval = _numbers(process, name)
        label = "rho_stated" if name == "rho" and process.known == "given_rho" else name
        row = [say(f"part.{label}"), _short(value)]
        row += [_band(process.bounds.get(name), say)] if bounded else []
        rows.append([*row, _short(error), _band(interval, say)])
    return cli_show.grid(headings, rows)


def _numbers(process: IncomeProcess, name: str) -> tuple[float, float, tuple[float, float] | None]:
    if name == "lasting":
        return process.lasting, *process.lasting_error
    interval = process.intervals.get(name)
    fixed = name == "rho" and process.known == "given_rho"
    return getattr(process, name), process.standard_errors[name], None if fixed else interval


def _lines(found: Calibration, say: Wording) -> Iterator[str]:
    choices = found.choices
    share = ERROR_SHARE if choices.error_share is None else choices.error_share
    origin = say(f"origin.{'default' if choices.error_share is None else 'stated'}")
    yield say("calibrate.error_share", share=figures.percent(share, say.lang, 0), origin=origin)
    if found.trends:
        parts = [
            say("calibrate.trend", source=say(f"source.{name}"), value=_short(value), error=_short(error))
            for name, (value, error) in found.trends.items()
        ]
        yield " ".join([say("calibrate.trends"), ("；" if say.lang == "zh" else "; ").join(parts)])
    yield from _attrition(found, say)
    for note in found.notes:
        yield say(f"{note.key}", **_filled(note, say))


def _filled(note: Note, say: Wording) -> dict[str, object]:
    filled: dict[str, object] = {}
    for name, value in note.values.items():
        if name == "share":
            filled[name] = figures.percent(float(value), say.lang)
        elif name == "source":
            filled[name] = say(f"source.{value}")
        else:
            filled[name] = _short(value) if isinstance(value, float) else figures.count(value)
    return filled


def _attrition(found: Calibration, say: Wording) -> Iterator[str]:
    if all(one.left == 0 for one in found.attrition):
        yield say("calibrate.attrition.none")
        return
    for one in found.attrition:
        told = {"seen": figures.count(one.seen), "wave": one.wave, "left": figures.percent(one.left, say.lang, 1)}
        told["entered"] = figures.count(one.entered)
        if math.isnan(one.gap):
            yield say("calibrate.attrition.nobody_stayed", **told)
            continue
        side = say("side.below" if one.gap < 0 else "side.above")
        yield say("calibrate.attrition", gap=_short(abs(one.gap)), side=side, error=_short(one.gap_error), **told)


def _shown(effects: Effects, say: Wording, welfare: str) -> Iterator[str | Table]:
    method = say(f"method.{effects.method}")
    yield say("calibrate.effects.head", treatment=effects.told[f"treatment_{say.lang}"], method=method)
    columns = ("outcome", "wave", "treated", "control", "effect", "error", "interval", "unit")
    rows = []
    for one in effects.found:
        known = say.find(f"outcome.{one.outcome}")
        name = known.format(welfare=welfare) if known else effects.told["outcomes"][one.outcome][say.lang]
        numbers = [_amount(value) for value in (one.treated, one.control, one.effect, one.error)]
        interval = say("calibrate.range", low=_amount(one.low), high=_amount(one.high))
        unit = figures.unit_name(one.unit, say.lang)
        rows.append([name, f"{one.wave} (+{one.years:g})", *numbers, interval, unit])
    yield cli_show.grid([say(f"calibrate.column.{name}") for name in columns], rows, (0, 1, 7))
    if effects.method == "matched":
        worst = max(effects.balance, key=lambda one: abs(one.after))
        before = max(abs(one.before) for one in effects.balance)
        told = {"after": _short(abs(worst.after)), "before": _short(before), "covariate": worst.covariate}
        yield say("calibrate.imbalance", **told)


def _short(value: float) -> str:
    # z: what rounds to zero has no sign
    return figures.NOTHING if math.isnan(value) else f"{value:z.3f}"


def _amount(value: float) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{value:z,.{digits}f}"


def _band(ends: tuple[float, float] | None, say: Wording) -> str:
    if ends is None or math.isnan(ends[0]):
        return figures.NOTHING
    return say("calibrate.range", low=_short(ends[0]), high=_short(ends[1]))
