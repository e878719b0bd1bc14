"""``nof1 compounds train`` and ``predict`` as people and programs meet them."""

from __future__ import annotations

import csv
import json

import pytest

pytest.importorskip("rdkit", reason="needs the extra drugs (rdkit)")

from cli.test_cli import run
from medicines.properties import samples
from nof1.core import artefacts
from nof1.core.workspace import create
from nof1.medicines.properties import learner


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A workspace with a small model of two labels, and the folder with its table."""
    folder = tmp_path_factory.mktemp("cli")
    create(folder / "ws")
    samples.write(folder / "Made up.csv", "[Fe],1,1", "C1CC,1,0")
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch, model):
    monkeypatch.setattr(learner, "TREES", 10)
    monkeypatch.setattr(learner, "TREES_TO_CLASSIFY", 10)
    monkeypatch.setattr(learner, "ROUNDS", 60)
    monkeypatch.chdir(model / "ws")


def told(capsys, *arguments):
    code, out, err = run(capsys, "compounds", *arguments)
    assert err == ""
    return code, out


def learned(capsys, model):
    """Train once for all tests of this module."""
    if not (model / "ws" / "laboratory" / "made-up").exists():
        labels = ("--label", "solubility", "--label", "polar", "--repeats", "1")
        code, out = told(capsys, "train", str(model / "Made up.csv"), *labels)
        assert code == 0
        return out
    return None


def test_the_way_from_table_to_prediction(capsys, model, tmp_path):
    out = learned(capsys, model)
    if out is not None:
        assert "set aside: 1 (metal)" in out
        assert "Model made-up version 1 stored." in out
        assert max(map(len, out.splitlines())) <= 80
    drawing = tmp_path / "why.svg"
    asked = ("predict", "made-up", "--smiles", "CCCc1ccccc1.Cl", "--explain", str(drawing))
    code, out = told(capsys, *asked)
    assert code == 0
    assert "90 % interval" in out
    assert "note salt: the counter-ion was removed" in out
    assert "domain inside" in out
    assert max(map(len, out.splitlines())) <= 80
    assert drawing.read_text().startswith("<?xml")


def test_a_table_of_all_bad_things_is_learned_from_and_each_is_counted(capsys, model, tmp_path):
    first, second = samples.compounds()[:2]
    bad = {
        "cannot be parsed": ("C1CC", "not a molecule", '=HYPERLINK("a")', "C(C)(C)(C)(C)C"),
        "metal": ("CC[Hg]CC", "Cl[Pt](Cl)(N)N"),
        "more than 4,000 characters": ("C" * 10_000,),
        "more than 300 atoms": ("C" * 400,),
        "no carbon": ("[Na+].[Cl-]",),
        "empty": ("",),
        "unknown atom (*)": ("*CCO",),
    }
    rows = [(f"c{n}", one, n % 2) for n, one in enumerate(samples.compounds())]
    rows += [("c0", first, 0), ("c5", "CCCCCCCCCC", 1)]  # the same id: same compound, another one
    rows += [("s1", f"{second}.Cl", 1), ("k", samples.compounds()[2], 1)]  # a salt, a conflict
    rows += [("u", "CCCCCCCCC", "maybe"), ("n", "CCCCCCCC", "")]
    rows += [("x", one, 1) for some in bad.values() for one in some]
    file = tmp_path / "bad.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "smiles", "y"), *rows])
    asked = ("train", str(file), "--label", "y", "--kind", "classification", "--repeats", "1")
    code, out, err = run(capsys, "compounds", *asked, "--json")
    data = json.loads(out)["rows"]
    assert code in (0, 1)  # y is noise: the model may be withheld
    assert "Traceback" not in err
    assert data["set_aside"] == {why: len(some) for why, some in bad.items()}
    assert data["changed"] == {"salt: the counter-ion was removed": 1}
    assert data["repeated_rows"] == 3
    assert data["conflicts"] == {"y": 1}
    assert data["unreadable_labels"] == {"y": 1}
    assert data["shared_ids"] == 1
    assert data["without_label"] == 3
    lost = sum(data["set_aside"].values()) + data["repeated_rows"] + data["without_label"]
    assert data["rows"] == len(rows) == data["compounds"] + lost


def test_each_row_of_a_file_is_answered_withheld_or_listed(capsys, model, tmp_path):
    learned(capsys, model)
    file, table = tmp_path / "ask.smi", tmp_path / "out.csv"
    file.write_text("CCc1ccccc1 one\nC1CC broken\n\nOP(O)(=O)CC stranger\n[Fe]\n")
    code, out = told(capsys, "predict", "made-up", str(file), "--json", "--table", str(table))
    data = json.loads(out)
    assert code == 1
    assert data["schema"] == "nof1/compounds-predict/1"
    assert data["counts"] == {"rows": 5, "predicted": 1, "withheld": 1, "unusable": 3}
    assert [one["row"] for one in data["unusable"]] == [2, 3, 5]
    assert data["reasons"] == {"cannot be parsed": 1, "empty line": 1, "metal": 1}
    first, second = data["predictions"]
    assert first["answers"]["solubility"]["low"] < first["answers"]["solubility"]["value"]
    assert second["domain"]["zone"] == "outside"
    assert second["answers"]["polar"]["value"] is None
    rows = list(csv.DictReader(table.open()))
    assert [row["row"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[1]["problem"] == "cannot be parsed"
    assert "outside" in rows[3]["solubility withheld"]
    code, out = told(capsys, "predict", "made-up", str(file))
    assert "5 rows: 1 predicted, 1 withheld, 3 not usable" in out
    assert "row 2: cannot be parsed" in out


def test_the_card_is_read_and_the_model_is_never_asked_about_a_patient(capsys, model, tmp_path):
    learned(capsys, model)
    assert artefacts.names(model / "ws" / "models") == []
    place = ("-w", str(model / "ws"))
    code, out, _ = run(capsys, "card", "made-up", *place)
    assert code == 0
    assert "not a medical device" in out
    code, _, err = run(capsys, "card", "made-up", "--page", str(tmp_path / "card.html"), *place)
    assert code == 2
    assert "nof1 card made-up" in err


def test_every_compound_asked_for_is_answered(capsys, model):
    learned(capsys, model)
    asked = ("--smiles", "CCCc1ccccc1", "--smiles", "not a molecule", "--smiles", "CCc1ccccc1")
    code, out = told(capsys, "predict", "made-up", *asked)
    assert code == 1
    assert "3 rows: 2 predicted, 0 withheld, 1 not usable" in out
    assert "row 2: cannot be parsed" in out


def test_a_page_with_drawings_and_its_json(capsys, model, tmp_path):
    learned(capsys, model)
    page = tmp_path / "page.html"
    code, _ = told(capsys, "predict", "made-up", "--smiles", "CCCc1ccccc1", "--page", str(page))
    assert code == 0
    assert "data:image/svg+xml" in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text())["asked"]["counts"]["rows"] == 1


def test_a_stranger_is_not_drawn(capsys, model, tmp_path):
    learned(capsys, model)
    drawing = tmp_path / "why.svg"
    asked = ("--smiles", "OP(O)(=O)CC", "--explain", str(drawing), "--label", "polar")
    code, out = told(capsys, "predict", "made-up", *asked)
    assert code == 1
    assert "Nothing was drawn" in out
    assert not drawing.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "made-up"),
        ("predict", "made-up", "missing.csv", "--smiles", "a", "--smiles", "b"),
        ("predict", "made-up", "--smiles", "CC", "--smiles", "CCC", "--explain", "a.svg"),
        ("predict", "nobody", "--smiles", "CC"),
        ("predict", "made-up", "missing.csv"),
        ("predict", "made-up", "--smiles", "CCc1ccccc1", "--explain", "../Made up.csv/why.svg"),
        ("predict", "made-up", "--smiles", "CC", "--explain", "a.svg", "--label", "none"),
        ("train", "missing.csv", "--label", "y"),
        ("train", "../Made up.csv", "--label", "none"),
        ("train", "../Made up.csv"),
        ("train", "../Made up.csv", "--label", "polar", "--challenger", "nobody"),
        ("predict", "made-up", "--smiles", "CC", "--page", "../Made up.csv/place.html"),
        ("predict", "made-up", "--smiles", "CC", "--page", "a.html", "--label", "none"),
    ],
)
def test_a_wrong_request_is_refused_with_the_next_step(capsys, model, arguments):
    learned(capsys, model)
    code, out, err = run(capsys, "compounds", *arguments, "--json")
    assert (code, out) == (2, "")
    assert json.loads(err)["error"]
