"""Households of the exit forecast: finding one, its card, and the list of those to follow up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from povsim import figures
from povsim.terms import CATEGORIES, CAUSES, STATUSES, Language, Term
from povsim.views.forecast_numbers import COMMA, amount, area_at, area_name, texts, year_at
from povsim.views.parts import BigNumber, Column, Table, Tone
from povsim.wording import Wording

Array = npt.NDArray[Any]
MOST_FOUND = 40
"""Households offered for a village: those most likely to be poor come first."""
MOST_FOLLOWED = 200
"""Households on the list to follow up."""
LIKELY = 0.5
OFTEN = 0.005
"""Shares of draws below this are left out of a card."""
STATES = ("poor", "registered", "exited", "relapsed", "monitored")


@dataclass(frozen=True)
class Found:
    """A household that was found: its row, its identifier, and a line that names it."""

    row: int
    household: str
    line: str


def row_of(people: xr.Dataset, household: str | None) -> int | None:
    """Return the row of a household by its identifier, without reading the columns.

    Parameters
    ----------
    people : Dataset
        The part "households" of a digest.
    household : str, optional
        Identifier.
    """
    known = people["id_sorted"].to_numpy()
    if not household:
        return None
    text = household.strip()
    if known.dtype.kind in "iu":
        if not text.lstrip("-").isdigit() or len(text) > 18:
            return None
        wanted: Any = known.dtype.type(int(text))
    else:
        wanted = np.array(text, dtype=known.dtype)
        if str(wanted) != text:
            return None
    place = int(np.searchsorted(known, wanted))
    if place >= known.size or known[place] != wanted:
        return None
    return int(people["id_row"].to_numpy()[place])


def identifier(people: xr.Dataset, row: int) -> str:
    """Return the identifier of a row."""
    return str(people["id"].to_numpy()[row])


def find(data: xr.Dataset, people: xr.Dataset, text: str, *, year: int | None, lang: Language) -> list[Found]:
    """Return households by identifier, or those of villages whose name holds the text.

    Parameters
    ----------
    data, people : Dataset
        The parts "forecast" and "households" of a digest.
    text : str
        Identifier, or part of the name of a village.
    year : int, optional
        Year by whose chances they are ordered: poor first.
    lang : {"zh", "en"}
        Language.
    """
    row = row_of(people, text)
    if row is not None:
        return [_found(data, people, row, year_at(data, year), lang)]
    wanted = text.strip().casefold()
    if not wanted:
        return []
    names = zip(*(data[name].to_numpy().tolist() for name in ("village", "village_zh", "village_en")), strict=True)
    places = [place for place, each in enumerate(names) if any(wanted in name.casefold() for name in each)]
    return [
        _found(data, people, row, year_at(data, year), lang) for row in _poorest(people, places, year_at(data, year))
    ]


def _poorest(people: xr.Dataset, villages: Sequence[int], y: int) -> list[int]:
    first = people["village_first"].to_numpy()
    state, found = people["state"].to_numpy(), []
    for village in villages:
        low, high = int(first[village]), int(first[village + 1])
        part = state[low:high, y]
        found.append((np.arange(low, high), part[:, 0].astype(np.int64) + part[:, 1:4].sum(axis=1, dtype=np.int64)))
    if not found:
        return []
    rows, weight = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(-weight, kind="stable")[:MOST_FOUND]
    return [int(row) for row in rows[order]]


def _found(data: xr.Dataset, people: xr.Dataset, row: int, y: int, lang: Language) -> Found:
    village = int(people["village_index"].to_numpy()[row])
    share = float(people["state"].to_numpy()[row, y, 0]) / people.attrs["draws"]
    code = identifier(people, row)
    line = texts(lang)(
        "found",
        household=code,
        village=str(data["village"].to_numpy()[village]),
        persons=int(people["persons"].to_numpy()[row]),
        share=figures.probability(share, lang),
    )
    return Found(row, code, line)


def risk_of(people: xr.Dataset, row: int, y: int) -> float:
    """Return the chance that a household falls back, 0 where it is not among those who may; see ``most_at_risk``."""
    low, high = people["follow_first"].to_numpy()[y : y + 2]
    at = np.flatnonzero(people["follow_row"].to_numpy()[low:high] == row)
    return float(people["follow_risk"].to_numpy()[low + at[0]]) if at.size else 0.0


def follow_up(data: xr.Dataset, people: xr.Dataset, *, year: int | None, area: str | None, lang: Language) -> Table:
    """Return the households most likely to fall back in a year, each with its village, the reason and the task.

    Parameters
    ----------
    data, people : Dataset
        The parts "forecast" and "households" of a digest.
    year, area : int and str, optional
        The last year and everything if not given.
    lang : {"zh", "en"}
        Language.

    Returns
    -------
    Table
        The first ``MOST_FOLLOWED`` of the area, ``_key`` is the identifier.
    """
    say, y, a = texts(lang), year_at(data, year), area_at(data, area)
    low, high = (int(edge) for edge in people["follow_first"].to_numpy()[y : y + 2])
    rows = people["follow_row"].to_numpy()[low:high]
    villages = people["village_index"].to_numpy()[rows]
    inside = np.arange(rows.size)
    if a:
        inside = np.flatnonzero((data["township"].to_numpy() == data["area"].to_numpy()[a])[villages])
    columns = [
        Column("household", say("column.household")),
        Column("township", say("column.township")),
        Column("village", say("column.village")),
        Column("persons", say("column.persons"), "count"),
        Column("risk", say("column.risk"), "percent"),
        Column("test", say("column.reason")),
        Column("fails", say("column.fails"), "percent"),
        Column("task", say("column.task")),
    ]
    lines = _follow_lines(data, people, low + inside[:MOST_FOLLOWED], lang)
    title = say("follow.title", area=area_name(data, area, lang), year=data["year"].to_numpy()[y])
    note = say("follow.note", shown=figures.count(len(lines)), count=figures.count(inside.size))
    return Table("follow_up", title, columns, lines, note)


def _follow_lines(data: xr.Dataset, people: xr.Dataset, places: Array, lang: Language) -> list[dict[str, Any]]:
    say = texts(lang)
    told = {name: people[f"follow_{name}"].to_numpy()[places] for name in ("row", "risk", "test", "fails")}
    rows, tests = told["row"], people["test"].to_numpy().tolist()
    villages = people["village_index"].to_numpy()[rows]
    ids, persons = people["id"].to_numpy()[rows], people["persons"].to_numpy()[rows]
    names = {
        code: (zh, en)
        for code, zh, en in zip(*(data[key].to_numpy().tolist() for key in ("test", "test_zh", "test_en")), strict=True)
    }
    townships, village_names = data["township"].to_numpy(), data[f"village_{lang}"].to_numpy()
    return [
        {
            "_key": str(ids[i]),
            "household": str(ids[i]),
            "township": str(townships[villages[i]]),
            "village": str(village_names[villages[i]]),
            "persons": int(persons[i]),
            "risk": round(float(told["risk"][i]), 4),
            "test": names[tests[told["test"][i]]][lang == "en"],
            "fails": round(float(told["fails"][i]), 4),
            "task": say(_task(tests[told["test"][i]])),
        }
        for i in range(rows.size)
    ]


def _task(test: str) -> str:
    """Return the key of what is to be done first about a test; guarantees without a text of their own share one."""
    known = ("income", "housing", "water", "schooling", "insurance", "growth", "activity")
    return f"task.{test if test in known else 'guarantee'}"


def household_numbers(
    data: xr.Dataset, people: xr.Dataset, row: int, *, year: int | None, lang: Language
) -> list[BigNumber]:
    """Return the headline numbers of a household: income, chance to be poor, to be out, to fall back."""
    say, y = texts(lang), year_at(data, year)
    draws = people.attrs["draws"]
    state = people["state"].to_numpy()[row, y] / draws
    income, risk = float(people["income"].to_numpy()[row, y]), risk_of(people, row, y)
    unit = say("unit.head", currency=figures.currency_name(data.attrs["currency"], lang))
    shares = dict(zip(STATES, state.tolist(), strict=True))
    tones: dict[str, Tone] = {"poor": _bad(shares["poor"]), "risk": _bad(risk), "exited": "plain"}
    shown = {"poor": shares["poor"], "exited": shares["exited"], "risk": risk}
    return [
        BigNumber("income", say("card.income"), amount(figures.count(income), unit), "", say("card.income_note")),
        *(
            BigNumber(
                f"card_{name}",
                say(f"card.{name}"),
                figures.probability(share, lang),
                "",
                say(f"card.{name}_note"),
                tones[name],
            )
            for name, share in shown.items()
        ),
    ]


def _bad(share: float) -> Tone:
    return "bad" if share >= LIKELY else "warning" if share >= 0.1 else "good"


def household_line(data: xr.Dataset, people: xr.Dataset, row: int, lang: Language) -> str:
    """Return who a household is: identifier, village, persons, and what the register says where it is known."""
    say = texts(lang)
    village = int(people["village_index"].to_numpy()[row])
    lines = [
        say(
            "card.who",
            household=identifier(people, row),
            village=str(data["village"].to_numpy()[village]),
            persons=int(people["persons"].to_numpy()[row]),
        )
    ]
    if "register_workers" in people:
        members = {
            name: int(people[f"register_{name}"].to_numpy()[row]) for name in ("workers", "students", "ill", "disabled")
        }
        lines += [say("card.members", **members), _kind(people, row, say)]
    if bool(people["synthetic"].to_numpy()[row]):
        lines.append(say("card.synthetic"))
    return "\n".join(lines)


def _kind(people: xr.Dataset, row: int, say: Wording) -> str:
    def label(name: str, terms: Sequence[Term], shift: int = 0) -> str:
        code = int(people[f"register_{name}"].to_numpy()[row]) - shift
        return terms[code].label(say.lang) if 0 <= code < len(terms) else say("nothing")

    return say(
        "card.kind",
        category=label("category", CATEGORIES),
        cause=label("cause", CAUSES, 1),
        status=label("status", STATUSES),
    )


def household_states(data: xr.Dataset, people: xr.Dataset, row: int, lang: Language) -> Table:
    """Return, by year, the chances of a household's states, of failing each test, and its income."""
    say, draws = texts(lang), people.attrs["draws"]
    years = people["year"].to_numpy().tolist()
    state, fails = (people[name].to_numpy()[row] / draws for name in ("state", "fails"))
    income = people["income"].to_numpy()[row]
    names = dict(zip(data["test"].to_numpy().tolist(), data[f"test_{lang}"].to_numpy().tolist(), strict=True))
    rows = [
        {"what": say(f"state.{name}"), **_years(years, state[:, s])}
        for s, name in enumerate(STATES)
        if state[:, s].any() or name == "poor"
    ]
    rows += [
        {"what": say("card.fails", test=names.get(code, code)), **_years(years, fails[:, t])}
        for t, code in enumerate(people["test"].to_numpy().tolist())
        if fails[:, t].max() >= OFTEN
    ]
    risks = np.array([risk_of(people, row, y) for y in range(len(years))])
    if risks.any():
        rows.append({"what": say("card.risk"), **_years(years, risks)})
    columns = [Column("what", say("column.chance_of")), *(Column(str(year), str(year), "percent") for year in years)]
    unit = say("unit.head", currency=figures.currency_name(data.attrs["currency"], lang))
    told = COMMA[lang].join(
        say("card.income_year", year=year, amount=figures.count(float(income[y]))) for y, year in enumerate(years)
    )
    note = say("card.states_note", draws=figures.count(draws), incomes=told, unit=unit)
    return Table("household_states", say("card.states"), columns, rows, note)


def _years(years: Sequence[int], shares: Array) -> dict[str, float]:
    return {str(year): float(shares[y]) for y, year in enumerate(years)}


def household_help(data: xr.Dataset, people: xr.Dataset, row: int, lang: Language) -> Table:
    """Return, by year, in what share of draws a household receives each measure."""
    say, draws = texts(lang), people.attrs["draws"]
    years = people["year"].to_numpy().tolist()
    received = people["receives"].to_numpy()[row] / draws
    names = dict(zip(data["measure"].to_numpy().tolist(), data[f"measure_{lang}"].to_numpy().tolist(), strict=True))
    order = np.argsort(-received.max(axis=0), kind="stable").tolist()
    codes = people["help"].to_numpy().tolist()
    rows = [
        {"what": names.get(codes[m], codes[m]), **_years(years, received[:, m])}
        for m in order
        if received[:, m].max() >= OFTEN
    ]
    columns = [Column("what", say("column.measure")), *(Column(str(year), str(year), "percent") for year in years)]
    return Table("household_help", say("card.help"), columns, rows, say("card.help_note"))
