"""Villages: verdicts by the village tests, by the persons in them, and the cheapest cure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from povsim import figures
from povsim.views.parts import Column, Table
from povsim.views.vetoes_asked import Asked, remembered
from povsim.views.vetoes_boards import Board
from povsim.views.vetoes_counts import count_digits
from povsim.views.vetoes_patterns import village_verdicts

Array = npt.NDArray[Any]


def board_rules_table(asked: Asked, board: Board) -> Table:
    """Return what each rule of a board holds back, alone and together; means over the draws, exact."""
    from povsim.sensitivity.veto_shares import attribution

    say = asked.say
    level = "card" if board.prefix else "village"
    by: dict[str, Array] = {name: np.empty(0) for name in ("any_hit", "sole_blocker", "shapley")}
    if board.codes:
        found = attribution(board.table(board.standing(asked.off, asked.thresholds)))
        by = {name: found[name].to_numpy() / board.draws for name in by}
    columns = [Column("rule", say("column.rule"))]
    columns += [
        Column(name, say(f"column.{name}.{level}"), "number", count_digits(values)) for name, values in by.items()
    ]
    columns.append(Column("threshold", say("column.threshold")))
    rows = [
        {
            "_key": board.key(place), "rule": name, "threshold": threshold_text(asked, board, place),
            **{measure: float(values[place]) for measure, values in by.items()},
        }
        for place, name in enumerate(board.names)
    ]  # fmt: skip
    own = "table.card_rules.note" if board.prefix else "table.board_rules.note"
    note = say(own if board.codes else "table.board_rules.none")
    return Table(f"veto_{level}_rules", say(f"table.{level}_rules"), columns, rows, note)


def threshold_text(asked: Asked, board: Board, place: int) -> str:
    """Return how a rule is passed, as it is set: a sign and a figure."""
    from povsim.views.vetoes_changes import amount

    own = float(board.thresholds[place])
    if np.isnan(own):
        return figures.NOTHING
    sign = {">=": "≥", "<=": "≤"}.get(board.comparisons[place], board.comparisons[place])
    value = asked.thresholds.get(board.key(place), own) if board.movable[place] else own
    return f"{sign} {amount(asked, value, board.units[place])}"


def villages_table(asked: Asked) -> Table:
    """Return the villages: how likely each fails as the rules are set, and as they were, and what holds it back."""
    say, board = asked.say, asked.villages
    now = board.standing(asked.off, asked.thresholds)
    fails, before = now.any(axis=2).mean(axis=0), board.flags.any(axis=2).mean(axis=0)
    by_rule, persons = now.mean(axis=0), _by_persons(asked)
    tested = [
        Column("fails", say("column.fails"), "percent", 0),
        Column("before", say("column.fails_before"), "percent", 0),
        Column("main", say("column.main_rule")),
    ]
    columns = [
        Column("village", say("column.village")),
        *(tested if board.codes else []),
        Column("persons", say("column.fails_persons", limit=_limit(asked)), "percent", 0),
    ]
    rows: list[dict[str, Any]] = [
        {
            "_key": code, "village": code, "fails": float(fails[place]),
            "before": float(before[place]), "persons": float(persons[place]), "main": _main(board, by_rule[place]),
        }
        for place, code in enumerate(board.members)
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row["fails"], -row["persons"]))
    return Table("veto_villages", say("table.villages"), columns, rows, say("table.villages.note"))


def _limit(asked: Asked) -> str:
    """Return the share of failing persons from which on a village has too many of them."""
    return figures.percent(float(asked.part["limit"].sel(year=asked.year)), asked.lang, 0)


def _main(board: Board, often: Array) -> str:
    return board.names[int(often.argmax())] if often.size and often.max() > 0 else ""


def _by_persons(asked: Asked) -> Array:
    fails, _, village = village_verdicts(asked.part, asked.year, asked.off)
    counts = np.bincount(village[fails], minlength=asked.part.sizes["village"])
    return np.asarray(counts / asked.part.sizes["draw"])


def rollup_table(asked: Asked) -> Table:
    """Return how rules of households bring villages over the limit, all rules in force; means over the draws."""
    return remembered(asked.ground.memory, "rollup_table", lambda: _rollup_table(asked))


def _rollup_table(asked: Asked) -> Table:
    say = asked.say
    one = asked.part.sel(year=asked.year)
    names = ("alone", "sole_blocker", "shapley")
    by = {name: one[f"rollup_{name}"].to_numpy() for name in names}
    columns = [Column("rule", say("column.rule"))]
    columns += [
        Column(name, say(f"column.rollup.{name}"), "number", count_digits(values), say("unit.villages"))
        for name, values in by.items()
    ]
    rows = [
        {"_key": code, "rule": label, **{name: float(by[name][place]) for name in names}}
        for place, (code, label) in enumerate(zip(asked.codes, asked.names, strict=True))
    ]
    return Table("veto_rollup", say("table.rollup", limit=_limit(asked)), columns, rows, say("table.rollup.note"))


def cures_table(asked: Asked) -> Table:
    """Return the cheapest cure of each village with too many failing persons, all rules in force."""
    return remembered(asked.ground.memory, "cures_table", lambda: _cures_table(asked))


def _cures_table(asked: Asked) -> Table:
    say, one = asked.say, asked.part.sel(year=asked.year)
    columns = [
        Column("village", say("column.village")),
        Column("cure", say("column.cure")),
        Column("cost", say("column.cure_cost"), "count"),
        Column("share", say("column.cure_share"), "percent", 1),
        Column("after", say("column.cure_after"), "percent", 1),
        Column("fails", say("column.cure_fails", limit=_limit(asked)), "percent", 0),
        Column("often", say("column.cure_often"), "percent", 0),
    ]
    numbers = {name: one[f"cure_{name}"].to_numpy() for name in ("cost", "share", "after", "fails", "often")}
    rules = one["cure_rules"].to_numpy()
    rows = [
        {
            "_key": str(village), "village": str(village),
            "cure": _named(asked, int(rules[place])), **{name: _known(row[place]) for name, row in numbers.items()},
        }
        for place, village in enumerate(one["village"].to_numpy())
        if numbers["fails"][place] > 0
    ]  # fmt: skip
    rows.sort(key=lambda row: row["cost"] if row["cost"] is not None else np.inf)
    draws = int(asked.part.attrs["cured_draws"])
    return Table(
        "veto_cures", say("table.cures", limit=_limit(asked)), columns, rows, say("table.cures.note", draws=draws)
    )


def nothing_cured(asked: Asked) -> str:
    """Return that no village needs a cure; "" where one does."""
    draws = int(asked.part.attrs["cured_draws"])
    return "" if cures_table(asked).rows else asked.say("empty.cures", draws=draws, limit=_limit(asked))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _named(asked: Asked, bits: int) -> str:
    names = [name for place, name in enumerate(asked.names) if bits >> place & 1]
    return asked.say("pattern.and").join(names) or asked.say("cure.none")
