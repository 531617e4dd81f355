"""What is measured in a browser: pictures after a key, pages until they can be used, bytes on the way."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, CDPSession, Page

from benchmarks.dashboard_server import Server

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 180_000
WATCH = """() => {
    const there = () => {
        const cells = document.getElementById("rendered_cells");
        const usable = !document.getElementById("loading") && cells?.querySelector(".ps-nav-link")
            && cells.querySelectorAll(".ps-part").length > 2;
        const drawn = [...document.querySelectorAll(".ps-chart-canvas")].filter((one) => one.clientWidth)
            .every((one) => one.querySelector("canvas"));
        globalThis.usable ??= usable ? performance.now() : undefined;
        if (usable && drawn) globalThis.drawn ??= performance.now();
        if (!globalThis.drawn) requestAnimationFrame(there);
    };
    requestAnimationFrame(there);
}"""
"""Notes when a page can be used, and when its charts stand."""
PICTURES = """() => {
    globalThis.pictures = { first: [], confirmed: [] };
    if (globalThis.watched) return;
    globalThis.watched = true;
    const started = { first: null, confirmed: null };
    addEventListener("keydown", (event) => { started.first = started.confirmed = event.timeStamp; }, { capture: true });
    const note = (which) => {
        if (started[which] === null) return;
        const begun = started[which];
        started[which] = null;
        const after = new MessageChannel();
        after.port1.onmessage = () => pictures[which].push(performance.now() - begun);
        requestAnimationFrame(() => after.port2.postMessage(0));
    };
    const list = document.querySelector(".ps-rank-layer");
    const every = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(() => note("first")).observe(list, every);
    const busy = new MutationObserver(() => list.parentNode.hasAttribute("aria-busy") || note("confirmed"));
    busy.observe(list.parentNode, { attributes: true, attributeFilter: ["aria-busy"] });
}"""
"""Notes the milliseconds from a key to the first picture with a ranking that changed, foretold by the page where it
can be, and to the picture with what the session answered."""


@dataclass
class Traffic:
    """Bytes that came, by the way they came."""

    http: int = 0
    socket: int = 0
    requests: int = 0

    @property
    def megabytes(self) -> float:
        """All of them."""
        return (self.http + self.socket) / 1e6


async def counted(page: Page) -> tuple[CDPSession, Traffic]:
    """Count what a page fetches and is sent."""
    session, traffic = await page.context.new_cdp_session(page), Traffic()

    def loaded(told: dict[str, Any]) -> None:
        traffic.http += int(told["encodedDataLength"])
        traffic.requests += 1

    def framed(told: dict[str, Any]) -> None:
        payload = told["response"]["payloadData"]
        traffic.socket += len(base64.b64decode(payload)) if told["response"]["opcode"] == 2 else len(payload.encode())

    session.on("Network.loadingFinished", loaded)
    session.on("Network.webSocketFrameReceived", framed)
    await session.send("Network.enable")
    return session, traffic


async def opened(page: Page, server: Server, name: str, fragment: str) -> dict[str, float]:
    """Open a page; return milliseconds until it can be used and until its charts stand."""
    await page.goto(server.url(name) + fragment, wait_until="commit", timeout=PATIENCE)
    await page.wait_for_function("() => globalThis.drawn", timeout=PATIENCE)
    return {"usable": await page.evaluate("usable"), "drawn": await page.evaluate("drawn")}


async def first_loads(browser: Browser, server: Server, name: str, fragment: str, wait: Any) -> dict[str, Any]:
    """Return times and bytes of a first visit, of a second one from the cache, and of further charts.

    Parameters
    ----------
    wait : callable
        Called before each visit: until processes wait for pages.
    """
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    await context.add_init_script(f"({WATCH})()")
    found: dict[str, Any] = {"page": name}
    for visit in ("cold", "warm"):
        wait()
        page = await context.new_page()
        _, traffic = await counted(page)
        found[visit] = await opened(page, server, name, fragment)
        await page.wait_for_timeout(1500)
        found[f"{visit}_bytes"] = {"http": traffic.http, "socket": traffic.socket, "requests": traffic.requests}
        if visit == "warm":
            found["further"] = await further_charts(page, traffic)
        await page.close()
    await context.close()
    return found


async def further_charts(page: Page, traffic: Traffic) -> dict[str, float]:
    """Open all tabs; return the charts drawn and the bytes that came for them."""
    charts = "() => document.querySelectorAll('.ps-chart-canvas canvas').length"
    before, bytes_before = await page.evaluate(charts), traffic.http + traffic.socket
    await all_tabs(page)
    more = await page.evaluate(charts) - before
    return {"charts": more, "bytes": traffic.http + traffic.socket - bytes_before}


async def all_tabs(page: Page, pause: int = 1500) -> None:
    """Open every tab and leave it time for what is worked out behind it."""
    for place in range(await page.locator(".ps-tab").count()):
        await page.locator(".ps-tab").nth(place).click()
        await page.wait_for_timeout(pause)


async def kernel_of(page: Page) -> str:
    """Return the number of the session behind a page."""
    told: str = await page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    return told


async def pictures(page: Page, keys: int, pause: float) -> dict[str, list[float]]:
    """Press a key so many times in a field of the weight table; return the milliseconds until each picture.

    Returns
    -------
    dict of str to list of float
        ``first``: until the ranking follows; ``confirmed``: until it is the session's answer, with its bands.
    """
    await page.wait_for_selector(".ps-rank-row")
    fields = page.locator(".ps-points")
    await page.evaluate(PICTURES)
    for number in range(keys):
        # now one item, now another: up in the first, so that the ranking goes on changing
        if number % 10 == 0:
            await fields.nth(number // 10 % await fields.count()).focus()
        begun = time.perf_counter()
        await page.keyboard.press("ArrowUp")
        await page.wait_for_timeout(max(0.0, 1e3 * (pause - (time.perf_counter() - begun))))
    await page.wait_for_function("() => !document.querySelector('.ps-rank-scroller').hasAttribute('aria-busy')")
    told: dict[str, list[float]] = await page.evaluate("pictures")
    return told
