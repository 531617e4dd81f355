"""Every page on a real browser: it opens without a fault, to those who may, and leaves nothing behind."""

import http.client
import json
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from povsim.dashboard.app import PAGES
from povsim.dashboard.handlers import FRAMING
from povsim.dashboard.security import HEADERS
from tests.browser.parts import PATIENCE, TOKEN, serving, until

STARTING = 180
"""Seconds until every page has a process waiting for it: machines that run tests are busy."""
CHARTS_FETCHED = """() => performance.getEntriesByType("resource")
    .some((one) => one.name.includes("echarts") && one.responseEnd > 0)"""


def ask(server, path, method="GET", **headers):
    """Return status, headers and text of an answer, without following it elsewhere."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=180)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = "" if answer.status == 101 else answer.read().decode("utf-8", errors="replace")
    connection.close()
    return answer.status, answer.headers, text


def kernel_of(text):
    """Return the number of the kernel behind a page."""
    return json.loads(re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', text, re.DOTALL)[1])[
        "kernelId"
    ]


@contextmanager
def page_of(server, query=""):
    """Give headers and text of a page that no browser opens; its process ends with it."""
    _, headers, text = ask(server, f"/home?token={TOKEN}{query}")
    try:
        yield headers, text
    finally:
        assert ask(server, f"/voila/api/shutdown/{kernel_of(text)}?token={TOKEN}", "POST")[0] == 204


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_a_fault(visit, name):
    page = visit.open(name)
    assert len(page.inner_text("#rendered_cells").strip()) > 100
    page.wait_for_timeout(1500)
    assert "Traceback" not in page.content()


def test_the_address_alone_is_the_home_page(visit):
    page = visit.open("")
    assert page.inner_text("#rendered_cells").strip()


def test_a_second_visit_fetches_next_to_nothing(visit):
    visit.open("weight-tuner").wait_for_function(CHARTS_FETCHED, timeout=PATIENCE)
    fetched = []
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda told: fetched.append(told["encodedDataLength"]))
    visit.open("weight-tuner").wait_for_function(CHARTS_FETCHED, timeout=PATIENCE)
    assert sum(fetched) < 100_000


def test_without_the_token_nobody_comes_in(visit):
    for query in ("", "?token=wrong-token"):
        status, headers, _ = ask(visit.server, f"/weight-tuner{query}")
        assert status == 302
        assert headers["Location"].startswith("/login")
    page = visit.page
    page.goto(visit.server.url("veto-lab", token=""))
    assert "口令" in page.inner_text("body")
    assert "token" in page.inner_text("body")
    page.fill("input[type=password]", TOKEN)
    page.click("button")
    page.wait_for_url("**/veto-lab*", wait_until="commit", timeout=PATIENCE)
    page.wait_for_selector("#rendered_cells", state="attached", timeout=PATIENCE)
    kernel = "00000000-0000-0000-0000-000000000000"
    for path in (f"/api/kernels/{kernel}", f"/api/kernels/{kernel}/channels"):
        assert ask(visit.server, path)[0] == 403
    assert ask(visit.server, f"/voila/api/shutdown/{kernel}", "POST")[0] == 403


@pytest.mark.parametrize("override", ["template=classic", "template=lab", "theme=dark", "template=../../etc"])
def test_nothing_of_a_page_can_be_overridden_by_its_address(server, override):
    with page_of(server, f"&{override}") as (_, text):
        assert "povsim-page" in text
        assert 'data-jp-theme-name="JupyterLab Light"' in text
        assert "templates/povsim/static/loading.js" in text


def test_answers_carry_the_security_headers(server):
    with page_of(server) as (headers, _):
        found = {"/home": headers}
    found |= {path: ask(server, f"{path}?token={TOKEN}")[1] for path in ("/login", "/nowhere")}
    for path, given in found.items():
        assert {name: given[name] for name in HEADERS} == HEADERS, path
        assert given["Access-Control-Allow-Origin"] is None, path
    _, headers, _ = ask(server, "/voila/templates/povsim/static/page.css")
    for name in ("Content-Security-Policy", "X-Content-Type-Options"):
        assert headers[name] == HEADERS[name]


def test_another_site_can_neither_use_the_server_nor_pose_as_it(server):
    assert ask(server, f"/home?token={TOKEN}", Host="evil.example")[0] == 403
    handshake = {
        "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": FRAMING,
    }  # fmt: skip
    with page_of(server) as (headers, text):
        # a browser that has been here sends its cookie along, whichever site makes it ask
        handshake["Cookie"] = headers["Set-Cookie"].partition(";")[0]
        assert "SameSite=Lax" in headers["Set-Cookie"]
        assert "HttpOnly" in headers["Set-Cookie"]
        path = f"/api/kernels/{kernel_of(text)}/channels"
        assert ask(server, path, **handshake, Origin="http://evil.example")[0] == 403
        assert ask(server, path, **handshake, Origin=f"http://127.0.0.1:{server.port}")[0] == 101


@pytest.mark.parametrize(
    "path",
    ["/voila/files/home.ipynb", "/voila/api/contents/", "/voila/tree", "/voila/render/other.ipynb", "/api/kernels",
     "/api/contents", "/voila/static/voila.js", "/home.ipynb", "/..%2f..%2fetc/passwd"],
)  # fmt: skip
def test_there_is_nothing_but_the_pages(server, path):
    status, _, text = ask(server, f"{path}?token={TOKEN}")
    assert status == 404
    assert "There is no such page" in text
    assert "没有这个页面" in text


def test_no_source_and_no_path_is_shown(server):
    with page_of(server) as (_, text):
        assert "povsim.dashboard.app" not in text
        assert str(Path.home()) not in text
        assert str(Path(sys.prefix)) not in text


def test_static_files_are_kept_for_good(server):
    with page_of(server) as (_, text):
        found = re.findall(r'(?:src|href)="(/voila/[^"]+)"', text)
    assert any("voila.js" in path for path in found)
    for path in found:
        status, headers, _ = ask(server, path)
        assert status == 200, path
        assert int(re.search(r"max-age=(\d+)", headers["Cache-Control"])[1]) > 10**7, path


@pytest.mark.skipif(sys.platform == "win32", reason="processes are found by their commands")
def test_a_page_that_is_closed_leaves_no_process(visit):
    page = visit.open("veto-lab")
    kernel = page.evaluate("() => JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    path = f"/api/kernels/{kernel}?token={TOKEN}"
    assert ask(visit.server, path)[0] == 200
    so_far = list(visit.wrong)
    page.close(run_before_unload=True)
    assert until(lambda: ask(visit.server, path)[0] == 404)
    # What was still being built when the page was closed has nobody to be built for.
    visit.wrong = so_far


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process")
def test_a_stop_ends_everything(runs, tmp_path):
    with serving(runs[:1], tmp_path) as server:
        assert until(server.kernels, STARTING)
        kernels = server.kernels()
        folder = next(iter(kernels.values()))
        server.process.send_signal(signal.SIGINT)
        _, told = server.process.communicate(timeout=120)
        assert server.process.returncode == 0, told
        assert "The dashboards have stopped" in told
        assert "Traceback" not in told
        assert until(lambda: not any(psutil.pid_exists(kernel) for kernel in kernels))
        assert not folder.parents[1].exists()


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are forked on Linux only")
def test_sessions_share_their_memory_and_end_with_a_server_that_is_killed(runs, tmp_path):
    with serving(runs[:1], tmp_path) as server:
        assert until(lambda: len(server.kernels()) == len(PAGES), STARTING)
        kernels = server.kernels()
        assert len({psutil.Process(kernel).ppid() for kernel in kernels} - {server.process.pid}) == 1
        # a session of its own has 90 MB and more
        assert until(lambda: max(map(private_megabytes, kernels)) > 10)
        assert max(map(private_megabytes, kernels)) < 60
        simulator = {one.pid for one in psutil.Process(server.process.pid).children()}
        server.process.kill()
        server.process.communicate()
        assert until(lambda: not any(psutil.pid_exists(one) for one in {*kernels, *simulator}))


def private_megabytes(process):
    """Return what of a process's memory no other process shares."""
    return psutil.Process(process).memory_full_info().uss / 1e6


def test_parts_that_take_long_to_come_are_waited_for(visit):
    # by default they would get two seconds, and those that are late no message ever again
    page = visit.open("home")
    alive = """(ms) => new Promise((done) => {
      const signal = AbortSignal.timeout(ms);
      setTimeout(() => done(!signal.aborted), ms + 300);
    })"""
    assert page.evaluate(alive, 2000)
    assert not page.evaluate(alive, 500)
