"""Measure the dashboards: pictures after a key, time until pages can be used, bytes, memory, twenty sessions at once.

    python benchmarks/dashboard.py [--only pictures loads memory sessions] [--quick] [--json results.json]

Pages are real ones on a run of five hundred villages; a Chromium on PATH opens them. Medians and ninetieth
percentiles stand beside their targets and beside the load of the machine when they were measured: on a machine that
does other work they tell little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import dashboard_clients as clients  # noqa: E402
from benchmarks import dashboard_pages as pages  # noqa: E402
from benchmarks.dashboard_server import (  # noqa: E402
    Server,
    private_megabytes,
    run_of,
    scorecard,
    serving,
    settled,
)
from povsim.dashboard.app import PAGES  # noqa: E402
from povsim.dashboard.links import encode  # noqa: E402
from povsim.dashboard.settings import Settings  # noqa: E402

PARTS = ("pictures", "loads", "memory", "sessions")
VILLAGES, DRAWS, KEYS = 500, 20, 120
SESSIONS, RATE = 20, 5.0
FRAGMENT = f"#s={encode(Settings(scorecard='bench-villages'))}"
TARGETS = {
    "key to picture, p90": 60.0, "cold": 3000.0, "warm": 2500.0, "first load": 6.5, "warm cache": 0.1,
    "per further chart": 0.2, "memory": 150.0, "sessions, p90": 300.0,
}  # fmt: skip


def p90(values: Sequence[float]) -> float:
    """Return the ninetieth percentile."""
    return statistics.quantiles(values, n=10)[-1] if len(values) > 1 else values[0]


def load() -> float:
    """Return the load of the machine over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def tell(name: str, text: str, target: float | None = None, found: float = 0.0) -> None:
    """Print a measurement, beside its target if it has one."""
    said, aim = "", ""
    if target is not None:
        said, aim = "ok" if found <= target else f"{found / target:.1f} x target", f"{target:g}"
    print(f"  {name:34}{text:>34}{aim:>9}  {said:16}load {load():.1f}", flush=True)


def _shares(told: list[float], keys: int) -> str:
    """Return median and ninth decile, and how many of the keys had a picture of their own."""
    return f"p50 {statistics.median(told):.0f}  p90 {p90(told):.0f}  ({len(told)} of {keys})"


# ---- the parts ----


async def pictures(browser: Browser, server: Server, keys: int) -> dict[str, Any]:
    """Measure the milliseconds from a key to a picture, slowly and fast."""
    settled(server)
    page = await browser.new_page(viewport={"width": 1366, "height": 768})
    await page.add_init_script(f"({pages.WATCH})()")
    await pages.opened(page, server, "weight-tuner", FRAGMENT)
    settled(server, open_pages=1)
    rows = await page.evaluate("document.querySelector('.ps-rank-layer').clientHeight / 34")
    print(f"key to picture, {rows:.0f} rows, ms")
    found: dict[str, Any] = {"rows": rows}
    for name, pause in (("one key in 0.6 s", 0.6), ("five keys a second", 0.2)):
        told = await pages.pictures(page, keys, pause)
        found[name] = {which: {"p50": statistics.median(one), "p90": p90(one)} for which, one in told.items()}
        tell(name, _shares(told["first"], keys), TARGETS["key to picture, p90"], p90(told["first"]))
        tell(f"{name}, confirmed", _shares(told["confirmed"], keys))
    await page.close()
    return found


async def loads(browser: Browser, server: Server, visits: int) -> list[dict[str, Any]]:
    """Measure times and bytes of visits."""
    print("until a page can be used, ms; bytes, MB")
    found = []
    for name in PAGES:
        rows = [
            await pages.first_loads(browser, server, name, FRAGMENT, lambda: settled(server)) for _ in range(visits)
        ]
        found += rows
        for visit in ("cold", "warm"):
            usable = statistics.median(row[visit]["usable"] for row in rows)
            drawn = statistics.median(row[visit]["drawn"] for row in rows)
            tell(f"{name}, {visit}", f"{usable:.0f}, with charts {drawn:.0f}", TARGETS[visit], usable)
        first, again = rows[-1]["cold_bytes"], rows[-1]["warm_bytes"]
        whole = (first["http"] + first["socket"]) / 1e6
        tell(
            f"{name}, first load",
            f"{whole:.2f} ({first['requests']} requests, {first['socket'] / 1e6:.2f} by socket)",
            TARGETS["first load"], whole,
        )  # fmt: skip
        tell(
            f"{name}, warm cache",
            f"{again['http'] / 1e6:.3f} (and {again['socket'] / 1e6:.2f} by socket)",
            TARGETS["warm cache"], again["http"] / 1e6,
        )  # fmt: skip
        more = rows[-1]["further"]
        if more["charts"]:
            each = more["bytes"] / more["charts"] / 1e6
            tell(f"{name}, per further chart", f"{each:.3f} ({more['charts']})", TARGETS["per further chart"], each)
    return found


async def memory(browser: Browser, server: Server) -> list[dict[str, Any]]:
    """Measure the private memory of sessions: waiting, with their page open, after all their tabs."""
    print("private memory of a session, MB")
    found = []
    for name in PAGES:
        settled(server)
        waiting = {kernel: private_megabytes(process) for kernel, process in server.kernels().items()}
        page = await browser.new_page(viewport={"width": 1366, "height": 768})
        await page.add_init_script(f"({pages.WATCH})()")
        await pages.opened(page, server, name, FRAGMENT)
        await page.wait_for_timeout(4000)
        kernel = await pages.kernel_of(page)
        process = server.kernels()[kernel]
        shown = private_megabytes(process)
        await pages.all_tabs(page, 4000)
        row = {"page": name, "waiting": waiting.get(kernel), "opened": shown, "tabs": private_megabytes(process)}
        found.append(row)
        before = "-" if row["waiting"] is None else f"{row['waiting']:.0f}"
        text = f"waiting {before}, open {shown:.0f}, all tabs {row['tabs']:.0f}"
        tell(name, text, TARGETS["memory"], row["tabs"])
        await page.close()
    return found


async def sessions(browser: Browser, server: Server, count: int, keys: int) -> dict[str, Any]:
    """Measure pictures in a browser, and answers to the others, while many move a slider."""
    print(f"{count} sessions, each moving a slider {RATE:g} times a second, ms")
    others = []
    for place in range(count - 1):
        others.append(await clients.opened(server, FRAGMENT))
        print(f"\r  {place + 2} of {count} sessions are open", end="", file=sys.stderr)
    print(file=sys.stderr)
    page = await browser.new_page(viewport={"width": 1366, "height": 768})
    await page.add_init_script(f"({pages.WATCH})()")
    await pages.opened(page, server, "weight-tuner", FRAGMENT)
    settled(server, open_pages=count)
    stop = asyncio.Event()
    moving = asyncio.ensure_future(clients.busy(others, stop, RATE))
    await asyncio.sleep(3)
    told = await pages.pictures(page, keys, 1 / RATE)
    stop.set()
    await moving
    answers = [one for client in others for one in client.answered]
    lost = sum(len(client.sent) for client in others)
    for client in others:
        client.connection.close()
    await page.close()
    tell("picture in the browser", _shares(told["first"], keys), TARGETS["sessions, p90"], p90(told["first"]))
    tell("confirmed there", _shares(told["confirmed"], keys), TARGETS["sessions, p90"], p90(told["confirmed"]))
    merged = sum(client.merged for client in others)
    tell("answers to the others",
         f"p50 {statistics.median(answers):.0f}  p90 {p90(answers):.0f}  ({len(answers)}, {merged} merged)",
         TARGETS["sessions, p90"], p90(answers))  # fmt: skip
    return {
        "browser": told,
        "others": {"p50": statistics.median(answers), "p90": p90(answers), "merged": merged},
        "unanswered": lost,
    }


# ---- the command ----


def read_command(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure only these")
    parser.add_argument("--villages", type=int, default=VILLAGES)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--keys", type=int, default=KEYS, help="keys that are pressed for each measurement")
    parser.add_argument("--visits", type=int, default=3, help="visits of each page, cold and warm")
    parser.add_argument("--quick", action="store_true", help="few of everything: to see that it runs")
    parser.add_argument("--json", type=Path, help="file to write the measurements to")
    chosen = parser.parse_args(words)
    if chosen.quick:
        chosen.sessions, chosen.keys, chosen.visits = 4, 20, 1
    return chosen


async def measure(chosen: argparse.Namespace, server: Server) -> dict[str, Any]:
    """Measure what was asked for."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("no Chromium on PATH")
    found: dict[str, Any] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(pages.FLAGS))
        if "pictures" in chosen.only:
            found["pictures"] = await pictures(browser, server, chosen.keys)
        if "loads" in chosen.only:
            found["loads"] = await loads(browser, server, chosen.visits)
        if "memory" in chosen.only:
            found["memory"] = await memory(browser, server)
        if "sessions" in chosen.only:
            found["sessions"] = await sessions(browser, server, chosen.sessions, chosen.keys)
        await browser.close()
    return found


def main() -> None:
    """Read the command line, make the runs, measure, print."""
    chosen = read_command()
    print(f"{os.cpu_count()} processors, load {load():.1f}, {chosen.villages} villages, {DRAWS} draws\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="pb-") as made:
        folder = Path(made)
        runs = [run_of(folder, chosen.villages, DRAWS, code) for code in ("bench", "bench-leaner")]
        with serving(runs, scorecard(folder), folder / "cache") as server:
            found = asyncio.run(measure(chosen, server))
    if chosen.json:
        chosen.json.write_text(json.dumps({"load": load(), **found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
