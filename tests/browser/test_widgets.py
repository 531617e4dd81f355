"""The widgets on a real browser, on a page of their own."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import psutil
import pytest

from povsim.dashboard import widgets
from tests.browser import widget_page
from tests.browser.parts import shown_address, sockets_of

HERE, SOURCE = Path(__file__).resolve().parent, Path(widgets.__file__).parent
PATIENCE = 120_000
OURS = ("Unsatisfied version", "No satisfying version")
"""What Voila's own bundle says about its parts; not ours to mend."""


@pytest.fixture(scope="module")
def address():
    """The address of a server of the page."""
    script = [sys.executable, str(HERE / "widget_server.py")]
    server = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=HERE.parents[1])
    port = server.stdout.readline().strip()
    assert port.isdigit()
    yield f"http://127.0.0.1:{port}/weight-tuner"
    server.send_signal(signal.SIGTERM)
    server.wait(30)
    server.stdout.close()


@pytest.fixture
def tab(chromium):
    """A fresh browser profile with one tab; what the page itself does wrong fails the test."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.wrong = wrong
    yield page
    hacked = [] if page.is_closed() else page.evaluate("globalThis.hacked ?? null")
    context.close()
    assert hacked in (None, [])
    assert [line for line in wrong if not line.startswith(OURS)] == []


@pytest.fixture
def desk(tab, address):
    """The page with weight table and ranking."""
    tab.goto(address)
    tab.wait_for_selector(".ps-weight-row")
    tab.wait_for_selector(".ps-chart-canvas canvas")
    tab.wait_for_selector(".ps-rank-row")
    return tab


def points(page):
    return [float(field.input_value()) for field in page.locator(".ps-points").all()]


def ranking(page):
    """Return names of the rows in sight by rank."""
    rows = page.locator(".ps-rank-row").all()
    told = {int(row.locator(".ps-rank-place").inner_text()): row.locator(".ps-rank-name").inner_text() for row in rows}
    return [told[rank] for rank in sorted(told)]


def set_points(page, place, text, key="Enter"):
    field = page.locator(".ps-points").nth(place)
    field.fill(text)
    field.press(key)


def until(found, wanted, seconds=20):
    end = time.monotonic() + seconds
    while (got := found()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert got == wanted


def test_a_typed_weight_keeps_the_total_and_ranks_as_python_does(desk):
    set_points(desk, 2, "２０．５")
    wanted = widget_page.rescaled([4.0] * 25, [False] * 25, 2, 20.5)
    until(lambda: points(desk), [round(one, 2) for one in wanted])
    assert desk.inner_text(".ps-weight-total-value") == "100.0"
    places = widget_page.ranks(widget_page.totals(wanted))
    first = [places.index(rank) for rank in range(1, 11)]
    until(lambda: [name.split()[1] for name in ranking(desk)[:10]], [str(unit) for unit in first])


def test_a_locked_weight_stays_and_undo_brings_back(desk):
    set_points(desk, 0, "10")
    until(lambda: points(desk)[0], 10.0)
    desk.locator(".ps-lock").nth(0).click()
    until(lambda: desk.locator(".ps-lock").nth(0).get_attribute("aria-pressed"), "true")
    set_points(desk, 1, "30", "Tab")
    until(lambda: points(desk)[:3], [10.0, 30.0, round(60 / 23, 2)])
    assert desk.locator(".ps-weight-row .ps-range").nth(0).is_disabled()
    desk.locator("h1").click()
    desk.keyboard.press("Control+z")
    until(lambda: points(desk)[:2], [10.0, 3.75])


def test_keys_in_a_field_are_for_the_field(desk):
    field = desk.locator(".ps-points").nth(4)
    field.focus()
    field.press("ArrowUp")
    until(lambda: points(desk)[4], 4.5)
    field.fill("abc")
    field.press("Enter")
    assert field.input_value() == "4.50"
    assert field.get_attribute("aria-invalid") == "true"
    field.fill("77")
    field.press("Escape")
    assert field.input_value() == "4.50"
    field.type("p")
    assert "povsim-presenter" not in desk.locator("html").get_attribute("class")


def test_a_drag_ends_where_it_was_let_go(desk):
    slider = desk.locator(".ps-weight-row .ps-range").nth(1)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    desk.mouse.move(box["x"] + box["width"] * 0.4, middle)
    desk.mouse.down()
    for step in range(40):
        desk.mouse.move(box["x"] + box["width"] * (0.4 + 0.4 * step / 39), middle)
    desk.mouse.up()
    value = float(slider.input_value())
    assert value > 6
    wanted = [round(one, 2) for one in widget_page.rescaled([4.0] * 25, [False] * 25, 1, value)]
    until(lambda: points(desk)[1], wanted[1])
    until(lambda: all(abs(a - b) < 0.02 for a, b in zip(points(desk), wanted, strict=True)), True)
    assert desk.inner_text(".ps-weight-total-value") == "100.0"


def test_a_fault_of_the_page_is_told_and_the_truth_shown(desk):
    set_points(desk, 3, "13")
    desk.wait_for_selector('.ps-banner[data-tone="error"]')
    until(lambda: points(desk)[3], 4.0)


def test_the_link_brings_back_what_was_seen(desk, chromium):
    before = shown_address(desk)
    set_points(desk, 5, "25")
    until(lambda: points(desk)[5], 25.0)
    # points stand at once, the link follows with the session's answer
    until(lambda: shown_address(desk) != before, True)
    url, seen = shown_address(desk), points(desk)
    context = chromium.new_context()
    other = context.new_page()
    other.goto(url)
    other.wait_for_selector(".ps-weight-row", timeout=PATIENCE)
    until(lambda: points(other), seen)
    assert shown_address(other) == url
    context.close()


def test_a_broken_link_is_told(tab, address):
    tab.goto(f"{address}#s=1.kaputt")
    tab.wait_for_selector('.ps-banner[data-tone="error"]')
    assert "damaged" in tab.inner_text(".ps-banner-text")
    until(lambda: "kaputt" in shown_address(tab), False)


def test_the_picture_of_a_chart_is_not_empty(desk):
    with desk.expect_download() as waiting:
        desk.locator(".ps-chart .ps-icon-button").nth(1).click(force=True)
    data = Path(waiting.value.path()).read_bytes()
    assert data[:4] == b"\x89PNG"
    assert int.from_bytes(data[16:20]) > 1000
    assert len(data) > 5000
    assert "<" not in waiting.value.suggested_filename


def test_the_numbers_of_a_chart_come_as_a_workbook(desk):
    with desk.expect_download() as waiting:
        desk.locator(".ps-chart .ps-icon-button").nth(0).click()
    book = openpyxl.load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert [row[0].value for row in book.active.iter_rows()][-25:] == [4.0] * 25


def test_names_are_never_markup_and_rows_out_of_sight_do_not_exist(desk):
    desk.locator(".ps-tab").nth(1).click()
    desk.wait_for_selector(".ps-grid tbody tr")
    desk.keyboard.press("?")
    desk.wait_for_selector(".ps-help[open]")
    desk.keyboard.press("Escape")
    assert desk.locator("img").count() == 0
    assert desk.locator(".ps-grid tbody tr").count() < 60
    assert widget_page.EVIL in desk.inner_text(".ps-grid tbody tr >> nth=0")
    desk.locator(".ps-combo-field").click()
    assert desk.locator(".ps-combo-option").count() == 60
    desk.locator(".ps-combo-field").fill("第 41 村")
    desk.keyboard.press("Enter")
    desk.wait_for_selector("text=unit 41")
    desk.locator(".ps-grid tbody tr").nth(2).click()
    desk.wait_for_selector("text=chosen 2")
    assert desk.locator("img").count() == 0


def test_a_large_file_is_refused_and_a_small_one_taken(desk, tmp_path):
    desk.locator(".ps-tab").nth(1).click()
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_bytes(b"a,b\n" * 3_000_000)
    small.write_bytes(b"a,b\n1,2\n")
    desk.set_input_files(".ps-file", large)
    until(lambda: desk.inner_text(".ps-upload-told"), "large.csv: 文件超过 5 MB，未上传")
    desk.set_input_files(".ps-file", small)
    desk.wait_for_selector("text=small.csv: 8")
    (tmp_path / "wrong.exe").write_bytes(b"MZ")
    desk.set_input_files(".ps-file", tmp_path / "wrong.exe")
    until(lambda: "仅支持" in desk.inner_text(".ps-upload-told"), True)


def test_language_theme_and_presenter_mode_change_the_whole_page(desk):
    assert desk.inner_text("h1") == "权重调节"
    desk.keyboard.press("l")
    until(lambda: desk.inner_text("h1"), "Weight tuner")
    assert desk.locator(".ps-weight-foot > :first-child").inner_text() == "Total"
    light = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    desk.keyboard.press("t")
    until(lambda: desk.evaluate("getComputedStyle(document.body).backgroundColor") == light, False)
    desk.keyboard.press("p")
    until(lambda: desk.locator(".ps-nav").is_visible(), False)
    until(lambda: desk.locator(".ps-chart-canvas canvas").count(), 1)
    width = desk.evaluate("document.documentElement.scrollWidth")
    assert width <= 1366


def test_a_kernel_that_died_is_told_within_three_seconds(tab, address):
    tab.goto(address)
    tab.wait_for_selector(".ps-weight-row")
    set_points(tab, 0, "10")
    until(lambda: points(tab)[1], 3.75)
    kernel = tab.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    victim = next(one for one in psutil.process_iter() if any(kernel in socket.name for socket in sockets_of(one)))
    tab.wait_for_timeout(1500)
    started = time.monotonic()
    os.kill(victim.pid, signal.SIGKILL)
    tab.wait_for_selector(".ps-banner .ps-primary")
    assert time.monotonic() - started < 3.5
    # what the browser itself says about the closed channel is no fault of the page
    tab.wrong.clear()
    tab.click(".ps-banner .ps-primary")
    tab.wait_for_selector(".ps-banner .ps-primary", state="hidden")
    tab.wait_for_selector(".ps-weight-row")
    until(lambda: points(tab)[:2], [10.0, 3.75])


def test_without_the_static_file_the_kernel_sends_the_chart_library(tab, address):
    tab.route("**/echarts*.js*", lambda route: route.abort())
    tab.goto(address)
    tab.wait_for_selector(".ps-chart-canvas canvas")
    tab.wrong.clear()


@pytest.fixture(scope="module")
def modules(chromium):
    """A page that can import the modules of the browser's side, without a server or a kernel."""
    context = chromium.new_context()
    page = context.new_page()
    page.route("**/*", serve_source)
    page.goto("http://modules.test/")
    yield page
    context.close()


def serve_source(route):
    name = route.request.url.rsplit("/", 1)[-1]
    if name.endswith(".js"):
        route.fulfill(content_type="text/javascript", body=(SOURCE / name).read_text(encoding="utf-8"))
    else:
        route.fulfill(content_type="text/html", body="<!doctype html><title>modules</title>")


UNITS = """(() => {
    const held = { series: { a: [9e5, 1e5] }, axes: {} };
    const axis = { type: 'value', axisLabel: { formatter: { $fn: 'compact' } } };
    const ready = m.wholeOption({ yAxis: axis, series: [{ id: 'a', type: 'line' }] }, held, { lang: 'zh' });
    const write = ready.yAxis.axisLabel.formatter;
    const before = write(1e5);
    held.series.a = [900, 100];
    return [before, write(100)];
})()"""
"""The unit of an axis follows numbers that change after it was drawn."""


@pytest.mark.parametrize(
    ("module", "call", "wanted"),
    [
        ("weight_model", "m.foretold([50, 30, 20], [false, false, false], 0, 60, 100)", [60, 24, 16]),
        ("weight_model", "m.foretold([50, 30, 20], [false, true, false], 0, 90, 100)", [70, 30, 0]),
        ("weight_model", "m.foretold([100, 0, 0], [false, false, false], 0, 40, 100)", [40, 30, 30]),
        ("weight_model", "m.ranksOf([8, 9, 8, 5, 7], [true, true, true, false, true])", [2, 1, 2, None, 4]),
        (
            "weight_model",
            "m.totalsUnder({items: 2, fixed: [1, 0], shares: [0.5, 0.5, 1, 0], rows: [0.5, 0], masks: [[1]],"
            " gaps: [[1, 0, -1], [0, 0, 0]]}, [50, 50])",
            [76, 100],
        ),
        ("weight_model", "m.sumsOf({}, new DataView(new ArrayBuffer(0)))", None),
        ("weight_model", "m.ranksOf([8, NaN, 9], [true, true, true])", [2, None, 1]),
        ("weight_model", "m.foretold([100, 0, 0], [false, false, false], 0, 40, 100, [50, 40, 10])", [40, 48, 12]),
        (
            "chart_options",
            "[900, 300, 90].map((room) => m.legendLines(['年度减贫计划', 'below 2 %', 'mean'], room, 12))",
            [1, 1, 3],
        ),
        ("chart_options", UNITS, ["10万", "100"]),
        ("formats", "m.typed('１２．５')", 12.5),
        ("formats", "Number.isNaN(m.typed('12abc'))", True),
        ("formats", "[m.compact(123456789, {lang: 'zh'}), m.compact(234560, {lang: 'zh'})]", ["1.23亿", "23.46万"]),
        ("formats", "[27000, 9000, 0].map((v) => m.compact(v, {lang: 'zh', most: 27000}))", ["27,000", "9,000", "0"]),
        ("formats", "[270000, 9000].map((v) => m.compact(v, {lang: 'zh', most: 270000}))", ["27万", "0.9万"]),
        ("formats", "[m.percent(0.1234), m.percent(null), m.signed(1.25), m.signed(0)]", ["12.3%", "–", "+1.3", "0.0"]),
        ("address", "m.tokenOf('#s=1.abc_-')", "1.abc_-"),
        ("address", "m.pageAddress('/weight-tuner', 'weight-tuner', 'home', '1.a')", "/home#s=1.a"),
        ("address", "m.pageAddress('/x/home.ipynb', 'home', 'veto-lab', '1.a')", "/x/veto-lab.ipynb#s=1.a"),
        ("address", "m.pageAddress('/elsewhere', 'home', 'veto-lab', '1.a')", ""),
        ("heartbeat", "[m.verdict(null), m.verdict({status: 404})]", ["lost", "stopped"]),
        ("heartbeat", "m.verdict({status: 200, state: 'busy'})", "computing"),
        ("heartbeat", "m.due({hidden: true, touched: 0, asked: null, pinged: 0, looked: 0}, 5000)", "nothing"),
        ("heartbeat", "m.due({hidden: false, touched: 0, asked: null, pinged: 0, looked: 0}, 1000)", "ping"),
        ("heartbeat", "m.due({hidden: false, touched: 0, asked: 1000, pinged: 1000, looked: 0}, 2300)", "look"),
        ("heartbeat", "m.due({hidden: false, touched: 0, asked: null, pinged: 0, looked: 299000}, 301000)", "nothing"),
        ("grid_rows", "m.inSight(3400, 340, 34, 500, 200)", [94, 116]),
        ("grid_rows", "m.inSight(0, 340, 34, 150, 200)", [0, 150]),
    ],
)  # fmt: skip
def test_plain_functions_of_the_browser_side(modules, module, call, wanted):
    assert modules.evaluate(f"import('/{module}.js').then((m) => {call})") == wanted


def test_the_last_of_a_storm_of_edits_is_never_dropped(modules):
    told = modules.evaluate(
        """import('/sending.js').then(async (m) => {
          const sent = []; let hear;
          const model = { send: (c) => sent.push([c.code, c.value]), on: (_, act) => (hear = act) };
          const out = m.sender(model, { patience: 50 });
          for (let value = 0; value < 100; value++) out.send('a', { code: 'a', value });
          out.send('b', { code: 'b', value: 1 });
          hear({ kind: 'ack', n: 1 }); hear({ kind: 'ack', n: 100 }); hear({ kind: 'ack', n: 101 });
          out.send('c', { code: 'c', value: 1 }); out.send('c', { code: 'c', value: 2 });
          await new Promise((done) => setTimeout(done, 120));
          return [sent, out.last];
        })"""
    )
    assert told == [[["a", 0], ["a", 99], ["b", 1], ["c", 1], ["c", 2]], 103]


def test_what_waits_goes_before_what_is_told_next(modules):
    told = modules.evaluate(
        """import('/sending.js').then((m) => {
          const sent = []; const hear = [];
          const model = { send: (c) => sent.push([c.code, c.n]), on: (_, act) => hear.push(act) };
          const answer = (place, n) => hear[place]({ kind: 'ack', n });
          const [one, other] = [m.sender(model), m.sender(model, { start: 10 })];
          for (const code of ['a', 'b', 'c', 'b']) one.send(code, { code });
          other.send('x', { code: 'x' }); other.send('x', { code: 'y' });
          m.sendAll();
          m.sendAll();
          const loud = [one.quiet, other.quiet];
          // answers to what came before the last say nothing
          answer(0, 1); answer(0, 3);
          loud.push(one.quiet);
          answer(0, 4); answer(1, 12);
          one.send('d', { code: 'd' });
          return [sent, loud, other.quiet];
        })"""
    )
    # what another control had waiting goes before its neighbour's first
    sent = [["a", 1], ["c", 3], ["b", 4], ["x", 11], ["y", 12], ["d", 5]]
    assert told == [sent, [False, False, False], True]
