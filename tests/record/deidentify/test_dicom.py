"""DICOM files cleaned: the table, what it does not name, the gate, and damaged files."""

from io import BytesIO

import pytest
from bench.canaries import dicom_file

from deidentify_samples import KEY, context, run
from nof1.core.errors import InputError, MissingExtra
from nof1.record.deidentify import dicom_file as files
from nof1.record.deidentify import dicom_rules
from nof1.record.deidentify.dates import shift_dicom
from nof1.record.deidentify.dicom_gate import refuse
from nof1.record.deidentify.tally import Refused

pydicom = pytest.importorskip("pydicom")
CT = "1.2.840.10008.5.1.4.1.1.2"


def slice_of(number=1, **more):
    """A small CT slice as pydicom made it, changed."""
    content, canaries = dicom_file(number, dicom_rules.table(), share=20)
    dataset = pydicom.dcmread(BytesIO(content))
    for name, value in more.items():
        setattr(dataset, name, value)
    return dataset, canaries


def saved(dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def cleaned(tmp_path, dataset, **more):
    content = dataset if isinstance(dataset, bytes) else saved(dataset)
    report, out = run(tmp_path, {"a.dcm": content}, **more)
    return report, pydicom.dcmread(BytesIO(next(iter(out.values())))) if out else None


def test_what_is_said_about_the_removal(tmp_path):
    report, new = cleaned(tmp_path, slice_of()[0])
    assert report.clean, report.text()
    assert new.PatientIdentityRemoved == "YES"
    assert new.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in new.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]
    assert new.file_meta.ImplementationVersionName == files.IMPLEMENTATION
    assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID
    assert not any(new.preamble)
    assert new.Modality == "CT"
    assert new.PixelData == bytes(128)
    assert (new.PatientSex, new.PatientAge, new.PatientBirthDate) == ("F", "055Y", "")


def test_dates_move_and_times_stay_and_uids_agree(tmp_path):
    dataset, canaries = slice_of(StudyTime="101500", StudyInstanceUID="1.2.3.4")
    dataset.ReferencedImageSequence = [pydicom.Dataset()]
    dataset.ReferencedImageSequence[0].ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    dataset.ReferencedImageSequence[0].ReferencedSOPClassUID = CT
    _, new = cleaned(tmp_path, dataset)
    days = KEY.days(canaries.digits("mrn", 8))
    assert new.StudyDate == shift_dicom("20200201", days)
    assert new.StudyTime == "101500"
    assert new.StudyInstanceUID == KEY.uid("1.2.3.4")
    (item,) = new.ReferencedImageSequence
    assert item.ReferencedSOPInstanceUID == new.SOPInstanceUID == KEY.uid(dataset.SOPInstanceUID)
    assert item.ReferencedSOPClassUID == CT


def test_an_age_over_89_becomes_90_and_an_impossible_weight_goes(tmp_path):
    _, new = cleaned(tmp_path, slice_of(PatientAge="093Y", PatientWeight="5550123")[0])
    assert new.PatientAge == "090Y"
    assert "PatientWeight" not in new


def test_the_table_has_every_row_and_a_shorter_one_stops_the_run():
    assert len(dicom_rules.table()) == dicom_rules.ROWS - 4  # curves, two overlays, private
    text = "head\n" + "\n".join(["00100010\tx\tX\t\t\t\tboth"] * (dicom_rules.ROWS - 1))
    with pytest.raises(InputError, match="damaged"):
        dicom_rules.parsed(text)
    with pytest.raises(InputError, match="damaged"):
        dicom_rules.parsed(text + "\n00100010\tx\tQ\t\t\t\tboth")


@pytest.mark.parametrize("tag", sorted(t for t in dicom_rules.table() if t >> 16 > 0x0004))
def test_every_row_of_the_table_does_its_action(tag):
    row = dicom_rules.table()[tag]
    from bench.canaries import Canaries, _value

    from nof1.record.deidentify.dicom import Cleaner

    known = pydicom.datadict.dictionary_has_tag(tag)  # newer than pydicom: as free text
    vr = pydicom.datadict.dictionary_VR(tag).split(" or ")[0] if known else "LO"
    canaries = Canaries(1)
    value = [pydicom.Dataset()] if vr == "SQ" else _value(canaries, vr, "x")
    if value is None:
        value = 7
    if vr == "SQ":
        value[0].PatientComments = canaries.word("inner")
    dataset = pydicom.Dataset()
    dataset.add_new(tag, vr, value)
    with files.silent():
        Cleaner(dataset, context()).clean(dataset)
    told = str(dataset)
    assert not any(canary.lower() in told.lower() for canary in canaries.made)
    if row.action == "X" and tag not in dicom_rules.KEPT_CHARACTERISTICS and vr != "TM":
        assert tag not in dataset


REFUSED = {
    "burned in": ({"BurnedInAnnotation": "YES"}, True),
    "perhaps burned in": ({"BurnedInAnnotation": "MAYBE"}, True),
    "a face": ({"RecognizableVisualFeatures": "YES"}, True),
    "secondary capture": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, True),
    "ultrasound": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1", "Modality": "US"}, True),
    "fluoroscopy": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.12.2"}, True),
    "ultrasound by modality": ({"Modality": "US"}, True),
    "scanned film": ({"ConversionType": "DF"}, True),
    "screen": ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, True),
    "report": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}, False),
    "report by modality": ({"Modality": "SR"}, False),
    "PDF": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, False),
    "a document inside": ({"EncapsulatedDocument": b"%PDF"}, False),
    "raw data": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66"}, False),
    "directory": ({"SOPClassUID": "1.2.840.10008.1.3.10"}, False),
    "a maker's own": ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, False),
    "no class": ({"SOPClassUID": ""}, False),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_gate_refuses_and_lets_through_what_a_person_has_looked_at(name):
    changes, reviewable = REFUSED[name]
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = CT, "1.2.3", "CT"
    refuse(dataset, frozenset())  # the unchanged one passes
    for key, value in changes.items():
        setattr(dataset, key, value)
    with pytest.raises(Refused):
        refuse(dataset, frozenset())
    if reviewable:
        refuse(dataset, frozenset({"1.2.3"}))
    else:
        with pytest.raises(Refused):
            refuse(dataset, frozenset({"1.2.3"}))


def nested(depth: int) -> bytes:
    """Sequences in sequences, written by hand: pydicom itself cannot write so many."""
    out = BytesIO()
    dataset, _ = slice_of()
    out.write(saved(dataset)[:132])
    head = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    meta = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\0"
    out.write(b"\x02\x00\x00\x00UL\x04\x00" + len(meta).to_bytes(4, "little") + meta)
    out.write(b"\x08\x00\x16\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\0" + head * depth)
    return out.getvalue()


def damaged() -> dict[str, bytes]:
    content = saved(slice_of()[0])
    return {
        "10,000 sequences in each other": nested(10_000),
        "40 sequences in each other": nested(40),
        "cut in the header": content[:700],
        "cut in the file meta": content[:150],
        "noise": content[:132] + bytes(range(256)) * 20,
        "nothing behind the mark": content[:132],
    }


@pytest.mark.parametrize("name", damaged())
def test_a_damaged_file_is_refused_or_cleaned_and_never_a_traceback(tmp_path, name, capsys):
    report, out = run(tmp_path, {"a.dcm": damaged()[name]})
    assert len(out) + len(report.refused) + len(report.taken_out) == 1
    if "10,000" in name or "40" in name:
        assert "nested" in report.refused[0].reason or "damaged" in report.refused[0].reason
    assert capsys.readouterr() == ("", "")


def test_a_file_without_preamble_is_cleaned(tmp_path):
    dataset, canaries = slice_of()
    bare = pydicom.Dataset()
    bare.update({e.tag: e for e in dataset if e.tag.group > 2 and not e.tag.is_private})
    out = BytesIO()
    pydicom.dcmwrite(out, bare, implicit_vr=True, little_endian=True, enforce_file_format=False)
    report, new = cleaned(tmp_path, out.getvalue())
    assert report.clean, report.text()
    assert new.PatientID == KEY.letters("identifier", canaries.digits("mrn", 8))
    assert new.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"


def test_without_a_record_number_the_study_stands_for_the_patient(tmp_path, monkeypatch):
    dataset, _ = slice_of(StudyInstanceUID="1.2.3.4", PatientID="")
    report, new = cleaned(tmp_path / "1", dataset)
    assert report.clean, report.text()
    assert new.StudyDate == shift_dicom("20200201", KEY.days("study 1.2.3.4"))
    assert new.PatientName == KEY.letters("identifier", "study 1.2.3.4")
    from nof1.record.deidentify.dicom import Cleaner

    monkeypatch.setattr(Cleaner, "_remove", lambda *args: None)  # names stay: the second look
    report, new = cleaned(tmp_path / "2", slice_of(PatientID="", PatientComments="QUILL OTTO",
                                                   PatientName="QUILL^OTTO")[0])  # fmt: skip
    assert new is None
    assert "the patient's own name" in report.taken_out[0].reason


def test_a_deflated_file_is_cleaned_and_a_bomb_is_refused(tmp_path):
    import zlib

    dataset, _ = slice_of()
    dataset.file_meta.TransferSyntaxUID = files.DEFLATED
    report, _ = cleaned(tmp_path / "1", dataset)
    assert report.clean, report.text()
    head = saved(dataset)
    start = 144 + int.from_bytes(head[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = head[:start] + packer.compress(bytes(600 * 2**20)) + packer.flush()
    report, _ = cleaned(tmp_path / "2", bomb)
    assert "too large" in report.refused[0].reason


def test_without_pydicom_the_run_says_what_to_install(tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__
    from nof1.core import extras

    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(MissingExtra) as caught:
        run(tmp_path, {"a.dcm": saved(slice_of()[0])})
    assert "nof1[imaging]" in caught.value.next_step
    assert not (tmp_path / "out").exists()
    assert builtins.__import__ is real
