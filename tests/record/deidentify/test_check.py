"""Checking files that are said to be de-identified."""

import json

from bench.canaries import dicom_file, fhir_bundle

from deidentify_samples import KEY, PATIENT, run, write
from nof1.record.deidentify.check import check
from nof1.record.deidentify.dicom_rules import table


def test_our_own_output_passes_and_the_input_does_not(tmp_path):
    files = {"a.json": fhir_bundle(1)[0], "b.dcm": dicom_file(1, table(), share=10)[0]}
    run(tmp_path, files)
    good = check(tmp_path / "out", against=tmp_path / "in", key=KEY)
    assert good.clean, good.text()
    assert good.files == 2
    bad = check(tmp_path / "in")
    assert sorted(bad.found) == [1, 2]


def test_what_a_person_added_later_is_found_without_telling_it(tmp_path):
    run(tmp_path, {"a.json": PATIENT})
    (path,) = (p for p in (tmp_path / "out").iterdir() if p.name != "deidentification.json")
    node = json.loads(path.read_text())
    node["maritalStatus"] = {"text": "Ottoline Quillfeather"}
    path.write_text(json.dumps(node))
    found = check(tmp_path / "out", against=tmp_path / "in", key=KEY)
    assert not found.clean
    assert "Quillfeather" not in found.text() + json.dumps(found.to_dict())
    assert check(tmp_path / "out").clean  # without the patients, a name in a label is not known


def test_files_that_are_not_checked_are_told(tmp_path):
    write(tmp_path, {"x/a.pdf": b"%PDF", "x/b.json": {"resourceType": "Patient", "id": "abcdefgh"}})
    found = check(tmp_path / "x")
    assert list(found.not_checked) == [1]
    assert not found.clean


def test_where_nothing_was_looked_at_nothing_is_called_clean(tmp_path):
    write(tmp_path, {"x/deidentification.json": {}})
    found = check(tmp_path / "x")
    assert (found.files, found.clean) == (0, False)
    assert "nothing to look at" in found.text()
