"""A case and a lesson in a real browser: by keyboard alone, at every step free of axe's faults."""

# ruff: noqa: F811 (fixtures are imported by name)

import pytest

import site_samples as samples
from academy_site_samples import academy_app, academy_workspace  # noqa: F401


@pytest.fixture(scope="session")
def academy_base(academy_app):
    """The open server on a real port."""
    with samples.served(academy_app) as found:
        yield found


@pytest.fixture
def visit(chromium, academy_base):
    """``visit(path, width, dark)``: a page of a reader of its own; fails for what it complains."""
    said, contexts = [], []

    def go(path, width=1280, dark=False):
        scheme = "dark" if dark else "light"
        size = {"width": width, "height": 900}
        contexts.append(chromium.new_context(viewport=size, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda one: said.append(one.text) if one.type != "log" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(academy_base + path, wait_until="load")
        return page

    yield go
    for one in contexts:
        one.close()
    assert said == []


def narrow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def press(page, where, *keys):
    """Keys at a place, as somebody without a mouse presses them."""
    page.locator(where).focus()
    for key in keys:
        page.keyboard.press(key) if len(key) > 1 else page.keyboard.type(key)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_case_by_keyboard_alone(visit, width, dark):
    page = visit("/academy/case", width, dark)
    press(page, "text=Begin a practice", "Enter")
    page.locator("#own").wait_for()
    assert samples.faults(page) == []
    press(page, "input[name=act][value=yes]", "Space", "Tab", "3", "0", "Enter")
    page.locator("#checks").wait_for()
    assert samples.faults(page) == []
    press(page, "#check-units", "Enter")
    page.locator("h3#check-units").wait_for()
    assert page.evaluate("document.activeElement.id") == "check-units"
    assert "SHOWN-units" in page.locator("#checks").inner_text()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "check-population"
    act = "yes" if "above" in page.locator(".advises").inner_text() else "no"
    press(page, f"input[name=act][value={act}]", "Space", "Tab", "2", "0", "Tab", "Space", "Enter")
    page.locator("#true").wait_for()
    assert samples.faults(page) == []
    assert "You opened it." in page.locator("main").inner_text()
    press(page, "#lesson", "x", "Tab", "Enter")
    page.locator("h1", has_text="Case 2 of 12").wait_for()
    for path in ("/academy", "/academy/scores", "/academy/mine"):
        page.goto(page.url.split("/academy")[0] + path)
        assert samples.faults(page) == []
        assert narrow(page)


def test_a_lesson_answers_in_place_and_its_address_follows(visit):
    page = visit("/academy/lessons/base-rates?seed=4")
    press(page, "#f-alerts", "9", "9", "Enter")
    page.locator("#said-alerts .told").wait_for()
    assert page.evaluate("document.activeElement.id") in ("f-alerts", "check-alerts")
    press(page, "#f-quiet", "1", "Enter")
    page.locator("#said-quiet .told").wait_for()
    assert "e-alerts=99" in page.url
    assert "e-quiet=1" in page.url
    assert page.locator("#said-clinic .told").count() == 0
    page.reload()
    assert "Not so." in page.locator("#said-alerts").inner_text()


def test_a_lesson_works_without_scripts(chromium, academy_base):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{academy_base}/academy/lessons/base-rates?seed=4")
    page.locator("#f-quiet").fill("1")
    page.locator("#check-quiet").click()
    assert page.url.endswith("#quiet")
    assert "Not so." in page.locator("#said-quiet").inner_text()
    context.close()


def test_done_takes_the_answers_along(visit):
    page = visit("/academy")
    page.locator("text=Yes, keep my progress").click()
    page.goto(page.url.split("/academy")[0] + "/academy/lessons/base-rates?seed=4")
    page.locator("input[name=q-moved][value='1']").check()
    page.locator("#check-moved").click()
    page.locator("#said-moved .told").wait_for()
    page.locator("text=Done with this lesson").click()
    page.locator("h1", has_text="Academy").wait_for()
    page.goto(page.url.split("/academy")[0] + "/academy/mine")
    assert "1 of 6" in page.locator("main").inner_text()
    page.locator("input[name=sure]").check()
    page.locator("button", has_text="Delete").click()
    page.locator("h1", has_text="Academy").wait_for()
