"""Compounds on pages: drawings, intervals, alerts, filters in the address, atoms."""

import csv
import io
import json
import re
import time

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

import site_samples as samples
from medicines.properties import samples as made_up
from nof1.cli.compounds import compounds as command
from nof1.core.workspace import create
from nof1.medicines.properties import learner
from nof1.web.site import compounds_shelf as shelf

ASKED = ["CCCc1ccccc1", "OCCc1ccncc1", "CCCCCCCCCCCCCCCCCC[Si](Br)(Br)Br", "O=CC=Cc1ccccc1",
         "NCCC1CCCCC1"]  # fmt: skip


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    """A workspace with a small model of two labels, its predictions, and a library."""
    from click.testing import CliRunner

    folder = tmp_path_factory.mktemp("laboratory")
    workspace = create(folder / "ws", synthetic=True)
    table = made_up.write(folder / "made-up.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learner, "TREES", 10)
        patch.setattr(learner, "TREES_TO_CLASSIFY", 10)
        patch.setattr(learner, "ROUNDS", 60)

        def run(*words):
            done = CliRunner().invoke(command, [*map(str, words)])
            assert done.exit_code in (0, 1), done.output
            return done.stdout

        where = ("-w", workspace.root)
        run("train", table, "--label", "solubility", "--label", "polar", "--repeats", 1, *where)
        (folder / "asked.smi").write_text("\n".join(ASKED) + "\n")
        answers = run("predict", "made-up", folder / "asked.smi", "--json", *where)
        workspace.reports.mkdir(exist_ok=True)
        (workspace.reports / "asked.json").write_text(answers)
        run("index", table, "--smiles-column", "smiles",
            "--out", workspace.root / "libraries" / "mine")  # fmt: skip
    return workspace


@pytest.fixture(scope="module")
def app(laboratory):
    return samples.open_server(laboratory)


@pytest.fixture(scope="module")
def pages(app):
    with samples.client(app) as made:
        yield made


def patient(browser, path, **query):
    """A page that may be worked out first."""
    for _ in range(1200):
        answer = browser.get(path, params=query)
        if "refresh" not in answer.headers:
            return answer
        time.sleep(0.25)
    raise AssertionError("the page was never ready")


def listed(pages, **query):
    return patient(pages, "/compounds", format="json", **query).json()["compounds"]


def test_the_list_has_drawings_ranges_alerts_and_the_nearest(pages):
    page = patient(pages, "/compounds").text
    assert page.count("data:image/svg+xml;base64,") >= len(ASKED)
    rows = listed(pages)
    assert len(rows) == len(ASKED)
    for one in rows:
        answer = one["answers"]["solubility"]
        if answer["withheld"] is None:
            assert answer["low"] <= answer["value"] <= answer["high"]
            assert f"<strong>{answer['low']:.3g} to {answer['high']:.3g}</strong>" in page
    assert any(one["alerts"] for one in rows)
    assert any(one["answers"]["solubility"]["withheld"] for one in rows)
    assert "withheld" in page


def test_filters_and_the_order_stand_in_the_address(pages):
    rows = listed(pages)
    some = listed(pages, alerts="some")
    none = listed(pages, alerts="none")
    assert len(some) + len(none) == len(rows)
    assert all(one["alerts"] for one in some)
    assert [one["name"] for one in listed(pages, q="ncc")] == [
        one["name"] for one in rows if "ncc" in one["smiles"]]  # fmt: skip
    values = [one["answers"]["solubility"]["value"] for one in listed(pages, sort="-solubility")]
    told = [one for one in values if one is not None]
    assert told == sorted(told, reverse=True)
    assert values[len(told) :] == [None] * (len(values) - len(told))
    for zone in ("inside", "edge", "outside"):
        assert all(one["zone"] == zone for one in listed(pages, zone=zone))
    page = patient(pages, "/compounds", sort="-solubility").text
    assert 'aria-sort="descending"' in page


def test_the_twins_of_the_list(pages):
    text = patient(pages, "/compounds", format="csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [one["smiles"] for one in rows] == [one["smiles"] for one in listed(pages)]
    models = patient(pages, "/compounds", format="csv", table="models").text
    assert "made-up" in models


@pytest.mark.parametrize(
    "query",
    [{"zone": "far"}, {"alerts": "maybe"}, {"sort": "price"}, {"after": "-1"}, {"after": "x"},
     {"q": "q" * 201}, {"set": "../audit/audit"}, {"set": "nothing"}],
)  # fmt: skip
def test_a_list_that_cannot_be_made(pages, query):
    answer = patient(pages, "/compounds", **query)
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_one_molecule_is_asked_about_by_its_smiles(pages):
    answer = pages.get("/compounds/ask", params={"smiles": " OCCc1ccncc1 "})
    assert answer.status_code == 303
    address = answer.headers["location"]
    page = patient(pages, address)
    assert "90 % limits" in page.text
    assert "No PAINS and no Brenk alert was found. That proves no safety." in page.text
    data = patient(pages, address, format="json").json()
    (model,) = data["models"]
    found = model["answers"]["solubility"]
    assert found["low"] <= found["value"] <= found["high"]
    assert 'hx-get="/compounds/' in page.text


def test_atoms_speak_for_an_answer(pages):
    address = f"/compounds/{shelf.identifier('OCCc1ccncc1')}"
    page = patient(pages, address, explain="made-up:solubility").text
    assert "Blue atoms" in page
    data = patient(pages, address, explain="made-up:solubility", format="json").json()["why"]
    assert len(data["atoms"]) == 9  # heavy atoms
    sizes = [abs(one["contribution"]) for one in data["atoms"]]
    assert sizes == sorted(sizes, reverse=True)
    part = pages.get(f"{address}/atoms", params={"explain": "made-up:solubility"}).text
    assert "<html" not in part
    assert "data:image/svg+xml" in part


@pytest.mark.parametrize(
    "explain", ["made-up:nothing", "none:solubility", "x", "<script>:a", "m" * 5000]
)
def test_an_answer_that_is_none_is_not_explained(pages, explain):
    answer = patient(pages, f"/compounds/{shelf.identifier('CCO')}", explain=explain)
    assert answer.status_code in (400, 404)
    assert "<script>" not in answer.text.partition("<main")[2]


@pytest.mark.parametrize(
    "smiles",
    ["not a molecule", "C" * 1001, "C1CC", "[Fe]", "", "C\x00C", "<script>alert(1)</script>",
     "C(" * 300, "[" * 100, "%" * 50, "C1" * 200, "\u0421\u0421O"],
)  # fmt: skip
def test_a_hostile_smiles_is_refused(pages, smiles):
    answer = pages.get("/compounds/ask", params={"smiles": smiles})
    if answer.status_code == 303:
        answer = patient(pages, answer.headers["location"])
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("name", ["!!", "Q0NP=", "AAAA", "a" * 1401, "..%2f..", "Q0N", "_w"])
def test_a_name_that_is_no_compound(pages, name):
    answer = patient(pages, f"/compounds/{name}")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


def test_a_library_is_searched(pages):
    page = patient(pages, "/compounds/libraries/mine", smiles="CCCc1ccccc1")
    assert "similar" in page.text
    hits = patient(pages, "/compounds/libraries/mine", smiles="CCCc1ccccc1",
                   format="json").json()["hits"]  # fmt: skip
    assert hits[0]["similarity"] == 1.0
    sizes = [one["similarity"] for one in hits]
    assert sizes == sorted(sizes, reverse=True)
    bad = patient(pages, "/compounds/libraries/mine", smiles="((")
    assert "Nothing was searched" in bad.text
    assert patient(pages, "/compounds/libraries/none").status_code == 404
    assert patient(pages, "/compounds/libraries/..%2fmodels").status_code == 404


@pytest.mark.parametrize(
    "content",
    ['{"schema": "nof1/compounds-predict/1"}', '{"schema": "nof1/compounds-screen/1", "picks": 3}',
     '{"schema": "nof1/compounds-page/1", "asked": null}',
     '{"schema": "nof1/compounds-predict/1", "labels": [], "model": {"name": "x", "version": "v"}, '
     '"counts": {}, "predictions": []}'],
)  # fmt: skip
def test_a_file_that_holds_no_answers_is_told(laboratory, pages, content):
    path = laboratory.reports / "strange.json"
    path.write_text(content)
    try:
        answer = patient(pages, "/compounds", set="strange")
        assert answer.status_code == 400
        assert "holds no answers" in answer.text
    finally:
        path.unlink()


def test_markup_in_a_file_stays_words(laboratory, pages):
    data = json.loads((laboratory.reports / "asked.json").read_text())
    data["predictions"][0]["smiles"] = '"><script>alert(1)</script>'
    data["predictions"][0]["domain"]["neighbour"] = "<b>x</b>"
    path = laboratory.reports / "markup.json"
    path.write_text(json.dumps(data))
    try:
        page = patient(pages, "/compounds", set="markup").text
        assert "<script>alert" not in page
        assert "<b>x</b>" not in page
        assert "not checked: cannot be read" in page
    finally:
        path.unlink()


def test_an_empty_laboratory_says_which_command_makes_one(tmp_path):
    workspace = create(tmp_path / "ws", synthetic=True)
    with samples.client(samples.open_server(workspace)) as pages:
        page = patient(pages, "/compounds")
        assert page.status_code == 200
        assert "nof1 compounds train" in page.text
        assert "nof1 compounds predict" in page.text
        assert "nof1 compounds index" in page.text
        told = patient(pages, f"/compounds/{shelf.identifier('CCO')}").text
        assert "No model was asked" in told


def test_who_may_see_compounds(laboratory):
    guarded = samples.guarded(laboratory)
    assert guarded.browser("clinician", patients="all").get("/compounds").status_code == 403
    chemist = guarded.browser("data-scientist")
    assert patient(chemist, "/compounds").status_code == 200
    page = guarded.browser("learner").get("/").text
    assert 'href="/compounds"' not in page


@pytest.fixture(scope="module")
def base(app):
    with samples.served(app) as found:
        yield found


def test_the_pages_for_everybody(walk, pages):
    patient(pages, "/compounds")
    compound = f"/compounds/{shelf.identifier('OCCc1ccncc1')}"
    patient(pages, compound)
    for path, width, dark in (("/compounds", 1280, False), ("/compounds", 390, True),
                              (compound, 1280, True), (compound, 390, False)):  # fmt: skip
        page = walk(path, width, dark)
        assert samples.faults(page) == []
    page.wait_for_selector("#atoms img")
    assert re.search("Blue atoms", page.inner_text("#atoms"))
