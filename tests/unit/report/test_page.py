"""The page: what it says, that it carries all it needs, and, in Chromium, that it works and asks nobody anything."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from povsim.report.page import page
from povsim.report.page_code import joined, script
from povsim.report.written import shown
from povsim.views.parts import Column
from tests.unit.report.poisoned import MARKUP, PLAN

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def file(reports, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("page") / "report.html"
    made.write_bytes(page(reports))
    return made


class Reader(HTMLParser):
    """Collects tags, their attributes, and texts by language."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def read(file) -> Reader:
    reader = Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    return reader


def test_no_name_is_taken_for_markup(read) -> None:
    tags = {tag for tag, _ in read.tags}
    assert "img" not in tags
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert sum(tag == "script" for tag, _ in read.tags) == 3
    assert any(PLAN in text for text in read.texts)
    assert any(MARKUP in text for text in read.texts)


def test_nothing_is_fetched_from_anywhere(read) -> None:
    addresses = [value for _, attrs in read.tags for name, value in attrs.items() if name in ("src", "href", "srcset")]
    assert addresses
    assert all(value.startswith("#") for value in addresses)
    policy = next(attrs["content"] for tag, attrs in read.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_tables_are_written_as_the_views_have_them(read, reports) -> None:
    told = set(read.texts)
    for report in reports:
        for chapter in report.chapters:
            assert {one.value for one in chapter.numbers} <= told
            for item in chapter.items:
                for row in item.table.rows[:50]:
                    for column in item.table.columns:
                        value = row.get(column.code)
                        if isinstance(value, float):
                            assert shown(value, column) in told


def test_languages_stand_side_by_side(read) -> None:
    mains = [attrs["data-of"] for tag, attrs in read.tags if tag == "main"]
    assert mains[:2] == ["zh", "en"]


def test_scripts_with_imports_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be put into a page"):
        joined({"a": 'import x from "./b.js";\n'})
    assert "export" not in re.sub(r"//.*|/\*.*?\*/", "", script()).split()


@pytest.fixture(scope="module")
def player():
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def tab(player, file):
    """The page in Chromium; whatever it complains of or asks for fails the test."""
    context = player.new_context(viewport={"width": 1366, "height": 768})
    tab = context.new_page()
    heard: list[str] = []
    tab.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    yield tab
    assert heard == []
    assert asked == [file.as_uri()]
    context.close()


SCROLL = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 500) {
    scrollTo({ top: y, behavior: "instant" });
    await new Promise((done) => setTimeout(done, 40));
  }
}"""
INKED = """() => [...document.querySelectorAll('main [data-chart]')].filter((place) => place.clientWidth).map((place) =>
  [...place.querySelectorAll('canvas')].some((canvas) => {
    const small = Object.assign(document.createElement('canvas'), { width: 300, height: 200 });
    const brush = small.getContext('2d', { willReadFrequently: true });
    brush.drawImage(canvas, 0, 0, 300, 200);
    return brush.getImageData(0, 0, 300, 200).data.some((value, at) => at % 4 === 3 && value > 0);
  }))"""


def test_every_chart_is_drawn_in_both_languages_and_looks(tab) -> None:
    tab.evaluate(SCROLL)
    assert len(tab.evaluate(INKED)) >= 6
    tab.wait_for_function(f"({INKED})().every(Boolean)")
    tab.evaluate("scrollTo(0, 0)")
    tab.click("header[data-of=zh] [data-do=language]")
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert not tab.is_visible("main[data-of=zh] h1")
    tab.click("header[data-of=en] [data-do=theme]")
    tab.evaluate(SCROLL)
    tab.wait_for_function(f"({INKED})().every(Boolean)")


def test_hovering_shows_names_as_texts(tab) -> None:
    chart = tab.locator("main[data-of=zh] [data-chart]").first
    chart.scroll_into_view_if_needed()
    chart.hover()
    tab.wait_for_selector(".ps-tip")
    assert tab.evaluate("document.querySelectorAll('img').length") == 0


def test_search_leaves_the_rows_that_hold_the_word(tab, reports) -> None:
    holder = tab.locator("main[data-of=zh] details[data-search]").last
    holder.locator("summary").click()
    all_rows = holder.locator("tbody tr:visible").count()
    word = holder.locator("tbody tr").nth(3).locator("td").nth(1).inner_text()
    holder.locator("input").fill(word)
    left = holder.locator("tbody tr:visible")
    assert 0 < left.count() < all_rows
    assert all(word in text for text in left.all_inner_texts())


def test_print_has_every_chart_of_the_language_and_no_buttons(tab) -> None:
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(tab.evaluate(INKED))
    assert not tab.is_visible("header[data-of=zh]")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")


def test_numbers_are_written_as_the_dashboards_write_them(tab) -> None:
    """The same column and value through formats.js, whose text the page carries."""
    columns = [
        Column("a", "A", kind, digits)
        for kind in ("percent", "signed", "number", "money", "count")
        for digits in (0, 1, 2)
    ]
    values = [0.12345, -0.5, 0.0, 1234.567, -98765.4321, 2.0, None]
    source = script().replace('"use strict";', "").partition("modules.page =")[0]
    asked = [[column.kind, column.digits, value] for column in columns for value in values]
    theirs = tab.evaluate(
        f"(asked) => {{ {source} return asked.map(([kind, digits, value]) => "
        "modules.formats.cell({ kind, digits }, 'en', { yes: 'yes', no: 'no' })(value)); }",
        asked,
    )
    mine = [shown(value, column) for column in columns for value in values]
    assert mine == theirs
