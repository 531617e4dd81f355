"""The tab on households: find one, its card, what could cure it, the full explanation, and the follow-up list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Text

from povsim.dashboard.pages.exit_forecast_asked import Asked
from povsim.dashboard.state import State
from povsim.dashboard.widgets.controls import button, picker
from povsim.dashboard.widgets.layout import box, card, row, show_only
from povsim.dashboard.widgets.note import Note, ProgressView
from povsim.dashboard.widgets.numbers import NumbersView
from povsim.dashboard.widgets.table import TableView
from povsim.dashboard.worker_client import Submission, client
from povsim.views import forecast_households as views
from povsim.views.forecast_cures import account_table, cure_table, story_table

if TYPE_CHECKING:
    from ipywidgets import Widget

ROOM = "page_forecast"
Message = dict[str, Any]


class Households:
    """The tab.

    Attributes
    ----------
    widget : Widget
        What is shown.
    search, found, follow, cures, story : Widget
        Its live parts.
    """

    def __init__(self, state: State, asked: Asked) -> None:
        self.state, self.asked, self.say = state, asked, state.say(ROOM)
        self._looking: Submission | None = None
        self._explaining: Submission | None = None
        self._card: tuple[Any, ...] | None = None
        if asked.people is None:
            self.widget: Widget = Note(self.say("follow.none"), tone="info")
            return
        self._make()

    def show(self, asked: Asked) -> None:
        """Show what is asked."""
        old, self.asked = self.asked, asked
        if asked.people is None:
            return
        if old is asked or (old.year, old.area) != (asked.year, asked.area):
            self.follow.show(
                views.follow_up(asked.data, asked.people, year=asked.year, area=asked.area, lang=asked.lang)
            )
        self._show_card()

    def close(self) -> None:
        """Give up what goes on in the background."""
        for submission in (self._looking, self._explaining):
            if submission is not None:
                submission.cancel()

    def _make(self) -> None:
        say, asked = self.say, self.asked
        assert asked.people is not None
        # a plain text box: whole identifiers are typed or pasted, lists of 170,000 are not picked from
        self.search = Text(placeholder=say("search.label"), continuous_update=False)
        self.search.observe(lambda change: self._search(change["new"]), "value")
        self.search.add_class("povsim-search")
        self.found = picker(say("search.pick"), {}, None, self._choose)
        self.missing = Note("", tone="warning")
        self.who, self.numbers = Note(say("card.choose"), tone="plain"), NumbersView()
        self.states, self.help, self.cures = TableView(height=360), TableView(height=360), TableView(height=300)
        self.wait = Note("", tone="small")
        self.explain = button(say("explain.button"), self._explain, "primary", help=say("explain.help"))
        self.progress = ProgressView()
        self.progress.observe(lambda _: self._stop_explaining(), "cancelled")
        self.account, self.story = TableView(height=420), TableView(height=420)
        self.follow = TableView(selectable=True, height=420)
        self.follow.observe(lambda change: self._choose(change["new"]), "chosen")
        self.follow.show(views.follow_up(asked.data, asked.people, year=asked.year, area=asked.area, lang=asked.lang))
        self.full = box(row(self.account, self.story, ratio=(2, 3)), classes="povsim-column")
        self.details = box(
            self.numbers, row(self.states, self.help, ratio=(1, 1)), self.wait, self.cures,
            row(self.explain, self.progress), self.full, classes="povsim-column",
        )  # fmt: skip
        show_only(self.details, when=False)
        show_only(self.found, when=False)
        person = card(say("card.title"), row(self.search, self.found), self.missing, self.who, self.details)
        self.widget = box(card("", self.follow), person, classes="povsim-column")

    # ---- finding ----

    def _search(self, text: str) -> None:
        asked = self.asked
        if asked.people is None or not text.strip():
            return
        found = views.find(asked.data, asked.people, text, year=asked.year, lang=asked.lang)
        self.missing.show("" if found else self.say("search.none", text=text.strip()[:60]))
        show_only(self.found, when=len(found) > 1)
        if found:
            self.found.options = {one.household: one.line for one in found}
            self._choose(found[0].household)

    def _choose(self, household: str) -> None:
        if household and household != self.asked.household:
            self.state.change("forecast", household=household)

    # ---- the card ----

    def _show_card(self) -> None:
        asked = self.asked
        key = (asked.digest.code, asked.household, asked.year)
        row_number = views.row_of(asked.people, asked.household) if asked.people is not None else None
        show_only(self.details, when=row_number is not None)
        if row_number is None or asked.people is None:
            self.who.show(self.say("card.choose"))
        elif key != self._card:
            self.who.show(views.household_line(asked.data, asked.people, row_number, asked.lang))
            self.numbers.show(
                views.household_numbers(asked.data, asked.people, row_number, year=asked.year, lang=asked.lang)
            )
            self.states.show(views.household_states(asked.data, asked.people, row_number, asked.lang))
            self.help.show(views.household_help(asked.data, asked.people, row_number, asked.lang))
            self._ask_cures()
            if self._card is None or self._card[:2] != key[:2]:
                self._forget_explanation()
        self._card = key
        self.follow.chosen = asked.household or ""

    def _ask_cures(self) -> None:
        asked = self.asked
        if self._looking is not None:
            self._looking.cancel()
        self.wait.show(self.say("cures.wait"))
        show_only(self.cures, when=False)
        asked_for = (asked.household or "", asked.year)
        self._looking = client().cures(asked.digest.code, asked.digest.folder, asked_for, self._on_cures)

    def _on_cures(self, message: Message) -> None:
        asked = self.asked
        if "result" in message:
            self.wait.show("")
            show_only(self.cures, when=True)
            self.cures.show(cure_table(message["result"], asked.data, asked.digest.scenario, asked.lang))
        elif "error" in message:
            self.wait.show(problem_text(message, self.say))

    # ---- the full explanation ----

    def _explain(self) -> None:
        asked = self.asked
        self._stop_explaining()
        self.progress.show(0.0, self.say("explain.running"))
        household = asked.household or ""
        self._explaining = client().explain(asked.digest.code, asked.digest.folder, household, self._on_explained)

    def _on_explained(self, message: Message) -> None:
        asked = self.asked
        if "progress" in message:
            self.progress.show(message["progress"], self.say("explain.running"))
        elif "result" in message:
            told, plan = message["result"], asked.digest.scenario
            self.account.show(account_table(told, plan, asked.lang))
            self.story.show(story_table(told, plan, asked.lang))
            show_only(self.full, when=True)
        elif "error" in message:
            self.progress.finish(problem_text(message, self.say))
        elif "done" in message or "cancelled" in message:
            self.progress.finish()

    def _stop_explaining(self) -> None:
        if self._explaining is not None:
            self._explaining.cancel()
            self._explaining = None
            self.progress.finish()

    def _forget_explanation(self) -> None:
        self._stop_explaining()
        show_only(self.full, when=False)


def problem_text(message: Message, say: Any) -> str:
    """Return what went wrong with a request to the simulator process, for people."""
    kind = message.get("error")
    if kind == "input":
        return str(message.get("text", ""))
    return str(say(f"worker.{kind}" if kind in ("busy", "gone", "failed") else "worker.failed"))
