"""The structured report, read again with pydicom and highdicom."""

from io import BytesIO

import highdicom as hd
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from imaging.output.dicom_samples import AT, film, finding, series, uid, with_changed, withheld
from nof1.core.errors import InputError
from nof1.core.finding import NOTICE, Coding, Interval, Value
from nof1.imaging.image import Image
from nof1.imaging.output.sr import write_sr

KILOGRAM = Value(amount=1, unit="kg", interval=Interval(low=1, high=1, level=0.9))
FINDINGS = (finding(), withheld())


def read(written):
    return dcmread(BytesIO(written.content))


def groups(written):
    report = hd.sr.srread(BytesIO(written.content)).content
    return report.get_image_measurement_groups()


def texts(group):
    return [item.TextValue for item in group[0].ContentSequence if item.ValueType == "TEXT"]


SOURCES = {
    "DX": film("DX"),
    "CR": film("CR"),
    "DX without orientation": film("DX", PatientOrientation=None, ImagerPixelSpacing=None),
    "DX with half an orientation": film("DX", PatientOrientation="L", ImagerPixelSpacing=""),
    "CT": series("CT"),
    "MR": series("MR"),
    "one CT slice": series("CT", 1),
    "MR without thickness": with_changed(series("MR", 1), 0, SliceThickness=None),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_report_files_into_the_study_of_its_source(name):
    image = SOURCES[name]
    made = read(write_sr(image, FINDINGS, at=AT))
    source = image.datasets[0]
    for keyword in ("StudyInstanceUID", "PatientID", "PatientName", "PatientBirthDate"):
        assert str(made[keyword].value) == str(source[keyword].value), keyword
    for keyword in ("PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyDescription"):
        assert made[keyword].value == source[keyword].value, keyword
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    study = made.CurrentRequestedProcedureEvidenceSequence[0]
    named = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert [one.ReferencedSOPInstanceUID for one in named] == [
        one.SOPInstanceUID for one in image.datasets
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_the_report_is_a_template_1500_that_nobody_has_verified(name):
    made = read(write_sr(SOURCES[name], FINDINGS, at=AT))
    assert made.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.33"  # Comprehensive SR
    assert made.Modality == "SR"
    assert made.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert made.VerificationFlag == "UNVERIFIED"
    assert made.PreliminaryFlag == "PRELIMINARY"
    assert "VerifyingObserverSequence" not in made
    assert made.SeriesDescription == NOTICE


def test_the_observer_is_a_device_and_no_person_is_named():
    written = write_sr(film(), FINDINGS, at=AT)
    report = hd.sr.srread(BytesIO(written.content)).content
    (observer,) = report.get_observer_contexts()
    assert observer.observer_type == codes.DCM.Device
    people = [item for item in read(written).iterall() if item.VR == "PN" and item.value]
    assert {item.keyword for item in people} == {"PatientName"}


def test_a_probability_has_its_interval_code_and_model():
    group = groups(write_sr(film(), FINDINGS, at=AT))[0]
    assert (group.finding_type.value, group.finding_type.scheme_designator) == ("233604007", "SCT")
    (measurement,) = group.get_measurements()
    assert measurement.name == codes.DCM.Probability
    assert measurement.value == pytest.approx(0.31)
    assert measurement.unit == codes.UCUM.NoUnits
    ranges = {
        item.name.value: item.value
        for item in measurement[0].ContentSequence
        if item.ValueType == "NUM"
    }
    # SNOMED CT 371886008 and 371885007: upper and lower range of measurement uncertainty (CID 225)
    assert ranges == {"371886008": pytest.approx(0.14), "371885007": pytest.approx(0.09)}
    said = texts(group)
    assert "90 % interval: 0.22 to 0.45" in said
    assert NOTICE in said
    assert {"film-model", "3", "content hash (SHA-256): " + "ab" * 32} <= set(said)


def test_an_abstention_is_an_explicit_evaluation_with_its_reason():
    group = groups(write_sr(film(), FINDINGS, at=AT))[1]
    assert group.finding_type.meaning == "Pneumothorax"
    assert group.get_measurements() == []
    (evaluation,) = group.get_qualitative_evaluations()
    assert evaluation.name == codes.DCM.Probability
    assert evaluation.value == codes.SCT.NotEvaluated
    said = texts(group)
    assert "Not answered: The film is upside down." in said
    assert "What would resolve it: Turn the film and read it again." in said


def test_a_volume_and_its_interval_are_in_millilitres():
    volume = Value(amount=812.0, unit="mL", interval=Interval(low=800, high=830, level=0.95))
    lung = finding(what=Coding(code="SNOMED//44029006", display="Left lung"), value=volume)
    (measurement,) = groups(write_sr(series(), [lung], at=AT))[0].get_measurements()
    assert (measurement.name, measurement.unit.value) == (codes.SCT.Volume, "mL")
    units = {item.unit.value for item in measurement[0].ContentSequence if item.ValueType == "NUM"}
    assert units == {"mL"}


def test_a_vocabulary_without_a_dicom_name_stays_whole_under_ours():
    own = finding(what=Coding(code="nof1//opacity", display="Opacity " * 20))
    found = groups(write_sr(film(), [own], at=AT))[0].finding_type
    assert (found.value, found.scheme_designator) == ("nof1//opacity", "99NOF1")
    assert len(found.meaning) == 64


def test_a_long_series_is_named_once_and_whole():
    image = series("CT", 12)
    first, second = groups(write_sr(image, FINDINGS, at=AT))
    named = [one.referenced_sop_instance_uid for one in first.source_images]
    assert named == [one.SOPInstanceUID for one in image.datasets]
    assert second.source_images == []


def test_synthetic_data_say_so():
    group = groups(write_sr(film(), [finding(synthetic=True)], at=AT))[0]
    assert "SYNTHETIC data: not a real patient." in texts(group)


def test_same_content_same_bytes_other_content_other_uid():
    first, again = (write_sr(film(), FINDINGS, at=AT) for _ in range(2))
    assert first.content == again.content
    other = write_sr(film(), FINDINGS[:1], at=AT)
    assert other.sop_instance_uid != first.sop_instance_uid
    assert read(first).SOPInstanceUID == first.sop_instance_uid


def test_every_time_in_the_file_is_the_callers_or_the_sources():
    made = read(write_sr(film(), FINDINGS, at=AT))
    dates = {str(item.value)[:8] for item in made.iterall() if item.VR in ("DA", "DT")}
    assert dates <= {"20260304", "20260301", "19500203", ""}


def test_names_in_another_alphabet_survive():
    image = film("DX", SpecificCharacterSet="ISO_IR 192", PatientName="山田^太郎")
    assert str(read(write_sr(image, FINDINGS, at=AT)).PatientName) == "山田^太郎"
    assert str(read(write_sr(film(), FINDINGS, at=AT)).PatientName) == "Müller^Änne"


def test_absent_and_invalid_attributes_of_the_source_do_not_stop_the_report():
    image = with_changed(film(), 0, PatientID=None, StudyTime=None, PatientSex="X")
    written = write_sr(image, FINDINGS, at=AT)
    assert read(written).PatientSex == ""
    assert any("PatientSex" in note for note in written.notes)
    assert not any("X" in note.replace("PatientSex", "") for note in written.notes)


def test_no_warning_and_no_log_line_holds_the_patients_name(recwarn, caplog):
    image = film("DX", PatientName="CANARY", StudyTime="CANARY")
    caplog.clear()  # pydicom has warned of the time when the sample was made
    recwarn.clear()
    with caplog.at_level("DEBUG"):
        write_sr(image, FINDINGS, at=AT)
    assert "CANARY" not in caplog.text
    assert not [one for one in recwarn if "CANARY" in str(one.message)]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image(pixels=film().pixels), "does not come from DICOM"),
        (with_changed(film(), 0, SOPInstanceUID=""), "no SOPInstanceUID"),
        (with_changed(film(), 0, StudyInstanceUID=None), "no StudyInstanceUID"),
        (with_changed(series(), 1, StudyInstanceUID=uid("other")), "more than one study"),
        (with_changed(series(), 1, SeriesInstanceUID=uid("other")), "more than one series"),
        (with_changed(film(), 0, SOPClassUID="1.2.3"), "No DICOM answer can be made"),
    ],
)
def test_a_source_that_cannot_be_filed_is_refused(image, reason):
    with pytest.raises(InputError, match=reason) as caught:
        write_sr(image, FINDINGS, at=AT)
    assert "ller" not in str(caught.value)


@pytest.mark.parametrize(
    ("findings", "at", "reason"),
    [
        ((), AT, "at least one finding"),
        (FINDINGS, AT.replace(tzinfo=None), "no zone"),
        (
            (
                finding(
                    value=Value(amount=1, unit="kg", interval=Interval(low=1, high=1, level=0.9))
                ),
            ),
            AT,
            "unit 'kg'",
        ),
    ],
)
def test_a_report_that_says_nothing_clear_is_refused(findings, at, reason):
    with pytest.raises(InputError, match=reason):
        write_sr(film(), findings, at=at)
