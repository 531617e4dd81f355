"""Parts of what ``povsim sensitivity vetoes`` prints: a section, what moves with thresholds and errors, the files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from povsim import cli_show, figures
from povsim.assumptions import harmless
from povsim.folder import Run
from povsim.folder_files import write_dataset
from povsim.sensitivity.veto_curves import MarginCurve, margin_curve
from povsim.sensitivity.veto_errors import margin_flips
from povsim.sensitivity.veto_runs import Stored, line_of
from povsim.staging import replaced
from povsim.wording import Wording

if TYPE_CHECKING:
    from rich.console import Console

CURVE = (-0.5, -0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Edges of bins, in log points around the line, that the screen shows."""


@dataclass(frozen=True, eq=False)
class Section:
    """Something said: sentences, a table, sentences after it; numbers for the workbook, arrays for the Dataset."""

    key: str
    lines: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = ()
    data: Sequence[Sequence[Any]] = ()
    after: tuple[str, ...] = ()
    arrays: xr.Dataset | None = None
    words: tuple[int, ...] = field(default=(0,))

    def show(self, screen: Console) -> None:
        """Print it; commands are not folded, so that they can be copied."""
        if not (self.lines or self.rows):
            return
        for line in self.lines:
            screen.print(line, soft_wrap=line.startswith("  "))
        if self.rows:
            cli_show.show_whole(screen, cli_show.grid(self.headings, self.rows, left=self.words))
        for line in self.after:
            screen.print(line)
        screen.print()


def short(text: str, width: int) -> str:
    """Return a text cut to a number of columns; a Chinese character takes two.

    Examples
    --------
    >>> short("enough food", 20), short("income per head above the line", 12)
    ('enough food', 'income per…')
    """
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def run_again(run: Run, stored: Stored, paths: Sequence[str], say: Wording) -> tuple[str, str]:
    """Return what an answer leaves out, and the command whose run would have it."""
    place = [plan.code for plan in run.scenarios].index(stored.scenario.code)
    name = "scenario.yaml" if place == 0 else f"scenario.{stored.scenario.code}.yaml"
    sets = " ".join(f"--set {shlex.quote(path)}" for path in paths)
    draws, seed = len(stored.draws), run.manifest.get("seed", 1)
    command = f"povsim run {shlex.quote(str(run.path / name))} {sets} --draws {draws} --seed {seed} --out FOLDER"
    return say("feedback"), f"  {command}"


def _curve(run: Run, stored: Stored) -> MarginCurve | None:
    if not (run.path / "margins.nc").is_file() or stored.codes[:1] != [
        test.code for test in stored.scenario.exit_standard.household.tests[:1]
    ]:
        return None
    return margin_curve(run.margins, stored.codes[0], stored.year, stored.scenario.code)


def change_sections(run: Run, stored: Stored, thresholds: Sequence[tuple[str, str]], say: Wording) -> Iterator[Section]:
    """Yield the curve of the income line, then a section for each threshold that is to move.

    Parameters
    ----------
    run, stored
        The run and its patterns of the year.
    thresholds : sequence of (rule, text)
        A number, or a percentage of the present threshold.
    say : Wording
        Texts of the room ``vetoes``.
    """
    curve = _curve(run, stored)
    if curve is None:
        yield Section("curve", (say("margins.none"),))
    else:
        yield _curve_section(curve, line_of(stored.scenario, stored.year), say)
    for rule, text in thresholds:
        yield _threshold(run, stored, curve, (rule, text), say)


def _curve_section(curve: MarginCurve, line: float | None, say: Wording) -> Section:
    factors = np.exp(curve.edges[np.abs(curve.edges) < CURVE[-1] + 1e-9])
    found = curve.at(np.exp(curve.edges))
    now = float(curve.at([1.0])["low"][0])
    some = curve.at(np.exp(CURVE))
    rows = []
    for place, factor in enumerate(np.exp(CURVE)):
        excluded = float(some["low"][place])
        money = figures.count(line * factor) if line is not None else figures.NOTHING
        change = excluded - now
        cells = [money, figures.percent(factor, say.lang, 0), figures.count(excluded)]
        rows.append([*cells, f"{change:+,.0f}" if abs(change) >= 0.5 else "0"])
    every = curve.at(factors)["low"].to_numpy()
    data = [
        [float("nan") if line is None else line * factor, factor, count, count - now]
        for factor, count in zip(factors.tolist(), every.tolist(), strict=True)
    ]
    heads = tuple(say(f"column.{key}") for key in ("line", "against", "excluded", "change"))
    return Section("curve", (say("curve.title"),), heads, rows, data, arrays=found, words=())


def _threshold(run: Run, stored: Stored, curve: MarginCurve | None, asked: tuple[str, str], say: Wording) -> Section:
    rule, text = asked
    number, line = float(text.removesuffix("%")), line_of(stored.scenario, stored.year)
    relative = text.endswith("%")
    name = _label(stored, rule, say)
    if curve is None or rule != curve.veto or (line is None and not relative):
        path = f"exit_standard.{'household.tests' if rule in stored.codes else 'village'}.{rule}"
        entry = {"income": "line", "activity": "least"}.get(_kind(stored, rule), "threshold")
        again = run_again(run, stored, [f"{path}.{entry}={text.removesuffix('%')}"], say)
        return Section("thresholds", (say("threshold.none", rule=name), again[1]))
    factor = number / 100 if relative else number / float(line or np.nan)
    found = curve.at([factor])
    value = text if line is None else f"{factor * line:,.0f}"
    numbers = [float(found[key][0]) for key in ("low", "high", "estimate")] + [float(curve.at([1.0])["low"][0])]
    counts = dict(zip(("low", "high", "middle", "now"), map(figures.count, numbers), strict=True))
    lines = [say("threshold.sentence", rule=name, value=value, **counts)]
    if line is not None:
        lines += run_again(run, stored, [f"exit_standard.household.tests.{rule}.line={factor * line:g}"], say)
    return Section("thresholds", tuple(lines), data=[[name, value, *numbers]], arrays=found.drop_vars("otherwise"))


def _kind(stored: Stored, rule: str) -> str:
    kinds = {test.code: test.type for test in stored.scenario.exit_standard.household.tests}
    return str(kinds.get(rule, "village"))


def _label(stored: Stored, rule: str, say: Wording) -> str:
    standard = stored.scenario.exit_standard
    names = {test.code: test.label(say.lang) for test in (*standard.village, *standard.household.tests)}
    return names[rule]


def error_sections(run: Run, stored: Stored, errors: Mapping[str, float], say: Wording) -> Iterator[Section]:
    """Yield how many verdicts flip when incomes are measured with error: that asked for, else that of the plan."""
    curve = _curve(run, stored)
    if curve is None:
        return
    own = float(stored.scenario.inspection.income_error.at(stored.year))
    for rule, sd in (errors or {stored.codes[0]: own}).items():
        found = margin_flips(curve, sd)
        counts: dict[str, str] = {}
        for key, name in (("bad", "wrongly_excluded"), ("good", "wrongly_passed")):
            low, middle, high = (figures.count(each) for each in found[name].to_numpy().tolist())
            counts |= {key: middle, f"{key}_low": low, f"{key}_high": high}
        lines = [say("error.sentence", rule=_label(stored, rule, say), sd=f"{sd:g}", **counts)]
        lines += [] if errors else [say("error.own")]
        data = [[name, sd, *found[name].to_numpy().tolist()] for name in ("wrongly_excluded", "wrongly_passed")]
        yield Section("error", tuple(lines), data=data, arrays=found)


# ---- files ----


def write_sections(folder: Path, sections: Sequence[Section], say: Wording) -> list[str]:
    """Write ``vetoes.nc`` and ``vetoes.xlsx``; return their paths.

    Parameters
    ----------
    folder : Path
        Made where it is not there.
    sections : sequence of Section
        Arrays go to the Dataset with the section's key before their names, numbers to a sheet each.
    say : Wording
        Texts of the room ``vetoes``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replaced(folder / "vetoes.nc") as part:
        write_dataset(_joined(sections), part)
    with replaced(folder / "vetoes.xlsx") as part:
        _write_book(part, sections, say)
    return [str(folder / name) for name in ("vetoes.nc", "vetoes.xlsx")]


def _joined(sections: Sequence[Section]) -> xr.Dataset:
    """Return one Dataset; dims that differ from section to section carry its key too."""
    parts: list[xr.Dataset] = []
    about: dict[str, str] = {}
    for number, section in enumerate(sections):
        if section.arrays is None:
            continue
        mark = section.key if section.key not in about.values() else f"{section.key}{number}"
        about[f"section_{number}"] = mark
        own = {name: f"{mark}_{name}" for name in section.arrays.data_vars}
        dims = {dim: f"{mark}_{dim}" for dim in section.arrays.dims if dim in ("factor", "bound", "effect", "unit")}
        names = {name: f"{mark}_{name}" for name in section.arrays.coords if str(name).startswith("veto_")}
        about |= {f"{mark}_{key}": str(value) for key, value in section.arrays.attrs.items()}
        parts.append(section.arrays.rename(own | dims | names).drop_attrs(deep=False))
    joined = xr.merge(parts, compat="override", join="outer") if parts else xr.Dataset()
    return joined.assign_attrs({key: value for key, value in about.items() if not key.startswith("section_")})


def _write_book(path: Path, sections: Sequence[Section], say: Wording) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = say("sheet.about")
    for section in sections:
        for line in (*section.lines, *section.after):
            book.active.append([_cell(line.strip())])
        if section.data and (title := say.find(f"sheet.{section.key}")) is not None:
            _add_rows(book, title, section)
    for sheet in book:
        sheet.column_dimensions["A"].width = 40
    # openpyxl writes to a path only if its name ends as a workbook's does
    with path.open("wb") as stream:
        book.save(stream)


def _add_rows(book: Any, title: str, section: Section) -> None:
    """Add a section's numbers to the sheet of its kind, with headings where it has none yet."""
    from openpyxl.styles import Font

    if title not in book.sheetnames:
        sheet = book.create_sheet(title)
        if section.headings:
            sheet.append([harmless(text) for text in section.headings])
            for cell in sheet[1]:
                cell.font = Font(bold=True)
    for row in section.data:
        book[title].append([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    """Return a value as a sheet takes it: numbers plain, missing ones blank, texts never as formulas."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, (int, np.integer)) else harmless(str(value))
