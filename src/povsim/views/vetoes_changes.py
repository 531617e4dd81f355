"""What can be set in the veto lab, and what each change that was made rests on: exact, bounded, or a new run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from povsim import figures
from povsim.views.vetoes_asked import Asked, Surety, remembered
from povsim.views.vetoes_boards import Board, nice
from povsim.views.vetoes_income import REACH, excluded, has_margins


@dataclass(frozen=True)
class Switch:
    """A rule that can be switched off.

    Attributes
    ----------
    key, label : str
        Its code in settings, and its name in the reader's language.
    on : bool
        Whether it is in force.
    level : str
        ``household``, ``village`` or ``card``.
    """

    key: str
    label: str
    on: bool
    level: str


@dataclass(frozen=True)
class Slider:
    """A threshold that can be moved without a new run.

    Attributes
    ----------
    key, label, unit : str
        Code in settings, name and unit in the reader's language.
    low, high, step, value, own : float
        How far it goes, what is set, and the threshold of the run; in percent where ``percent`` is ``yes``.
    digits : int
        Decimals to show.
    level : str
        ``household``, ``village`` or ``card``.
    percent : {"yes", "no"}
        Whether the values here are a hundred times those of settings.
    """

    key: str
    label: str
    unit: str
    low: float
    high: float
    step: float
    value: float
    own: float
    digits: int
    level: str
    percent: str = "no"

    def setting(self, shown: float) -> float:
        """Return what settings hold for a value of the slider."""
        return round(shown / 100 if self.percent == "yes" else shown, 12)


@dataclass(frozen=True)
class Change:
    """A change that was made, what its answer rests on, and the entry of the plan that a new run would take.

    Attributes
    ----------
    key, text : str
        Code in settings, and the sentence in the reader's language.
    surety : {"exact", "bounded", "rerun"}
        What the numbers shown for it are.
    path : str
        Dotted path of the plan's entry; "" where no entry of a plan stands for it.
    value : float
        What the entry would be.
    """

    key: str
    text: str
    surety: Surety
    path: str = ""
    value: float = 0.0


def switches(asked: Asked) -> list[Switch]:
    """Return the rules that can be switched off: of households, of villages, of the scorecard."""
    found = [
        Switch(code, name, code not in asked.off, "household")
        for code, name in zip(asked.codes, asked.names, strict=True)
    ]
    for board in (asked.villages, asked.units):
        if board is not None:
            level = "card" if board.prefix else "village"
            rules = enumerate(board.names)
            found += [Switch(board.key(place), name, board.key(place) not in asked.off, level) for place, name in rules]
    return found


def sliders(asked: Asked) -> list[Slider]:
    """Return the thresholds that can be moved without a new run."""
    found = [_income_slider(asked)] if has_margins(asked) else []
    for board in (asked.villages, asked.units):
        if board is not None:
            found += [_slider(asked, board, place) for place in range(len(board.codes)) if board.movable[place]]
    return found


def _income_slider(asked: Asked) -> Slider:
    code, line = str(asked.income), asked.line
    quantile = line == 1.0
    step = 0.01 if quantile else max(nice(line / 200), 1.0)
    low, high = (round(edge * line / step) * step for edge in REACH)
    unit = asked.say("unit.multiple") if quantile else money_unit(asked, "yuan per head and year")
    value = asked.thresholds.get(code, line)
    # the run's own line is one of the steps
    low = line - round((line - low) / step) * step
    return Slider(code, asked.names[0], unit, round(low, 6), high, step, value, line, 2 if quantile else 0, "household")


def _slider(asked: Asked, board: Board, place: int) -> Slider:
    low, high, step = board.reaches[place]
    own, key, unit = float(board.thresholds[place]), board.key(place), board.units[place]
    value = asked.thresholds.get(key, own)
    level = "card" if board.prefix else "village"
    share = "yes" if unit == "ratio" or unit.split(" ")[0] == "share" else "no"
    by = 100.0 if share == "yes" else 1.0
    low, high, step, value, own = (round(by * number, 10) for number in (low, high, step, value, own))
    label = "%" if share == "yes" else money_unit(asked, unit)
    digits = max(0, -int(f"{step:e}".partition("e")[2]))
    return Slider(key, board.names[place], label, low, high, step, value, own, digits, level, share)


def money_unit(asked: Asked, unit: str) -> str:
    """Return a unit in the reader's language, in the run's money."""
    currency = asked.part.attrs.get("currency", "yuan")
    known = unit if currency in ("yuan", "CNY") else unit.replace("yuan", currency, 1)
    return figures.unit_name(known, asked.lang)


def amount(asked: Asked, value: float, unit: str) -> str:
    """Return a figure with its unit as a sentence has it."""
    if unit == "ratio" or unit.split(" ")[0] == "share":
        shown = figures.number(round(100 * value, 2 if abs(value) >= 0.001 else 4))
        return f"{shown}%" if asked.lang == "zh" else f"{shown} %"
    gap = "" if asked.lang == "zh" else " "
    digits = 0 if abs(value) >= 100 else 1
    return f"{figures.number(round(value, digits))}{gap}{money_unit(asked, unit)}"


# ---- what was changed ----


def changes(asked: Asked) -> list[Change]:
    """Return the changes made, in the order of the rules, each with what its answer rests on."""
    return remembered(asked.memory, "changes", lambda: _changes(asked))


def _changes(asked: Asked) -> list[Change]:
    return [*_household_changes(asked), *_village_changes(asked), *_card_changes(asked)]


def _household_changes(asked: Asked) -> Iterator[Change]:
    say = asked.say
    for code, name in zip(asked.codes, asked.names, strict=True):
        if code in asked.off:
            path = f"exit_standard.household.tests.{code}.veto"
            yield Change(code, say("change.off.household", rule=name), "exact", path, 0.0)
    if not asked.line_moved:
        return
    code = str(asked.income)
    found = excluded(asked)
    unit = "yuan per head and year"
    value = (
        figures.percent(asked.factor, asked.lang, 0)
        if asked.line == 1.0
        else amount(asked, asked.factor * asked.line, unit)
    )
    counts = {"low": figures.count(found.low), "high": figures.count(found.high)}
    text = say(f"change.line.{found.surety}", rule=asked.names[0], value=value, **counts)
    path = f"exit_standard.household.tests.{code}.line" if asked.line != 1.0 else ""
    yield Change(code, text, found.surety, path, asked.factor * asked.line)


def _village_changes(asked: Asked) -> Iterator[Change]:
    board, say = asked.villages, asked.say
    for place, name in enumerate(board.names):
        code = board.codes[place]
        path = f"exit_standard.village.{code}"
        if code in asked.off:
            yield Change(code, say("change.off.village", rule=name), "exact", f"{path}.veto", 0.0)
        elif code in asked.thresholds and board.movable[place]:
            own, new = float(board.thresholds[place]), asked.thresholds[code]
            if new != own:
                shown = amount(asked, new, board.units[place])
                text = say(
                    "change.threshold.village", rule=name, value=shown, own=amount(asked, own, board.units[place])
                )
                yield Change(code, text, "exact", f"{path}.threshold", new * _scale(asked, place))


def _scale(asked: Asked, place: int) -> float:
    """Return what turns money back into the share of the province's mean that a plan's entry is written in."""
    return float(asked.part["village_scale"].sel(year=asked.year)[place])


def _card_changes(asked: Asked) -> Iterator[Change]:
    board = asked.units
    if board is None:
        return
    for place, name in enumerate(board.names):
        key, own = board.key(place), float(board.thresholds[place])
        if key in asked.off:
            yield Change(key, asked.say("change.off.card", rule=name), "exact")
        elif board.movable[place] and asked.thresholds.get(key, own) != own:
            shown = amount(asked, asked.thresholds[key], board.units[place])
            text = asked.say(
                "change.threshold.card", rule=name, value=shown, own=amount(asked, own, board.units[place])
            )
            yield Change(key, text, "exact")


def needs_run(asked: Asked) -> list[str]:
    """Return the names of the rules whose thresholds only a new run can move: those that are met or not, too."""
    kinds = [str(kind) for kind in asked.part["rule_kind"].to_numpy()]
    fixed = [name for name, kind in zip(asked.names, kinds, strict=True) if kind == "activity"]
    if asked.income is not None and not has_margins(asked):
        fixed.insert(0, asked.names[0])
    board = asked.villages
    return fixed + [name for place, name in enumerate(board.names) if not board.movable[place]]


def told(asked: Asked) -> str:
    """Return, line by line, what was changed, whether the answer is exact, bounded or needs a new run."""
    say, made = asked.say, changes(asked)
    if not made:
        return say("answer.none")
    lines = [say("answer.line", surety=say(f"surety.{one.surety}"), text=one.text) for one in made]
    lines += _limits(asked, made)
    if levers(asked):
        lines.append(say("answer.feedback"))
    return "\n".join(lines)


def _limits(asked: Asked, made: Sequence[Change]) -> Iterator[str]:
    """Yield what the answers together leave open."""
    if not asked.line_moved:
        return
    if any(one.key in asked.codes and one.key != asked.income for one in made):
        yield asked.say("answer.combined")
    yield asked.say("answer.villages.line")
    yield asked.say("answer.patterns.line")


def levers(asked: Asked) -> dict[str, float]:
    """Return the entries of the plan, with their values, that a new run of what is set would take."""
    return {one.path: one.value for one in changes(asked) if one.path}


def command(asked: Asked) -> str:
    """Return what would have to be added to ``povsim run`` for a new run of what is set."""
    sets = " ".join(f"--set {path}={value:g}" for path, value in levers(asked).items())
    return asked.say("answer.rerun", sets=sets) if sets else ""


def fixed(asked: Asked) -> str:
    """Return which thresholds cannot be moved here, and why."""
    kinds = {str(kind) for kind in asked.part["rule_kind"].to_numpy()}
    lines = [asked.say("answer.guarantees")] if kinds & {"guarantee", "growth"} else []
    if names := needs_run(asked):
        quoted = asked.say("list.comma").join(asked.say("quoted", name=name) for name in names)
        lines.append(asked.say("answer.fixed", rules=quoted))
    return "\n".join(lines)
