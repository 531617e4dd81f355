"""A server in a process of its own, and pages that remember what went wrong on them."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import povsim.compiled
from povsim.dashboard.links import encode
from povsim.dashboard.settings import Settings as Wanted
from povsim.folder import write_run
from povsim.folder_manifest import Record, input_files
from povsim.runs import Settings, complete_population, run_scenarios
from povsim.scenario import locate, read_scenario

CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
TOKEN = "token-of-the-tests"
PATIENCE = 180_000
"""Milliseconds: machines that run tests are busy."""
READY = """() => {
    const cells = document.getElementById("rendered_cells");
    return !document.getElementById("loading") && cells && cells.querySelector(".ps-shell:not([aria-busy])")
        && !document.querySelector(".ps-busy");
}"""
"""The waiting message is gone, something of the page's own is there, and a link has been taken over."""


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen
    port: int

    def url(self, path="", token=TOKEN):
        """Return an address of the server."""
        query = f"?token={token}" if token else ""
        return f"http://127.0.0.1:{self.port}/{path}{query}"

    def kernels(self):
        """Return the numbers of the processes that serve pages or wait to, each with a socket of its kernel."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        found = {child.pid: sockets_of(child) for child in below}
        return {number: sockets[0] for number, sockets in found.items() if sockets}


def sockets_of(process):
    """Return the sockets on disk of a process that are a kernel's; none if it has just ended."""
    try:
        return [Path(one.laddr) for one in process.net_connections("unix") if "kernel-" in str(one.laddr)]
    except psutil.Error:
        return []


@contextmanager
def serving(runs, cache, *options):
    """Start a server and stop it as a user would; give it once it answers."""
    started = [sys.executable, "-c", "from povsim.cli import main; main()", "dashboard", *map(str, runs)]
    # Compiled code stays where it is: only digests go to a place of their own.
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache), "NUMBA_CACHE_DIR": povsim.compiled.config.CACHE_DIR}
    process = subprocess.Popen(
        [*started, "--no-browser", "--token", TOKEN, "--lang", "en", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        yield Server(process, _port(process))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _port(process):
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            # The rest is told right after, both languages at once.
            return int(found[1])
    raise RuntimeError(process.stderr.read())


@dataclass
class Visit:
    """A page that is open, and what was wrong on the way."""

    page: object
    server: Server
    wrong: list = field(default_factory=list)

    def open(self, name="", token=TOKEN, fragment=""):
        """Open a page and wait until it can be used."""
        self.page.goto(self.server.url(name, token) + fragment, wait_until="commit", timeout=PATIENCE)
        self.wait()
        return self.page

    def wait(self):
        """Wait until a page that is being opened can be used."""
        self.page.wait_for_function(READY, timeout=PATIENCE)

    def process(self):
        """Return the process of the session behind the page."""
        kernel = kernel_of(self.page)
        return psutil.Process(next(pid for pid, socket in self.server.kernels().items() if kernel in socket.name))


def watch(made):
    """Write down console errors, page errors and requests to other hosts."""
    start = time.monotonic()
    own = (f"http://127.0.0.1:{made.server.port}/", f"ws://127.0.0.1:{made.server.port}/", "data:", "blob:")

    def tell(what):
        made.wrong.append(f"{what}, after {time.monotonic() - start:.1f} s")

    def console(message):
        if message.type == "error":
            tell(f"console: {message.text} at {message.location['url']}")

    def request(asked):
        if not asked.url.startswith(own):
            tell(f"request: {asked.url}")

    def error(thrown):
        # The frontend of Voila is told of the end of its connection while a page is being left.
        if str(thrown) != "Cannot send":
            tell(f"page: {thrown}")

    made.page.on("console", console)
    made.page.on("pageerror", error)
    made.page.on("request", request)


def until(true, seconds=60.0):
    """Wait until something is true; tell whether it became so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.2)
    return bool(true())


EVIL = '<img src=x onerror="globalThis.hacked=1">'
"""A village whose name tries to be markup."""
CARD = Path(__file__).with_name("villages.yaml")
"""A scorecard that ranks villages, of which the sample has more than townships."""


def marked_run(folder, draws):
    """Return the folder of a run of the sample county in which one village is named ``EVIL``."""
    source = locate("sample")
    folder.mkdir()
    margins = source.with_name("sample.margins.yaml").read_text(encoding="utf-8")
    assert margins.count("name_zh: 四村") == 1
    (folder / "margins.yaml").write_text(margins.replace("name_zh: 四村", f"name_zh: '{EVIL}'"), encoding="utf-8")
    plan = folder / "marked.yaml"
    head = f"base: {source}\ncode: marked\nname_zh: 标记县\nname_en: Marked county\n"
    plan.write_text(head + "population: {margins: margins.yaml}\n", encoding="utf-8")
    scenario = read_scenario(plan)
    people = complete_population(scenario)
    results = run_scenarios(people, (scenario,), Settings(range(draws), seed=1))
    write_run(results, folder / "marked", register=people, record=Record(seed=1, inputs=input_files(plan, scenario)))
    return folder / "marked"


def link(**settings):
    """Return what is added to an address so that a page opens with settings."""
    return f"#s={encode(Wanted(**settings))}"


def becomes(found, wanted, seconds=60.0):
    """Wait until a function gives what is wanted; the last thing it gave is told if it does not."""
    got = [None]

    def same():
        got[0] = found()
        return got[0] == wanted

    assert until(same, seconds), f"{got[0]!r} is not {wanted!r}"


def points(page):
    """Return the points in the number fields of the weight table, by code."""
    told = page.evaluate(
        "() => [...document.querySelectorAll('.ps-weight-row')]"
        ".map((row) => [row.dataset.code, Number(row.querySelector('.ps-points').value)])"
    )
    return dict(told)


def set_points(page, code, text, key="Enter"):
    """Type points of an item."""
    field = page.locator(f'.ps-weight-row[data-code="{code}"] .ps-points')
    field.fill(text)
    field.press(key)


def ranking(page):
    """Return the rows of the live ranking in sight as (rank, name, total), in the order of ranks."""
    told = page.evaluate(
        "() => [...document.querySelectorAll('.ps-rank-row')].filter((row) => row.style.display !== 'none')"
        ".map((row) => ['place', 'name', 'total'].map((one) => row.querySelector(`.ps-rank-${one}`).textContent))"
    )
    return sorted((int(rank), name, float(total)) for rank, name, total in told)


def tab(page, key):
    """Open a tab and wait until it is open."""
    page.click(f'.ps-tab[data-key="{key}"]')
    page.wait_for_selector(f'.ps-tab[data-key="{key}"][aria-selected="true"]')


def shown_address(page):
    """Return the address as it is now: ``page.url`` is what was heard of it, and hears nothing while waiting."""
    return page.evaluate("location.href")


def kernel_of(page):
    """Return the number of the kernel behind an open page."""
    return page.evaluate("() => JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
