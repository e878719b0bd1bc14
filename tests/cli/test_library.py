"""``nof1 compounds index|search|screen`` as people and programs meet them."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from click.testing import CliRunner

from nof1.core.errors import InputError, UsageError

if find_spec("rdkit") is None:
    pytest.skip("needs the extra drugs", allow_module_level=True)

from medicines.library.samples import (
    ASPIRIN,
    HOSTILE,
    MOLECULES,
    SULFONAMIDES,
    write_smiles,
)
from nof1.cli import library


def run(command, *arguments):
    """Exit code and output; an error of ours is raised."""
    done = CliRunner().invoke(command, [str(part) for part in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    source = write_smiles(folder / "some.smi", [*MOLECULES, ASPIRIN, "OC(=O)c1ccccc1OC(C)=O"])
    assert run(library.index, source, "--out", folder / "index")[0] == 0  # a duplicate is no fault
    return folder / "index"


@pytest.fixture
def actives(tmp_path):
    return write_smiles(tmp_path / "sulfa.smi", SULFONAMIDES)


def narrow(text):
    assert max(map(len, text.splitlines())) <= 80, text
    return text


def test_index_says_what_was_set_aside_by_name(tmp_path):
    source = write_smiles(tmp_path / "a.smi", [ASPIRIN, "C1CC", "[Fe]", "CCO", "OCC"])
    code, out = run(library.index, source, "--out", tmp_path / "index")
    assert code == 1
    text = " ".join(narrow(out).split())
    assert "Indexed 2 molecules of 5 rows" in text
    assert "1 cannot be parsed a.smi row 2" in text
    assert "1 the same molecule as an earlier row a.smi row 5" in text
    code, out = run(library.index, source, "--out", tmp_path / "index", "--replace", "--json")
    data = json.loads(out)
    assert (code, data["schema"]) == (1, "nof1/compounds-index/1")
    assert data["counts"]["molecules"] == 2
    assert data["first"]["metal"] == [{"file": "a.smi", "row": 3}]


def test_hostile_rows_never_stop_an_index(tmp_path):
    rows = [smiles for smiles in HOSTILE if smiles and " " not in smiles]
    source = write_smiles(tmp_path / "a.smi", [*rows, ASPIRIN])
    code, out = run(library.index, source, "--out", tmp_path / "index", "--engine", "local")
    assert code == 1
    assert "Indexed 1 molecule " in narrow(out)


def test_search_finds_the_most_similar(index):
    code, out = run(library.search, index, "--smiles", ASPIRIN, "--top", 3)
    assert code == 0
    lines = narrow(out).splitlines()
    assert "Found 3." in lines
    assert "1.000" in out
    assert "m151 +1" in out
    code, out = run(library.search, index, "--smiles", f"{ASPIRIN}.Cl", "--top", "3", "--json")
    data = json.loads(out)
    assert data["schema"] == "nof1/compounds-search/1"
    assert data["query"]["notes"] == ["salt: the counter-ion was removed"]
    assert data["hits"][0]["also"] == [{"id": "m152", "file": "some.smi", "row": 152}]
    assert data["hits"][0]["similarity"] == 1.0
    assert data["library"]["molecules"] == 151


def test_a_threshold_gives_all_above_it(index, tmp_path):
    table = tmp_path / "hits.tsv"
    code, out = run(
        library.search, index, "--smiles", ASPIRIN, "--threshold", 0.15, "--json", "--table", table
    )
    data = json.loads(out)
    assert code == 0
    assert data["found"] == len(data["hits"]) > 20
    assert min(row["similarity"] for row in data["hits"]) >= 0.15
    rows = table.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "id\tsmiles\tfile\trow\tsimilarity"
    assert len(rows) == data["found"] + 1
    _, out = run(library.search, index, "--smiles", ASPIRIN, "--threshold", 0.15)
    assert f"and {data['found'] - 20} more" in narrow(out)


def test_substructures(index):
    code, out = run(library.search, index, "--smarts", "S(=O)(=O)[NH2]", "--json")
    data = json.loads(out)
    assert (code, data["kind"], data["complete"], data["found"]) == (0, "substructure", True, 10)
    assert "similarity" not in data["hits"][0]
    narrow(run(library.search, index, "--smarts", "C(=O)O")[1])


@pytest.mark.parametrize("question", [("--smiles", ASPIRIN), ("--smarts", "CC")])
@pytest.mark.parametrize("top", ["0", "-5"])
def test_no_less_than_one_hit_can_be_asked_for(index, question, top):
    code, out = run(library.search, index, *question, "--top", top)
    assert (code, "--top" in out) == (2, True)


@pytest.mark.parametrize(("smiles", "why"), [("", "empty"), ("CCO CCN", "more than one word")])
def test_a_query_that_is_no_molecule_is_refused(index, smiles, why):
    with pytest.raises(InputError, match=why):
        run(library.search, index, "--smiles", smiles)


def test_a_search_that_was_not_complete_says_so(index, monkeypatch):
    from nof1.medicines.library import substructure

    short = substructure.Matches(substructure.np.zeros(0, int), 9, 2, 7, 0)
    monkeypatch.setattr(substructure, "containing", lambda *_, **__: short)
    code, out = run(library.search, index, "--smarts", "C")
    assert code == 1
    assert "NOT COMPLETE: 7 molecules were not tested" in narrow(out)


@pytest.mark.parametrize(
    "question",
    [
        [],
        ["--smiles", "C", "--smarts", "C"],
        ["--smarts", "C", "--threshold", "0.5"],
        ["--smiles", "CCO", "--threshold", "1.5"],
        ["--smiles", "CCO", "--engine", "cloud"],
    ],
)
def test_a_search_needs_one_question(index, question):
    with pytest.raises(UsageError):
        run(library.search, index, *question)


def test_what_cannot_be_searched_is_refused(index, tmp_path):
    with pytest.raises(InputError, match="no index"):
        run(library.search, tmp_path, "--smiles", "C")
    with pytest.raises(InputError, match="cannot be used: cannot be parsed"):
        run(library.search, index, "--smiles", "C1CC")
    (tmp_path / "no").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        run(library.search, index, "--smiles", "CCO", "--table", tmp_path / "no" / "x.tsv")


def test_screen_names_compounds_and_draws_them(index, actives, tmp_path):
    page = tmp_path / "page.html"
    call = (library.screen, index, "--for", actives, "--top", 4, "--allow", "brenk")
    code, out = run(*call, "--page", page)
    assert code == 0
    text = narrow(out)
    assert "Held back, a chemical series at a time: 40 actives of 9 series" in text
    assert text.splitlines()[-1] == "Research and education use; not a medical device."
    html = page.read_text(encoding="utf-8")
    twin = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert html.count("data:image/svg+xml;base64,") == len(twin["picks"]) > 0
    assert "http://" not in html.replace("http://www.w3.org", "")
    _, out = run(*call, "--json")
    data = json.loads(out)
    assert data["schema"] == "nof1/compounds-screen/1"
    assert data["status"] == "found"
    assert data["held_back"]["passed"]
    assert [row["id"] for row in data["picks"]] == [row["id"] for row in twin["picks"]]


def test_a_withheld_ranking_is_no_list(index, tmp_path):
    few = write_smiles(tmp_path / "few.smi", SULFONAMIDES[:3])
    page = tmp_path / "page.html"
    code, out = run(library.screen, index, "--for", few, "--page", page)
    assert code == 1
    assert "X The ranking is withheld: there are too few" in narrow(out)
    assert "Withheld." in page.read_text(encoding="utf-8")
    _, out = run(library.screen, index, "--for", few, "--json")
    assert json.loads(out)["picks"] == []


def test_progress_is_shown_on_a_terminal_only(tmp_path, monkeypatch):
    source = write_smiles(tmp_path / "a.smi", MOLECULES[:5])
    monkeypatch.setattr(library, "on_terminal", lambda: True)
    done = CliRunner().invoke(library.index, [str(source), "--out", str(tmp_path / "x")])
    assert done.exit_code == 0
    assert "Reading molecules" in done.stderr
    assert "Reading molecules" not in done.stdout
