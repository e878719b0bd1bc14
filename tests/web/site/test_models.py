"""The pages of models: what they say is what the cards say, and nothing else gets through."""

import csv
import io
import json
import re
import shutil

import pytest

import site_samples as samples
from nof1.core import artefacts
from nof1.core.workspace import open_workspace
from nof1.web.site import model_compare
from nof1.web.site.drawn import settled

HOSTILE = [
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2F..%2Faudit", "%00", "a" * 10_000,
    "heart%20attack", "'%20or%201=1", "%F0%9F%92%A3",
]  # fmt: skip


@pytest.fixture(scope="module")
def card(site_workspace, places):
    return artefacts.load(site_workspace.models, places["model"]).json("card.json")


@pytest.fixture
def home(places):
    return f"/models/{places['model']}"


def test_the_list_tells_status_figures_and_dates_of_all_models(site, places, card):
    text = site.get("/models").text
    auroc = card["evaluation"]["figures"]["auroc"]
    assert f"{auroc['low']:.2f} to {auroc['high']:.2f}" in text
    assert places["model"] in text
    data = site.get("/models?format=json").json()
    row = next(one for one in data["models"] if one["name"] == places["model"])
    assert row["status"] == card["status"].replace("speaks", "speaks")
    assert row["date"] == card["data"]["data_date"]
    assert row["drift"] == "not checked"
    assert {one["kind"] for one in data["models"]} >= {"risk", "imaging"}
    rows = list(csv.DictReader(io.StringIO(site.get("/models?format=csv").text)))
    assert [one["name"] for one in rows] == [one["name"] for one in data["models"]]


def test_a_models_page_shows_its_card_with_counts_and_intervals(site, home, card):
    text = site.get(home).text
    assert card["purpose"] in text.replace("&#39;", "'")
    for heading in (
        "The gate",
        "Groups, the worst first",
        "Has its world moved?",
        "How it decides",
    ):
        assert heading in text
    people = sum(one["rows"] for one in card["evaluation"]["calibration"])
    assert f"{people:,} people" in text
    assert text.count("data-chart=") == text.count('<script type="application/json"')
    assert text.count('id="curve-chart"') == 1  # one curve, not hundreds


def test_the_twins_hold_what_the_card_holds(site, home, card):
    data = site.get(f"{home}?format=json").json()
    assert data["card"]["evaluation"] == card["evaluation"]
    rows = list(csv.DictReader(io.StringIO(site.get(f"{home}?format=csv&table=groups").text)))
    assert [one["group"] for one in rows] == [
        one["group"] for one in card["evaluation"]["subgroups"]
    ]
    bins = list(csv.DictReader(io.StringIO(site.get(f"{home}?format=csv&table=calibration").text)))
    assert [int(one["rows"]) for one in bins] == [
        one["rows"] for one in card["evaluation"]["calibration"]
    ]
    every = list(
        csv.DictReader(io.StringIO(site.get(f"{home}?format=csv&table=decision-curve").text))
    )
    assert len(every) == len(card["evaluation"]["net_benefit"])


def test_a_curve_is_chosen_by_the_address_and_sent_alone_to_htmx(site, home):
    listed = site.get(f"{home}?format=json").json()["curves"]
    second = listed[1]
    page = site.get(home + "/1", params={"curve": second["column"]}).text
    assert f"<h3>{_escaped(second['feature'])}</h3>" in page
    part = site.get(home + "/1", params={"curve": second["column"], "part": "curve"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert _escaped(second["feature"]) in part.text
    assert site.get(home + "/1", params={"curve": "no such"}).status_code == 404


def _escaped(text):
    return text.replace("&", "&amp;").replace("'", "&#39;").replace(">", "&gt;")


def test_all_curves_can_be_searched(site, home):
    found = site.get(f"{home}/1/curves").text
    assert "Age in years" in found
    none = site.get(f"{home}/1/curves", params={"q": "<b>no</b>"})
    assert none.status_code == 200
    assert "<b>no" not in none.text
    assert "No curve found" in none.text
    assert site.get(f"{home}/1/curves?after=-1").status_code == 400
    assert site.get(f"{home}/1/curves?after=x").status_code == 400


def test_one_curve_tells_every_part_and_tries_an_edit_without_storing(site, home, site_workspace):
    before = artefacts.versions(site_workspace.models, home.rpartition("/")[2])
    address = f"{home}/1/curves/age_years"
    data = site.get(f"{address}?format=json").json()
    assert data["bins"][0]["missing"] is True
    assert data["tried"] is None
    cut = data["bins"][5]["low"]
    asked = {"way": "flat", "low": repr(cut), "value": "0", "format": "json"}
    tried = site.get(address, params=asked).json()["tried"]
    assert {one["after"] for one in tried["bins"]} == {0.0}
    assert min(one["low"] for one in tried["bins"]) == cut
    page = site.get(address, params={**asked, "format": "html"}).text
    assert "If it were so" in page
    assert artefacts.versions(site_workspace.models, home.rpartition("/")[2]) == before


@pytest.mark.parametrize(
    "asked",
    [
        {"way": "flat"},
        {"way": "flat", "value": "NaN"},
        {"way": "flat", "value": "1e400"},
        {"way": "<script>", "value": "1"},
        {"way": "cap", "value": "one"},
        {"way": "rising", "low": "3.14159"},
        {"way": "rising", "low": "60", "high": "50"},
        {"way": "flat", "value": "9" * 5000},
    ],
)
def test_an_edit_that_makes_no_sense_is_told(site, home, asked):
    found = site.get(f"{home}/1/curves/age_years", params=asked)
    assert found.status_code == 400
    assert "<script>" not in re.sub(r"<script[^>]* (src|type)=[^>]*>", "", found.text)


@pytest.mark.parametrize("name", HOSTILE)
def test_strange_names_are_not_found(site, name):
    for path in (
        f"/models/{name}",
        f"/models/{name}/1",
        f"/models/x/{name}",
        f"/effects/{name}",
        f"/models/x/1/curves/{name}",
        f"/models/{name}/compare",
        f"/models/x/reviews/{name}",
    ):
        found = site.get(path)
        assert found.status_code in (404, 400), path
        assert "Traceback" not in found.text
        assert "<script>alert" not in found.text


@pytest.mark.parametrize("version", ["0", "2", "-1", "1.0", "one", "9" * 400, "²"])
def test_a_version_that_is_not_there_is_not_found(site, home, version):
    assert site.get(f"{home}/{version}").status_code == 404


def test_one_version_alone_has_nothing_to_compare_with(site, home):
    found = site.get(f"{home}/compare")
    assert found.status_code == 404
    assert "only one version" in found.text


@pytest.fixture(scope="module")
def twice(site_workspace, places, tmp_path_factory):
    """A workspace whose model has a second version, with one figure changed, and one damaged."""
    root = tmp_path_factory.mktemp("twice") / "ws"
    shutil.copytree(site_workspace.root, root)
    models = root / "models"
    first = artefacts.load(models, places["model"])
    card = first.json("card.json")
    card["version"] = "2"
    for key in ("value", "low", "high"):
        card["evaluation"]["figures"]["auroc"][key] += 0.2
    files = {name: raw for name, raw in first.files.items() if not name.startswith("card")}
    notes = {"card.json": json.dumps(card).encode(), "card.md": b"# two\n"}
    artefacts.save(models, places["model"], files, notes)
    artefacts.save(models, "damaged", files, notes)
    workspace = open_workspace(root)
    with samples.client(samples.open_server(workspace)) as made:
        (models / "damaged" / "1" / "card.md").write_text("changed by hand")
        yield made


def test_two_versions_stand_side_by_side_with_the_difference_and_its_interval(twice, places):
    home = f"/models/{places['model']}"
    data = twice.get(f"{home}/compare?a=1&b=2&format=json").json()
    row = next(one for one in data["figures"] if one["key"] == "auroc")
    assert row["difference"]["value"] == pytest.approx(0.2)
    assert row["difference"]["low"] < 0.2 < row["difference"]["high"]
    assert row["verdict"] == "better"
    page = twice.get(f"{home}/compare?a=1&b=2").text
    assert "+0.200" in page
    back = twice.get(f"{home}/compare?a=2&b=1&format=json").json()
    assert next(one for one in back["figures"] if one["key"] == "auroc")["verdict"] == "worse"
    same = twice.get(f"{home}/compare?a=1&b=1&format=json").json()["figures"]
    assert {one["difference"]["value"] for one in same} == {0.0}
    assert twice.get(f"{home}/compare?a=1&b=7").status_code == 404
    assert f'href="{home}/compare?a=1&amp;b=2"' in twice.get(home).text


def test_a_damaged_model_is_listed_as_damaged_and_its_page_says_so(twice):
    rows = twice.get("/models?format=json").json()["models"]
    assert next(one for one in rows if one["name"] == "damaged")["status"] == "damaged"
    found = twice.get("/models/damaged")
    assert found.status_code == 400
    assert "content hash" in found.text


def test_the_difference_of_two_figures_is_wider_than_each():
    one = {"value": 0.7, "low": 0.65, "high": 0.76}
    gap = model_compare.difference(one, one)
    assert gap["value"] == 0
    assert gap["high"] - gap["low"] > one["high"] - one["low"]
    nothing = {"value": None, "low": None, "high": None}
    assert model_compare.difference(one, nothing)["value"] is None


@pytest.mark.parametrize(
    ("key", "low", "high", "said"),
    [
        ("auroc", 0.01, 0.1, "better"), ("brier", 0.01, 0.1, "worse"),
        ("prevalence", -0.2, -0.1, "lower"), ("auroc", -0.1, 0.1, "not clear"),
        ("auroc", 0.0, 0.1, "not clear"), ("auroc", None, None, "not clear"),
    ],
)  # fmt: skip
def test_a_difference_is_called_better_only_beyond_its_interval(key, low, high, said):
    assert model_compare.verdict(key, {"low": low, "high": high}) == said


def test_charts_are_made_once_and_stay_the_same():
    from nof1.pictures import model_charts

    picture = model_charts.calibration(
        [{"predicted": 0.123456789, "observed": 0.1, "low": 0.0, "high": 0.2, "rows": 30}]
    )
    made = settled({"deep": [picture]})["deep"][0]
    assert made.spec()["layer"][0].keys() == picture.spec()["layer"][0].keys()
    assert "0.12346" in json.dumps(made.spec())
    assert settled(made).spec() == made.spec()


def test_who_may_not_see_models_sees_no_page_and_no_link(guarded, home):
    learner = guarded.browser("learner")
    for path in ("/models", home, f"{home}/1", f"{home}/1/curves/age_years", f"{home}/compare"):
        assert learner.get(path).status_code == 403, path
    assert 'href="/models"' not in learner.get("/").text
    clinician = guarded.browser("clinician")
    assert clinician.get(home).status_code == 200
    page = clinician.get(f"{home}/1/curves/age_years?way=rising")
    assert "Propose this edit" not in page.text
    scientist = guarded.browser("data-scientist")
    assert "Propose this edit" in scientist.get(f"{home}/1/curves/age_years?way=rising").text


def test_a_curve_is_put_in_its_place_without_loading_the_page_again(walk, home, site):
    second = site.get(f"{home}?format=json").json()["curves"][1]["feature"]
    page = walk(home)
    page.evaluate("window.kept = true")
    page.get_by_role("link", name=second, exact=True).click()
    page.locator("#curve").get_by_role("heading", name=second).wait_for()
    page.locator("#curve svg").first.wait_for()
    assert page.evaluate("window.kept")


def test_without_scripts_a_curve_is_a_link(walk, home, site):
    second = site.get(f"{home}?format=json").json()["curves"][1]["feature"]
    page = walk(home, script=False)
    page.get_by_role("link", name=second, exact=True).click()
    page.locator("#curve").get_by_role("heading", name=second).wait_for()
    assert "curve=" in page.url
