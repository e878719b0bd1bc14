"""``nof1 medicines response`` as people and programs meet it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from cli.test_cli import run
from nof1.cli.response import _row
from nof1.core import artefacts
from nof1.core.workspace import create
from nof1.medicines.response.speaking import DrugAnswer
from response_samples import MARKED, planted, written

GROUP = ("medicines", "response")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A workspace and the tables of a screen where a marker matters."""
    folder = tmp_path_factory.mktemp("screen")
    create(folder / "ws")
    return folder, written(planted(marker=1.5), folder)


def train(capsys, folder, paths, *more, name="screen"):
    files = [text for key, path in paths.items() for text in (f"--{key}", str(path))]
    where = ("-w", str(folder / "ws"))
    return run(capsys, *GROUP, "train", name, *files, "--unit", "ln_uM", *where, *more)


@pytest.fixture
def trained(capsys, place):
    folder, paths = place
    if not (folder / "ws" / "laboratory" / "screen").exists():
        code, _, err = train(capsys, folder, paths, "--splits", "pairs,cell-line,tissue,drug")
        assert (code, err) == (0, "")
    return folder


def profile(folder, value=-6.0, features=20):
    path = folder / "tumour.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", *(f"gene{k}" for k in range(features))])
        rows.writerow(["tumour-1", value, *[0.0] * (features - 1)])
    return str(path)


def predict(capsys, folder, *more, tissue="lung", **how):
    path = profile(folder, **how)
    where = ("-w", str(folder / "ws"))
    return run(
        capsys, *GROUP, "predict", "screen", "--profile", path, "--tissue", tissue, *where, *more
    )


def test_the_four_splits_are_told_with_their_verdicts(capsys, trained):
    code, out, _ = run(capsys, *GROUP, "evaluate", "screen", "-w", str(trained / "ws"), "--json")
    data = json.loads(out)
    assert code == 0
    assert data["schema"] == "nof1/medicines-response-evaluate/1"
    assert [one["split"] for one in data["splits"]] == ["pairs", "cell-line", "tissue", "drug"]
    for split in data["splits"]:
        difference = split["figures"]["average"]["difference"]
        assert split["speaks"] <= (difference["high"] < 0)
        naive = split["figures"][split["best_naive"]]["rmse"]["value"]
        named = (
            "overall",
            "drug",
            "effects",
            "tissue_drug",
            "tissue_drug_line",
            "tissue_smooth",
            "naive_average",
        )
        assert naive == min(split["figures"][name]["rmse"]["value"] for name in named)
    code, out, _ = run(capsys, *GROUP, "evaluate", "screen", "-w", str(trained / "ws"))
    assert "cell lines are not patients" in out
    assert "| cell-line | average |" in out


def test_a_tumour_gets_a_ranked_list_that_fits_the_screen(capsys, trained):
    code, out, err = predict(capsys, trained)
    assert (code, err) == (0, "")
    assert "LABORATORY HYPOTHESIS: cell lines are not patients." in out
    assert f"{12 - MARKED} drugs are not ranked: no better than the average of the tissue." in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_id_beside_a_name_survives_a_narrow_table():
    row = DrugAnswer("drug7", "A very long name of a drug (drug7)", "", 1, 2, 1, 3, 0.5, None, ())
    assert _row(row)[0] == "A very long  (drug7)"
    assert _row(replace(row, title="A very long name of a drug"))[0] == "A very long name of "


def test_the_same_for_programs(capsys, trained):
    code, out, _ = predict(capsys, trained, "--json")
    (one,) = json.loads(out)["answers"]
    assert code == 0
    assert len(one["ranked"]) == MARKED
    assert all(row["low"] < row["predicted"] < row["high"] for row in one["ranked"])
    assert all(row["gain"]["low"] > 0 and row["voices"] for row in one["ranked"])
    assert one["neighbours"]


def test_outside_the_domain_the_exit_code_is_1_and_the_reason_is_told(capsys, trained):
    code, out, _ = predict(capsys, trained, tissue="eye")
    assert code == 1
    assert "WITHHELD: no cell line of this tissue" in out
    code, out, _ = predict(capsys, trained, "--json", features=5)
    (one,) = json.loads(out)["answers"]
    assert code == 1
    assert one["status"] == "withheld"
    assert "only 5 of the model's 20 features" in one["reason"]
    assert one["resolve"]


def test_a_model_that_is_no_better_is_stored_as_withheld(capsys, place):
    folder, _ = place
    (folder / "dull").mkdir(exist_ok=True)
    paths = written(planted(), folder / "dull")
    code, out, _ = train(capsys, folder, paths, "--splits", "cell-line", name="dull")
    assert code == 1
    assert "dull version 1: WITHHELD" in out
    code, out, _ = run(
        capsys,
        *(*GROUP, "predict", "dull", "--profile", profile(folder), "--tissue", "lung"),
        *("-w", str(folder / "ws")),
    )
    assert code == 1
    assert "no better than the average of the tissue" in out


def test_unit_chaos_is_refused_by_name(capsys, place):
    folder, paths = place
    code, _, err = train(capsys, folder, paths, "--unit", "nM", name="chaos")
    assert code == 2
    assert "Unit chaos" in err
    code, _, err = train(capsys, folder, paths, "--unit", "spoons", "--json", name="chaos")
    assert code == 2
    assert "nM" in json.loads(err)["allowed"]


def test_a_model_of_another_kind_is_refused(capsys, place):
    folder, _ = place
    artefacts.save(folder / "ws" / "laboratory", "risk", {"model.json": b"{}"})
    code, _, err = run(capsys, *GROUP, "evaluate", "risk", "-w", str(folder / "ws"))
    assert code == 2
    assert "This is no response model." in err
