"""The walk of the first page with the keyboard alone: patient, what-if, model, outbreak, lesson."""

import pytest

MOST_TABS = 90


def focus(page, name):
    """Press Tab until the focus stands on the link or button of this name."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "(document.activeElement.textContent || document.activeElement.value || '').trim()"
        )
        if words.startswith(name):
            outline = page.evaluate(
                "(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)"
                "(getComputedStyle(document.activeElement))"
            )
            assert outline, f"nobody sees that the focus stands on {name}"
            return
    pytest.fail(f"the keyboard does not reach {name}")


def enter(page, name):
    """Go to a link by keyboard, press Enter, and wait for the next page."""
    focus(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return page.locator("h1").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_walk_by_keyboard(walk, places, width):
    page = walk("/", width)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert "Patient" in enter(page, "Open patient")
    assert "What if" in enter(page, "What if")
    page.go_back()
    page.go_back()
    assert places["model"] in enter(page, "Open model")
    page.go_back()
    enter(page, "Open surveillance")
    page.go_back()
    assert "Academy" in enter(page, "Open the academy")


def test_the_walk_without_scripts(walk, places):
    page = walk("/", script=False)
    page.get_by_role("link", name="Open patient").click()
    assert "Patient" in page.locator("h1").inner_text()
    page.goto(page.url.partition("/patients")[0] + "/patients")
    page.get_by_label("Identifier, or its beginning").fill(places["patient"])
    page.get_by_role("button", name="Find").last.click()
    page.get_by_role("link", name=places["patient"]).first.wait_for()
