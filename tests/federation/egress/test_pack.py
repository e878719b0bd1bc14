"""The whole pack on a stored model: a clean one passes, each planted bug is caught."""

import base64
import json
import zlib

import numpy as np
import pytest

from nof1.core import artefacts, audit
from nof1.core.errors import ModelError
from nof1.core.workspace import create
from nof1.federation.egress import membership, pack, signing
from nof1.federation.egress.subject import load
from nof1.federation.egress.verdict import MOST_FINDINGS, Check, Found, worst


@pytest.fixture(scope="module")
def clean(desk):
    return pack.egress(desk.workspace, desk.few, version=1, seed=1)


def status(made):
    return {one["name"]: one["status"] for one in made["checks"]}


def test_a_clean_model_fails_nothing(clean):
    assert status(clean) == {
        "hashes": "pass",
        "stays_here": "pass",
        "no_row": "pass",
        "small_cells": "attention",
        "reproduced": "pass",
        "membership": "pass",
        "one_run_audit": "attention",
        "noise": "not_checked",
    }
    assert clean["verdict"] == "attention"


def test_every_check_says_why(clean):
    for one in clean["checks"]:
        assert one["reason"]
        assert one["limit"]


def test_the_pack_is_signed_and_names_all_files_and_the_code(desk, clean):
    stored = artefacts.load(desk.workspace.models, desk.few, 1)
    assert signing.holds(clean, signing.signer(desk.workspace.root).public)
    assert set(clean["files"]) == set(stored.files)
    assert clean["model"]["content_hash"] == stored.content_hash
    assert len(clean["code"]["sha256"]) == 64


def test_the_audit_log_has_an_entry(desk, clean):
    entry = [
        one for one in audit.entries(desk.workspace.audit) if one["action"] == "federation egress"
    ]
    assert entry[0]["details"]["verdict"] == clean["verdict"]
    assert entry[0]["details"]["content_hash"] == clean["model"]["content_hash"]


def test_nothing_of_a_patient_is_in_the_pack(desk, clean):
    words = json.dumps(clean)
    known = desk.facts()
    assert not [name for name in known.identifiers if len(name) > 5 and name in words]


def row_of(desk, number=40):
    return desk.subject().table.data.X[number]


def memorised(desk, how):
    """The model's ``model.json`` with a row of a patient in it."""
    data = desk.json("model.json")
    row = [None if np.isnan(v) else float(v) for v in row_of(desk)]
    if how == "list":
        data["extra"] = row
    elif how == "rounded":
        data["extra"] = [v and float(f"{v:.3g}") for v in row]
    elif how == "names":
        data["extra"] = dict(zip(data["columns"], row, strict=True))
    elif how == "packed":
        data["note"] = base64.b64encode(zlib.compress(json.dumps(row).encode())).decode()
    else:
        data["note"] = base64.b64encode(row_of(desk).astype("<f4").tobytes()).decode()
    return json.dumps(data).encode()


@pytest.mark.parametrize("how", ["list", "rounded", "names", "packed", "array"])
def test_a_memorised_row_in_a_model_file_is_caught(desk, how):
    made = desk.no_row(desk.planted(model__json=memorised(desk, how)))
    assert made.status == "fail"
    assert any("single patients" in one.what and "model.json" in one.where for one in made.found)


def test_a_memorised_row_among_the_numbers_of_the_model_is_caught(desk):
    shapes = desk.json("shapes.json")
    row = row_of(desk)[np.isfinite(row_of(desk))]
    shapes["bag_intercepts"] = (0.01 * (row - row.mean())).tolist()
    made = desk.no_row(desk.planted(shapes__json=json.dumps(shapes).encode()))
    assert "shapes.json, /bag_intercepts" in [one.where for one in made.found]
    assert made.status == "fail"


def test_a_patients_name_on_the_card_is_caught(desk):
    name = next(one for one in desk.facts().identifiers if one.startswith("Synthetic-"))
    card = desk.json("card.json")
    card["limits"].append(f"Not for {name}.")
    made = desk.no_row(desk.planted(card__json=json.dumps(card).encode()))
    (one,) = [one for one in made.found if one.status == "fail"]
    assert one.where == "card.json"
    assert name not in json.dumps(made.to_dict())


def test_a_bin_of_one_patient_is_caught(desk):
    shapes = desk.json("shapes.json")
    data = desk.subject().table.data
    term = next(one for one in shapes["terms"] if len(one["features"]) == 1 and one["cuts"][0])
    column = data.X[:, term["features"][0]]
    top = np.unique(column[np.isfinite(column)])[-2:]
    term["cuts"][0].append(float(top.mean()))
    for name, value in (("scores", 1.3), ("standard_errors", 0.1), ("counts", 0.0)):
        term[name].append(value)
    for bag in term["bags"]:
        bag.append(1.3)
    subject = desk.planted(shapes__json=json.dumps(shapes).encode())
    made = desk.small_cells(subject)
    assert made.status == "fail"
    assert any("with a value" in one.what for one in made.found)


def test_a_rare_code_in_a_local_model_is_caught(desk):
    rare = next(code for code, patients in desk.facts().codes.items() if patients == 1)
    data = desk.json("model.json")
    data["code_sets"][0].append(rare)
    made = desk.small_cells(desk.planted(model__json=json.dumps(data).encode()))
    assert any("codes" in one.what and one.status == "fail" for one in made.found)


def test_a_model_that_the_recipe_does_not_give_needs_a_person(desk):
    shapes = desk.json("shapes.json")
    shapes["intercept"] += 1e-9
    subject = desk.planted(shapes__json=json.dumps(shapes).encode())
    assert pack.reproduced(subject, print).status == "attention"
    made = pack.hashes(subject)
    assert made.status == "fail"
    assert made.found[0].where == "card.json"


def test_a_file_that_knows_its_patients_is_caught_by_the_attack(desk):
    subject = desk.subject()
    table = subject.table
    label = dict(zip(table.data.X[:, 0], 2 * table.target.label - 1, strict=True))
    honest = subject.model.pair.trained

    class Known:
        name = "glassbox"

        def decision(self, X, days):
            own = honest.decision(X, days)
            return own + 3 * np.array([label.get(x, 0.0) for x in X[:, 0]])

    object.__setattr__(subject.model.pair, "trained", Known())
    made = membership.check(subject, lambda text: None, 1, pairs=2)
    assert made.status == "fail"


def test_a_changed_model_file_is_refused_before_any_check(desk):
    subject = desk.planted()
    folder = desk.workspace.models / desk.name / str(subject.artefact.version)
    raw = (folder / "shapes.json").read_bytes()
    (folder / "shapes.json").write_bytes(raw.replace(b"0.1", b"0.2", 1))
    with pytest.raises(ModelError, match="content hash"):
        load(desk.workspace, desk.name)
    (folder / "shapes.json").write_bytes(raw)


def test_a_federated_model_is_checked_as_far_as_one_site_can(desk):
    card = desk.json("card.json")
    card["federation"], card["data"]["sites"] = "Trained by 3 sites", 3
    subject = desk.planted(card__json=json.dumps(card).encode())
    assert subject.federated
    assert "Several sites" in pack.reproduced(subject, print).reason
    made = membership.check(subject, lambda text: None, 1, pairs=2)
    assert made.status == "attention"
    assert [one for one in made.found if "not attacked itself" in one.what]


def test_without_a_record_nothing_is_silently_passed(desk, tmp_path):
    bare = create(tmp_path / "bare", shards=1)
    first = artefacts.load(desk.workspace.models, desk.name, 1)
    own = {name: raw for name, raw in first.files.items() if not name.startswith("card")}
    artefacts.save(bare.models, desk.name, own, {"card.json": first.files["card.json"]})
    made = status(pack.egress(bare, desk.name, seed=1))
    assert made["no_row"] == made["membership"] == made["one_run_audit"] == "not_checked"
    assert made["reproduced"] == "not_checked"


def test_a_model_of_pictures_is_hashed_and_searched_for_words_only(desk):
    files = {"model.json": b'{"schema": "nof1/imaging/1"}', "net.onnx": bytes(range(256)) * 20}
    name = next(one for one in desk.facts().identifiers if one.startswith("Synthetic-"))
    card = json.dumps({"name": "chest", "about": f"from {name}"}).encode()
    artefacts.save(desk.workspace.images, "chest", files, {"card.json": card})
    made = pack.egress(desk.workspace, "chest", seed=1)
    assert made["model"]["shelf"] == "images"
    assert status(made)["no_row"] == "fail"
    assert status(made)["membership"] == "not_checked"
    assert "pictures" in next(c for c in made["checks"] if c["name"] == "membership")["reason"]


def test_an_unknown_model_is_refused(desk):
    with pytest.raises(ModelError):
        pack.egress(desk.workspace, "nobody")


def test_what_was_not_checked_is_never_a_pass():
    assert worst(["pass", "not_checked"]) == "attention"
    assert worst(["pass", "pass"]) == "pass"
    assert worst([]) == "attention"


def test_many_findings_are_counted_and_the_failures_are_listed_first():
    found = [Found("x", "look", 1, "attention")] * 60 + [Found("y", "bad")]
    made = Check("a", "?", "fail", "why", found=found).to_dict()
    assert made["findings"] == 61
    assert len(made["found"]) == MOST_FINDINGS
    assert made["found"][0]["where"] == "y"
