"""Whatever is done on a page, however fast and in whatever order, it ends up showing what its link says."""

import random

import pytest
from playwright.sync_api import TimeoutError as Gone

from povsim.dashboard.app import PAGES
from tests.browser.parts import PATIENCE, READY, link, shown_address, until

ACTIONS = 20
PAUSES = (0, 30, 100, 300)
"""Milliseconds between one thing done and the next: answers to the one before are on their way, or being drawn."""
SLOWER = 3
"""The browser's processor is held back by this factor, so that what may overtake does."""
SHOWN = """() => {
  const seen = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== "hidden";
  const leaves = [...document.querySelectorAll(".povsim-body *")].filter((node) => node.children.length === 0);
  const told = leaves.filter(seen).map((node) => (node.matches("input") ? node.value : node.textContent).trim());
  return told.filter(Boolean);
}"""
"""All texts and numbers in sight, in the order of the page."""
KEYS = {"language": "l", "theme": "t", "undo": "Control+z", "redo": "Control+Shift+z"}
PRESSED = {
    "reset": ".ps-bar-top .ps-group:first-of-type button:nth-of-type(3)",
    "tab": ".ps-tab",
    "button": ".ps-form-toggle, .ps-lock, .ps-rank-row",
}
PICKED = {"weight-tuner": "select"}
"""Lists to pick from; elsewhere those on the bar alone: which curve a chart shows is not part of a link."""


def act(page, name, dice):
    """Do something that a page allows; what was pressed may be gone by then."""
    kind = dice.choice([*KEYS, *PRESSED, "language", "tab", "pick", "pick", "slide", "slide"])
    try:
        if kind in KEYS:
            page.locator("h1").click(timeout=3000)
            page.keyboard.press(KEYS[kind])
        elif kind in PRESSED:
            one_of(page, PRESSED[kind], dice, lambda found: found.click(timeout=2000))
        elif kind == "pick":
            one_of(page, PICKED.get(name, ".ps-pickers select"), dice, lambda found: pick(found, dice))
        else:
            one_of(page, "input.ps-range", dice, lambda found: slide(page, found, dice))
    except Gone:
        return f"{kind}, gone"
    return kind


def one_of(page, selector, dice, do):
    """Do something with one of the controls in sight, if there are any."""
    found = page.locator(selector).locator("visible=true")
    if count := found.count():
        do(found.nth(dice.randrange(count)))


def pick(found, dice):
    if count := found.locator("option").count():
        found.select_option(index=dice.randrange(count), timeout=2000)


def slide(page, found, dice):
    found.focus(timeout=2000)
    for _ in range(dice.randrange(1, 6)):
        page.keyboard.press(dice.choice(["ArrowUp", "PageUp", "ArrowDown"]))


@pytest.mark.parametrize("name", PAGES)
def test_after_a_storm_a_page_shows_what_its_link_says(visit, another, name):
    page, dice = visit.open(name, fragment=link(run="sample")), random.Random(name)
    throttle = page.context.new_cdp_session(page)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    done = []
    for _ in range(ACTIONS):
        done.append(act(page, name, dice))
        page.wait_for_timeout(dice.choice(PAUSES))
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    # until the last answer has come, the address lags behind
    page.wait_for_timeout(3000)
    fresh = another().page
    fresh.goto(shown_address(page), wait_until="commit")
    fresh.wait_for_function(READY, timeout=PATIENCE)
    both = [None, None]

    def same():
        both[:] = page.evaluate(SHOWN), fresh.evaluate(SHOWN)
        return len(both[0]) > 10 and both[0] == both[1]

    assert until(same, 120), (done, *(sorted(set(one) - set(other)) for one, other in (both, both[::-1])))
