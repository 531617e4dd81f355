"""A page with one of each widget and names that try to be markup; served by ``widget_server.py``."""

from povsim.charts.base import Chart, category_axis, frame, value_axis
from povsim.dashboard.settings import Settings
from povsim.dashboard.state import State
from povsim.dashboard.widgets import (
    ChartView,
    Note,
    NumbersView,
    RankingView,
    Shell,
    TableView,
    Upload,
    WeightTable,
    column,
    number_slider,
    page,
    picker,
    tabs,
)
from povsim.views.parts import BigNumber, Column, Table

EVIL = '<img src=x onerror="window.hacked=1">'
UNITS, ITEMS = 500, 25


def scores():
    """Return scores 0-1 by unit and item, the same in every session and without a random generator."""
    return [[((unit * 37 + item * 101) % 97) / 96 for item in range(ITEMS)] for unit in range(UNITS)]


def totals(points):
    """Return the totals of all units."""
    return [sum(p * s for p, s in zip(points, row, strict=True)) for row in scores()]


def ranks(values):
    """Return ranks from 1, ties in order."""
    order = sorted(range(len(values)), key=lambda unit: -values[unit])
    places = [0] * len(values)
    for place, unit in enumerate(order, start=1):
        places[unit] = place
    return places


def rescaled(points, locked, place, wanted):
    """Return points that add up to 100 with one of them set and the locked ones kept."""
    held = sum(p for at, p in enumerate(points) if locked[at] and at != place)
    value = min(wanted, 100 - held)
    free = [at for at in range(len(points)) if at != place and not locked[at]]
    before = sum(points[at] for at in free)
    told = list(points)
    told[place] = value
    for at in free:
        told[at] = points[at] * (100 - held - value) / before
    return told


class Desk:
    """The weight table and the ranking, as a page would tie them."""

    def __init__(self, state):
        self.state = state
        self.locked = [False] * ITEMS
        self.table, self.ranking, self.chart = WeightTable(title="指标"), RankingView(title="排名"), ChartView()
        self.table.observe(self.edit, "edit")
        state.observe(lambda _: self.show(), "settings")
        self.show()

    def points(self):
        kept = self.state.settings.weights.points
        return [kept.get(f"i{item}", 100 / ITEMS) for item in range(ITEMS)]

    def edit(self, change):
        told = change["new"]
        place = int(told["code"][1:])
        if "locked" in told:
            self.locked[place] = told["locked"]
            self.show()
        if "points" in told:
            if told["points"] == 13:
                raise ValueError("a fault of the page")
            points = rescaled(self.points(), self.locked, place, told["points"])
            drag = told["code"] if told["drag"] else None
            self.state.change("weights", drag=drag, points={f"i{at}": p for at, p in enumerate(points)})

    def show(self):
        points = self.points()
        values = totals(points)
        places = ranks(values)
        self.table.show(
            [
                {"code": f"i{at}", "name": EVIL if at == 3 else f"指标 {at}", "group": f"第 {at // 9 + 1} 组",
                 "points": points[at], "lo": points[at] / 2, "hi": points[at] * 1.5, "locked": self.locked[at],
                 "printed": 4}
                for at in range(ITEMS)
            ]
        )  # fmt: skip
        self.ranking.show(
            {"key": [f"u{unit}" for unit in range(UNITS)],
             "name": [f"第 {unit} 村 {EVIL if places[unit] == 1 else ''}" for unit in range(UNITS)],
             "rank": places, "move": [0] * UNITS, "total": values,
             "low": [one - 2 for one in values], "high": [one + 2 for one in values]}
        )  # fmt: skip
        option = {"grid": frame(), "xAxis": category_axis(range(ITEMS)), "yAxis": value_axis("分"), "tooltip": {},
                  "series": [{"id": "p", "type": "bar"}]}  # fmt: skip
        table = Table("points", "分值", [Column("p", "分值", "number", 2)], [{"p": p} for p in points])
        self.chart.show(Chart("points", f"分值 {EVIL}", option, {"p": points}, height=240, table=table))


def build():
    """Return the page."""
    state = State(Settings(lang="zh"))
    shell = Shell(state, "weight-tuner", help=[EVIL])
    shell.offer("run", {"a": "方案一", "b": EVIL})
    numbers = NumbersView()
    numbers.show([BigNumber("a", EVIL, "12,345 人", EVIL, EVIL)])
    villages = TableView(selectable=True)
    columns = [Column("name", "村"), Column("rate", "贫困发生率", "percent", 1)]
    villages.show(
        Table("villages", EVIL, columns, [{"_key": str(n), "name": EVIL, "rate": n / 1000} for n in range(400)])
    )
    heard, upload = Note(EVIL), Upload()
    upload.observe(lambda change: heard.show(f"{change['new']['name']}: {len(change['new']['data'])}"), "file")
    villages.observe(lambda change: heard.show(f"chosen {change['new']}"), "chosen")
    desk = Desk(state)
    slider = number_slider("投入", (0, 100, 1), 50, lambda value: heard.show(f"slider {value:g}"))
    units = picker("村", [(n, f"第 {n} 村 {EVIL}") for n in range(60)], 3, lambda value: heard.show(f"unit {value}"))
    entries = {
        "weights": ("权重", column(desk.table, desk.ranking, desk.chart)),
        "rest": ("其余", lambda: column(numbers, heard, upload, slider, units, villages)),
    }
    return page(shell, tabs(entries, state))
