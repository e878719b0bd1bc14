"""Whole runs: 200 Bundles and 200 slices full of canaries, planted bugs, hostile files."""

import gzip
import json
import os

import pytest
from bench.canaries import dicom_file, fhir_bundle, left

from deidentify_samples import AS_OF, KEY, PATIENT, only, run, write
from nof1.core.errors import InputError, UsageError
from nof1.record.deidentify import dicom, dicom_rules, fhir, fhir_rules, fhir_values, patterns
from nof1.record.deidentify.context import Choices
from nof1.record.deidentify.run import deidentify
from nof1.record.deidentify.scrub import Scrubber

PATIENTS = 200


@pytest.mark.parametrize("kind", ["fhir", "dicom"])
def test_no_canary_is_left_of_200_patients(tmp_path, kind):
    files, made = {}, set()
    for number in range(PATIENTS):
        if kind == "fhir":
            content, canaries = fhir_bundle(number)
            files[f"{canaries.word('family')}-{number}.json"] = content
        else:
            content, canaries = dicom_file(number, dicom_rules.table(), share=8)
            files[f"{canaries.word('last', True)}/{number}.dcm"] = content
        made |= {c for c in canaries.made if len(c) >= 7}
    assert len(made) > 90 * PATIENTS
    report, out = run(tmp_path, files)
    assert report.clean, report.text()
    assert len(out) == PATIENTS
    everything = b"\n".join([*out.values(), *(name.encode() for name in out)])
    assert left(everything, made) == []
    told = json.dumps(report.to_dict()) + report.text()
    assert left(told, made) == []


def test_the_search_of_the_tests_finds_a_canary():
    _, canaries = fhir_bundle(1)
    word, number = canaries.word("family"), canaries.digits("ssn")
    assert left(f"x{word.upper()}y {number}", canaries.made) == sorted([word, number])
    import base64

    coded = base64.b64encode(f"a name {word}".encode()).decode()
    assert left(coded, canaries.made) == [word]


def bundle() -> dict:
    return fhir_bundle(3)[0]


def keeps_the_value(*args):
    return args[0]


PLANTED = {
    "birth dates stay": lambda patch: patch.setitem(fhir_values._ACTIONS, "birth", keeps_the_value),
    "identifiers stay": lambda patch: patch.setitem(
        fhir_values._ACTIONS, "identifier", keeps_the_value
    ),
    "a name may stay": lambda patch: patch.setattr(
        fhir, "rules", lambda: fhir_rules.rules() | {"Patient.name": "raw"}
    ),
    "telephones may stay": lambda patch: patch.setattr(
        fhir, "rules", lambda: fhir_rules.rules() | {"Patient.telecom": "raw"}
    ),
    "the note is not scrubbed": lambda patch: patch.setattr(
        fhir, "rules", lambda: fhir_rules.rules() | {"Annotation.text": "raw"}
    ),
    "addresses may stay": lambda patch: patch.setattr(
        fhir, "rules", lambda: fhir_rules.rules() | {"Address.line": "raw"}
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_second_look_takes_out_what_a_planted_bug_lets_through(tmp_path, monkeypatch, name):
    monkeypatch.setitem(fhir_values._ACTIONS, "raw", keeps_the_value)
    PLANTED[name](monkeypatch)
    report, out = run(tmp_path, {"a.json": bundle()})
    assert out == {}
    assert [one.file for one in report.taken_out] == [1]
    assert not report.clean


@pytest.mark.parametrize("tag", [0x00101040, 0x00102154, 0x00080050, 0x00101000, 0x00400009])
def test_a_row_that_is_lost_from_the_dicom_table_is_found_by_the_second_look(
    tmp_path, monkeypatch, tag
):
    shorter = {t: row for t, row in dicom_rules.table().items() if t != tag}
    monkeypatch.setattr(dicom, "table", lambda: shorter)
    monkeypatch.setattr(dicom, "IDENTIFIERS", dicom.IDENTIFIERS - {tag})
    stays = dicom.Cleaner._stays
    # the closed list beyond the table would drop it too: that second guard is taken away as well
    monkeypatch.setattr(
        dicom.Cleaner, "_stays", lambda self, e, t, k: t == tag or stays(self, e, t, k)
    )
    content, _ = dicom_file(5, dicom_rules.table())
    report, out = run(tmp_path, {"a.dcm": content})
    assert out == {}
    assert report.residual


def test_without_the_second_guard_a_lost_row_alone_lets_nothing_through(tmp_path, monkeypatch):
    shorter = {t: row for t, row in dicom_rules.table().items() if t != 0x00101040}
    monkeypatch.setattr(dicom, "table", lambda: shorter)
    content, canaries = dicom_file(5, dicom_rules.table())
    report, out = run(tmp_path, {"a.dcm": content})
    assert report.clean
    assert left(b"".join(out.values()), {c for c in canaries.made if len(c) >= 7}) == []


def test_private_elements_that_stay_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom, "group_action", lambda tag: None)
    monkeypatch.setattr(dicom, "_in_dictionary", lambda tag: True)
    monkeypatch.setattr(dicom.Cleaner, "_stays", lambda *args: True)
    content, _ = dicom_file(5, dicom_rules.table())
    report, out = run(tmp_path, {"a.dcm": content})
    assert out == {}
    assert report.residual["private element, curve or overlay"] > 0


def test_a_scrubber_that_does_nothing_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(Scrubber, "scrub", lambda self, text, own, days: text)
    note = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/pat-77"},
            "note": [{"text": "Quillfeather came"}]}  # fmt: skip
    report, out = run(tmp_path, {"a.ndjson": lines(PATIENT, note)}, free_text="scrub")
    assert out == {}
    assert "the patient's own name" in report.taken_out[0].reason


def lines(*nodes) -> str:
    return "\n".join(json.dumps(node) for node in nodes)


def test_one_patient_has_one_shift_and_one_pseudonym_in_every_format(tmp_path):
    content, canaries = dicom_file(2, dicom_rules.table())
    patient = PATIENT | {
        "identifier": [PATIENT["identifier"][0] | {"value": canaries.digits("mrn", 8)}]
    }
    subject = {"reference": "Patient/pat-77"}
    seen = {"resourceType": "Encounter", "subject": subject, "period": {"start": "2020-02-01"}}
    table = f"mrn,day\n{canaries.digits('mrn', 8)},2020-02-01\n"
    settings = {"t.csv": {"mrn": "patient", "day": "date"}}
    files = {"a.dcm": content, "a.ndjson": lines(patient, seen), "t.csv": table}
    report, out = run(tmp_path, files, settings=settings)
    assert report.clean
    assert report.patients == 1
    import pydicom

    dataset = pydicom.dcmread(tmp_path / "out" / next(n for n in out if n.endswith("dcm")))
    resources = [
        json.loads(x) for x in next(v for n, v in out.items() if "ndjson" in n).split(b"\n") if x
    ]
    mrn, day = out["t.csv"].decode().splitlines()[1].split(",")
    assert dataset.StudyDate == day.replace("-", "") != "20200201"
    assert resources[1]["period"]["start"] == day
    assert dataset.PatientID == mrn == resources[0]["identifier"][0]["value"]
    assert resources[1]["subject"]["reference"] == f"Patient/{resources[0]['id']}"


def test_the_same_key_gives_the_same_output_and_another_key_another(tmp_path):
    first = only(run(tmp_path / "1", {"a.json": PATIENT})[1])
    assert first == only(run(tmp_path / "2", {"a.json": PATIENT})[1])
    write(tmp_path / "3", {"a.json": PATIENT})
    from nof1.record.deidentify.key import Key

    deidentify(tmp_path / "3", tmp_path / "out3", Key(b"b" * 32), Choices(as_of=AS_OF))
    (path,) = (p for p in (tmp_path / "out3").iterdir() if p.name != "deidentification.json")
    assert json.loads(path.read_bytes())["id"] != first["id"]


HOSTILE = {
    "deep.json": b'{"resourceType":"Patient","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep-objects.json": b'{"resourceType":"Patient","contained":[' * 200 + b"]}" * 200,
    "cut.json": json.dumps(PATIENT).encode()[:-20],
    "array.json": b'[{"resourceType": "Patient"}]',
    "bomb.json.gz": gzip.compress(b'{"resourceType":"Patient","x":"' + b"a" * 90_000_000 + b'"}'),
    "half.json.gz": gzip.compress(json.dumps(PATIENT).encode())[:-9],
    "no.dcm": b"\0" * 128 + b"DICM" + b"\xff" * 200,
    "cut.dcm": b"\0" * 128 + b"DICM\x02\x00\x00\x00UL\x04\x00\xc8\x00",
    "page.html": b"<html>Quillfeather</html>",
    "table.csv": b"name\nQuillfeather\n",
    "binary.txt": bytes(range(256)),
    ".hidden.json": json.dumps(PATIENT).encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_the_others_are_cleaned(tmp_path, name):
    report, out = run(tmp_path, {name: HOSTILE[name], "good.json": PATIENT}, free_text="scrub")
    assert len(out) == 1
    assert len(report.refused) == 1
    assert "Quillfeather" not in json.dumps(report.to_dict())
    assert name not in report.text()
    assert b"Quillfeather" not in b"".join(out.values())


def test_links_are_not_followed(tmp_path):
    secret = write(tmp_path / "elsewhere", {"secret.json": PATIENT})
    source = write(tmp_path / "in", {"good.json": PATIENT})
    os.symlink(secret / "secret.json", source / "link.json")
    os.symlink(secret, source / "folder")
    report, out = run(tmp_path, {})
    assert [one.reason for one in report.refused] == 2 * ["It is a link; links are not followed."]
    assert len(out) == 1


def test_names_that_lead_out_of_the_folder_cannot_be_written(tmp_path):
    report, out = run(tmp_path, {"..%2f..%2fetc/a b\nc.json": PATIENT, "A\u202eb/x.json": PATIENT})
    assert report.clean
    assert all(set(name) <= set("abcdefghijklmnop/.json") for name in out)


def test_nothing_is_overwritten_and_nothing_half_done_is_left(tmp_path, monkeypatch):
    source = write(tmp_path / "in", {"a.json": PATIENT})
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        deidentify(source, tmp_path / "out", KEY)
    for bad in (source / "out", tmp_path):
        with pytest.raises(UsageError):
            deidentify(source, bad, KEY)

    def fails(*args):
        raise RuntimeError

    monkeypatch.setattr("nof1.record.deidentify.run._looked_again", fails)
    with pytest.raises(RuntimeError):
        deidentify(source, tmp_path / "new", KEY)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


def test_an_empty_or_missing_input_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    for source in (tmp_path / "in", tmp_path / "none"):
        with pytest.raises(InputError):
            deidentify(source, tmp_path / "out", KEY)


def test_text_is_refused_unless_scrubbing_is_chosen_and_somebody_is_known(tmp_path):
    report, out = run(tmp_path / "1", {"a.txt": "Quillfeather", "b.json": PATIENT})
    assert "free text" in report.refused[0].reason
    report, out = run(tmp_path / "2", {"a.txt": "Quillfeather"}, free_text="scrub")
    assert "No patient is known" in report.refused[0].reason
    assert out == {}


def test_text_of_a_patient_known_by_the_name_of_the_file_keeps_intervals(tmp_path):
    text = "Ottoline seen 2020-01-10, again 25 January 2020. BEA QUILLFEATHER, mrn m-555.0123."
    files = {"notes/M5550123_1.txt": text, "p.json": PATIENT}
    report, out = run(tmp_path, files, free_text="scrub")
    assert report.clean
    scrubbed = next(v for n, v in out.items() if n.startswith("notes/")).decode()
    from nof1.record.deidentify.dates import shift_iso

    days = KEY.days("M5550123")
    assert shift_iso("2020-01-10", days) in scrubbed
    assert shift_iso("2020-01-25", days)[:4] in scrubbed
    assert not {"ottoline", "quillfeather", "0123"} & set(scrubbed.lower().split())
    assert "555" not in scrubbed
    assert report.tally.actions["text file scrubbed"] == 1


def test_a_detector_that_is_missing_stops_the_run(tmp_path):
    source = write(tmp_path / "in", {"a.json": PATIENT})
    for named in (None, (), patterns.REQUIRED[:-1], (*patterns.REQUIRED, "magic")):
        with pytest.raises(UsageError, match=r"detectors|Detectors"):
            deidentify(source, tmp_path / "out", KEY, Choices("scrub", named))
    assert not (tmp_path / "out").exists()


def test_a_people_table_names_those_who_are_looked_for(tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("patient,name,name2,contact\nM1234567,Ottoline,Quillfeather,o@q.example\n")
    report, out = run(tmp_path, {"M1234567.txt": "Ottoline Quillfeather: fine"},
                      free_text="scrub", people=people)  # fmt: skip
    assert report.clean
    assert b"".join(out.values()) == b"[NAME] [NAME]: fine"


def test_a_text_that_belongs_to_nobody_is_searched_for_everybody(tmp_path):
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Karnakova"}]}
    files = {"a.ndjson": lines(PATIENT, doctor), "x.txt": "Karnakova saw OTTOLINE on 2020-01-02."}
    report, out = run(tmp_path, files, free_text="scrub")
    assert report.clean, report.text()
    text = next(content for name, content in out.items() if name.endswith(".txt"))
    assert text == b"[NAME] saw [NAME] on [DATE]."


def test_a_spelling_that_the_scrubber_did_not_find_is_found_by_the_second_look(tmp_path):
    files = {"a.json": PATIENT, "x.txt": "Chart of m5.55-01.23 is here"}
    report, out = run(tmp_path, files, free_text="scrub")
    assert len(out) == 1
    assert [one.kind for one in report.taken_out] == ["text"]


def test_a_fault_of_ours_refuses_the_file_and_tells_no_value(tmp_path, monkeypatch):
    def fails(*args):
        raise ValueError("Quillfeather")

    monkeypatch.setattr("nof1.record.deidentify.fhir.deidentified", fails)
    report, out = run(tmp_path, {"a.json": PATIENT})
    assert out == {}
    assert report.refused[0].reason == "It could not be handled (ValueError)."
    assert "Quillfeather" not in json.dumps(report.to_dict())


def test_two_files_that_would_have_one_name_do_not_replace_each_other(tmp_path):
    table = "person_id,visit_start_date\n1,2020-01-01\n"
    files = {"person.csv": "person_id\n1\n", "death.csv": table, "Death.csv": table}
    report, out = run(tmp_path, files)
    assert sorted(out) == ["death.csv", "person.csv"]
    assert "same name" in report.refused[0].reason
