"""What is moved on a page comes back with a step back, moves again with a step forth, and the control shows it."""

import pytest

from tests.browser.parts import becomes, link, tab, until

STATES = """() => {
  const all = [...document.querySelectorAll(".povsim-body .ps-control")];
  const setTo = (one) => (one.type === "checkbox" ? one.checked : one.value);
  const seen = all.filter((node) => node.getClientRects().length > 0);
  return seen.map((node) => [...node.querySelectorAll("input, select")].map(setTo));
}"""
"""What every control in sight is set to."""


def pick(control):
    menu = control.locator("select")
    menu.select_option(index=1 - int(menu.input_value()))


def slide(control):
    control.locator("input.ps-range").press("ArrowUp")


def switch(control):
    control.click()


@pytest.mark.parametrize(
    ("name", "open_tab", "form", "change"),
    [
        ("weight-tuner", "breakdown", "picker", pick),
        ("veto-lab", "who", "picker", pick),
        ("veto-lab", "who", "slider", slide),
        ("veto-lab", "who", "toggle", switch),
        ("scenario-compare", "groups", "slider", slide),
        ("exit-forecast", "levers", "slider", slide),
    ],
)
def test_a_step_back_brings_a_control_back(visit, name, open_tab, form, change):
    page = visit.open(name, fragment=link(run="sample"))
    tab(page, open_tab)
    control = page.locator(f".povsim-body .ps-form-{form} .ps-control").locator("visible=true").first
    control.wait_for()
    page.wait_for_timeout(1000)
    before = page.evaluate(STATES)
    undo, redo = (page.locator(".ps-bar-top .ps-group").first.locator("button").nth(place) for place in range(2))
    change(control)
    assert until(lambda: undo.is_enabled() and page.evaluate(STATES) != before)
    page.wait_for_timeout(500)
    moved = page.evaluate(STATES)
    undo.click()
    becomes(lambda: page.evaluate(STATES), before)
    redo.click()
    becomes(lambda: page.evaluate(STATES), moved)
    # at once after a step back, before its answer: what the hand does last counts
    undo.click()
    change(control)
    page.wait_for_timeout(1500)
    after = page.evaluate(STATES)
    page.reload(wait_until="commit")
    visit.wait()
    tab(page, open_tab)
    becomes(lambda: page.evaluate(STATES), after)
