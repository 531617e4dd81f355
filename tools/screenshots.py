"""Pictures of every page in both languages at two sizes, to be looked at before a release.

    python tools/screenshots.py OUT [RUN_DIR ...]

Needs a Chromium on PATH and the extras ``dashboard`` and ``test``. Without a run the shipped demonstration is shown.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from povsim.dashboard.app import PAGES
from povsim.dashboard.links import encode
from povsim.dashboard.settings import Settings

SIZES = ((1366, 768), (1920, 1080))
LANGUAGES = ("zh", "en")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
THERE = """() => {
    const cells = document.getElementById("rendered_cells");
    return !document.getElementById("loading") && cells && cells.innerText.trim().length > 100;
}"""
QUIET = """() => new Promise((done) => {
    let last = performance.now();
    const seen = new MutationObserver(() => { last = performance.now(); });
    seen.observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
    const end = performance.now() + 20000;
    const look = () => {
        const now = performance.now();
        if (now - last > 1500 || now > end) { seen.disconnect(); done(true); } else { setTimeout(look, 100); }
    };
    look();
})"""
"""Charts are drawn when nothing on the page has changed for a while."""
FROZEN = """() => {
    for (const one of document.querySelectorAll(".ps-fill")) {
        one.style.removeProperty("--list-height");
        const list = one.querySelector(".ps-weight-list, .ps-rank-scroller") ?? one;
        const look = getComputedStyle(list);
        const room = look.maxHeight === "none" ? look.height : look.maxHeight;
        if (parseFloat(room) > 0) one.style.setProperty("--list-height", room);
    }
}"""
"""Lists that take what the window leaves keep the height they have in a window of the size asked for."""


def main() -> int:
    """Make all pictures; return 1 if a page had a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("runs", nargs="*", help="folders of runs; the demonstration if none is given")
    parser.add_argument("--page", action="append", choices=PAGES, help="only this page; may be repeated")
    parser.add_argument("--lang", action="append", choices=LANGUAGES, help="only this language")
    parser.add_argument("--size", action="append", type=size, metavar="WIDTHxHEIGHT", help="only this size of window")
    parser.add_argument("--theme", default="light", choices=("light", "dark"))
    parser.add_argument("--presenter", action="store_true", help="as in a meeting: large letters, controls hidden")
    parser.add_argument("--tabs", action="store_true", help="every tab of a page, not only the one that is open")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    server, address = start(chosen.runs)
    try:
        faults = take_all(address, chosen)
    finally:
        server.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        server.wait(timeout=120)
    print("\n".join(faults) or "no faults")
    return 1 if faults else 0


def size(text: str) -> tuple[int, int]:
    """Return width and height as written on the command line."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def start(runs: list[str]) -> tuple[subprocess.Popen[str], str]:
    """Start a server on a free port; return it and its address with the token."""
    command = [sys.executable, "-c", "from povsim.cli import main; main()", "dashboard", *runs, "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
            return server, found[0]
    raise SystemExit("the server did not start")


def take_all(address: str, chosen: argparse.Namespace) -> list[str]:
    """Take every picture; return what was wrong on the pages."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise SystemExit("no chromium or chromium-browser on PATH")
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        for name in chosen.page or PAGES:
            for lang in chosen.lang or LANGUAGES:
                settings = Settings(lang=lang, theme=chosen.theme, presenter=chosen.presenter)
                faults += take(browser, address, name, settings, chosen)
        browser.close()
    return faults


def take(browser: Browser, address: str, name: str, settings: Settings, chosen: argparse.Namespace) -> list[str]:
    """Take the pictures of a page in one language; return what was wrong."""
    base, _, query = address.partition("/?")
    sizes = chosen.size or SIZES
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": sizes[0][0], "height": sizes[0][1]})
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{base}/{name}?{query}#s={encode(settings)}", wait_until="commit", timeout=180_000)
    page.wait_for_function(THERE, timeout=180_000)
    look = settings.theme + ("-meeting" if settings.presenter else "")
    tabs = page.get_by_role("tab")
    for place in range(max(1, tabs.count()) if chosen.tabs else 1):
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            if chosen.tabs and tabs.count():
                tabs.nth(place).click()
            page.evaluate(QUIET)
            tab = f"-{place + 1}" if chosen.tabs else ""
            path = chosen.out / f"{name}{tab}-{settings.lang}-{look}-{width}x{height}.png"
            whole(page, height)
            page.screenshot(path=path)
            print(path, flush=True)
    page.close()
    return [f"{name} ({settings.lang}): {told}" for told in wrong]


def whole(page: Page, height: int) -> None:
    """Make the window as tall as the page: what draws itself only when it is seen is drawn then."""
    width = page.viewport_size["width"] if page.viewport_size else SIZES[0][0]
    page.evaluate(FROZEN)
    tall = page.evaluate("() => document.getElementById('rendered_cells').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(tall, height), 12_000)})
    page.evaluate(QUIET)


if __name__ == "__main__":
    sys.exit(main())
