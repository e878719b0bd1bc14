"""Surveillance pages: point in time, small cells, the slider, who sees them, hostile addresses."""

import csv
import io
import re

import pytest

import room_samples as rooms
import site_samples as samples
from nof1.surveillance import answers

PAGES = (
    "/surveillance",
    "/surveillance/fever",
    "/surveillance/fever?tab=spread",
    "/surveillance/fever?tab=alarms",
    "/surveillance/fever?tab=reading",
    "/surveillance/allocation",
    "/surveillance/allocation?units=0",
)


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    workspace = rooms.synthetic(tmp_path_factory.mktemp("outbreak") / "ws")
    store, places, last = rooms.outbreak(workspace)
    return workspace, store, places, last


@pytest.fixture(scope="module")
def app(country):
    return samples.open_server(country[0])


@pytest.fixture(scope="module")
def page(app):
    with samples.client(app) as browser:
        yield ready(browser)


def ready(browser):
    """Asks again while something is being worked out."""

    def get(path, **more):
        for _ in range(3000):
            answer = browser.get(path, **more)
            if "refresh" not in answer.headers:
                return answer
        raise AssertionError(f"{path} is never ready")

    return get


@pytest.mark.parametrize("path", PAGES)
def test_each_page_stands_in_small_and_in_few_requests(page, path):
    answer = page(path)
    assert answer.status_code == 200
    assert len(answer.content) < 300_000
    assert len(re.findall(r"<(?:script|link)[^>]+(?:src|href)=\"/", answer.text)) <= 6
    assert len(re.findall("<h1[ >]", answer.text)) == 1
    assert " style=" not in answer.text


def test_all_places_together_with_map_curve_alarms_and_revisions(page):
    text = page("/surveillance").text
    for head in ("What now", "Where it is", "All places", "Alarms", "What was revised"):
        assert head in text
    told = page("/surveillance?format=json").json()
    fired = [one for one in told["alarms"] if one["status"] == "alarm"]
    assert f"{len(fired)} alarm" in re.sub(r"\s+", " ", text)
    assert told["revised"][0]["week_to"] <= told["as_of"]
    first = told["revised"][0]
    assert first["before"] is None or first["now"] >= first["before"]


def test_the_twins_say_what_the_page_says(page):
    told = page("/surveillance/fever?format=json").json()["rows"]
    table = list(csv.DictReader(io.StringIO(page("/surveillance/fever?format=csv").text)))
    assert [one["place"] for one in table] == [one["place"] for one in told]
    text = page("/surveillance/fever").text
    for row in told[:5]:
        assert row["name"] in text
        assert table[told.index(row)]["per_100k"] == str(row["per_100k"] or "")


def test_nothing_later_than_the_day_is_shown(page, country):
    *_, last = country
    early = last.fromordinal(last.toordinal() - 30).isoformat()
    text = page(f"/surveillance?as_of={early}").text
    assert "Looking back" in text
    assert last.isoformat() not in text.replace(f'value="{last}"', "")
    told = page(f"/surveillance?as_of={early}&format=json").json()
    assert told["answers_as_of"] == {}
    assert told["alarms"] == []
    assert max(one["week_to"] for one in told["places"]) <= early


def test_a_day_before_anything_was_known_says_so(page):
    answer = page("/surveillance?as_of=1990-01-01")
    assert answer.status_code == 400
    assert "Nothing of this series was known" in answer.text


def test_small_counts_of_a_region_are_never_told(page, country):
    _, _, places, last = country
    small = places[0]
    early = last.fromordinal(last.toordinal() - 20).isoformat()
    for when in ("", f"&as_of={early}"):
        told = page(f"/surveillance/fever?place={small}{when}&format=json").json()
        counts = [one["reported"] for one in told["weeks"]] if when else []
        counts += [one[key] for one in told["revised"] for key in ("before", "now")]
        assert all(one is None or one == 0 or one >= 5 for one in counts), counts
        assert None in counts


def test_a_share_has_no_small_cells(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    store, places, _ = rooms.outbreak(workspace)
    path = store.folder / "signals" / "fever" / "signal.json"
    path.write_text(path.read_text().replace('"unit": "1"', '"unit": "%"'))
    with samples.client(samples.open_server(workspace)) as browser:
        told = ready(browser)(f"/surveillance/fever?place={places[0]}&format=json").json()
    assert rooms.SMALL in [one["now"] for one in told["revised"]]


def test_one_region_has_its_own_page(page, country):
    _, _, places, _ = country
    told = page("/surveillance/fever?format=json").json()["rows"]
    chosen = next(one for one in told if one["place"] == places[3])
    answer = page(f"/surveillance/fever?place={places[3]}")
    assert answer.status_code == 200
    assert f"<h1>{chosen['name']}" in answer.text
    assert "Tested against what is usual here" in answer.text
    assert page("/surveillance/fever?place=NOWHERE").status_code == 404


def test_units_are_shared_out_whole_and_more_units_leave_less_unmet(page):
    few, many = (
        page(f"/surveillance/allocation?units={units}&format=json").json() for units in (50, 400)
    )
    for told, units in ((few, 50), (many, 400)):
        assert sum(one["allocated"] for one in told["rows"]) == told["allocated"] <= units
        assert all(isinstance(one["allocated"], int) for one in told["rows"])
        for one in told["rows"]:
            assert one["unmet_low90"] <= one["unmet_high90"]
    assert many["plans"][0]["expected_unmet"] < few["plans"][0]["expected_unmet"]
    own, *others = few["plans"]
    assert {one["plan"] for one in others} >= {"by population", "by last week"}
    assert all(own["expected_unmet"] <= one["expected_unmet"] + 1e-9 for one in others)


def test_the_slider_renews_the_result_alone(page):
    whole = page("/surveillance/allocation?units=120")
    part = page("/surveillance/allocation?units=120", headers={"hx-request": "true"})
    assert part.text.lstrip().startswith("<section")
    assert "<html" not in part.text
    assert part.text.split("</h2>")[0] in whole.text


@pytest.mark.parametrize(
    "query",
    ["units=1.5", "units=-1", "units=1e99", "units=<script>", "units=" + "9" * 5000, "horizon=50",
     "per_case=0", "per_case=nan", "resource=gold", "as_of=2024-13-01"],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_refused_with_what_is_allowed(page, query):
    answer = page(f"/surveillance/allocation?{query}")
    assert answer.status_code == 400
    assert "Allowed" in answer.text
    assert "<script>" not in answer.text.replace("<script src", "")


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fanswers", "a" * 10_000, "<b>x</b>", "no such"])
def test_a_series_that_is_none_is_not_found(page, name):
    answer = page(f"/surveillance?series={name}")
    assert answer.status_code == 404
    assert "<b>x" not in answer.text


def test_words_of_a_source_are_never_markup(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    rooms.outbreak(workspace, '"><img src=x onerror=alert(1)>')
    with samples.client(samples.open_server(workspace)) as browser:
        get = ready(browser)
        for path in PAGES:
            answer = get(path)
            assert answer.status_code == 200, path
            assert "<img src=x" not in answer.text


def test_a_damaged_answer_is_named_and_never_a_traceback(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    store, _, _ = rooms.outbreak(workspace)
    path = store.folder / answers.ANSWERS / "fever" / "alarms.json"
    path.write_text("[1, 2")
    with samples.client(samples.open_server(workspace)) as browser:
        answer = ready(browser)("/surveillance")
    assert answer.status_code == 400
    assert "alarms.json" in answer.text


def test_a_workspace_without_a_series_says_what_to_do(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    with samples.client(samples.open_server(workspace)) as browser:
        assert "nof1 surveillance import" in browser.get("/surveillance").text


def test_who_has_no_scope_sees_no_link_and_no_page(country):
    guarded = samples.guarded(country[0])
    for role, allowed in (("clinician", True), ("epidemiologist", True), ("radiologist", False)):
        browser = guarded.browser(role)
        assert ('href="/surveillance"' in browser.get("/").text) is allowed
        expected = 200 if allowed else 403
        for path in ("/surveillance", "/surveillance/allocation"):
            assert ready(browser)(path).status_code == expected


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing(chromium, app, page, country, width, dark):
    region = f"/surveillance/fever?place={country[2][3]}"
    paths = (PAGES[0], PAGES[1], region, "/surveillance/fever?tab=alarms", PAGES[5])
    for path in paths:
        page(path)  # worked out before
    assert rooms.axe(chromium, app, paths, width, dark) == {}


def test_the_slider_works_with_the_keyboard(chromium, app):
    with samples.served(app) as address, rooms.opened(chromium) as browser:
        browser.goto(f"{address}/surveillance/allocation?units=100", wait_until="load")
        browser.focus("#units")
        with browser.expect_response(lambda answer: "units=101" in answer.url):
            browser.keyboard.press("ArrowRight")
        browser.wait_for_function("document.querySelector('#ways').textContent.includes('of 101')")
        assert browser.text_content("output[for=units]") == "101"
