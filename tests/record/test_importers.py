"""Formats are found from content."""

from pathlib import Path

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.record.importers import detect, importer, names
from record_samples import labs_folder


@pytest.mark.parametrize("name", names())
def test_every_importer_has_the_two_functions(name: str, tmp_path: Path) -> None:
    module = importer(name)
    assert callable(module.read)
    hostile = {
        "a.csv": b"\x00\xff",
        "b.json": b"{",
        "c.parquet": b"PAR1",
        "d.yaml": b"a: [",
        "e": b"",
    }
    for file, data in hostile.items():
        (tmp_path / file).write_bytes(data)
        assert module.recognises(tmp_path / file) is False
    assert module.recognises(tmp_path) is False
    assert module.recognises(tmp_path / "absent") is False


def test_a_folder_of_several_formats_is_taken_apart(tmp_path: Path) -> None:
    labs_folder(tmp_path / "labs")
    (tmp_path / "fhir").mkdir()
    (tmp_path / "fhir" / "x.ndjson").write_text('{"resourceType": "Patient", "id": "1"}\n')
    (tmp_path / "cdm").mkdir()
    (tmp_path / "cdm" / "person.csv").write_text("person_id,gender_concept_id,year_of_birth\n")
    found = detect(tmp_path, {})
    assert {name for name, _ in found} == {"fhir", "omop", "tabular"}
    assert ("omop", tmp_path / "cdm") in found
    assert ("tabular", tmp_path / "labs") in found
    assert len(found) == 3


def test_unknown_formats_are_refused_with_what_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="not recognised") as caught:
        detect(tmp_path, {})
    assert any("OMOP" in item for item in caught.value.allowed)
    with pytest.raises(InputError, match="no such"):
        detect(tmp_path / "absent", {})
    with pytest.raises(UsageError, match="no importer"):
        detect(tmp_path, {"format": "hl7"})


def test_what_is_nearly_a_format_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no files"):
        detect(tmp_path / "empty", {})
    (tmp_path / "cdm").mkdir()
    head = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date\n"
    (tmp_path / "cdm/condition_occurrence.csv").write_text(head)
    assert detect(tmp_path / "cdm", {}) == [("omop", tmp_path / "cdm")]
    with pytest.raises(InputError, match="table person is absent"):
        list(importer("omop").read(tmp_path / "cdm", {}))
    labs_folder(tmp_path / "labs", mapping="schema: nof1/mapping/1\ntables: [\n")
    with pytest.raises(InputError, match="YAML") as caught:
        detect(tmp_path / "labs", {})
    assert caught.value.where == "mapping.yaml, line 3"


def test_a_folder_that_may_not_be_opened_is_an_input_error(tmp_path: Path, monkeypatch) -> None:
    def closed(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(InputError, match="Permission denied"):
        detect(tmp_path, {})
