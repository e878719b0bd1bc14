"""What is taken from a header, what is not believed, and what is warned of."""

import pytest

from imaging.reading.dicom_files import dataset
from nof1.imaging.reading.dicomheader import header

# pydicom warns of the damaged values that these tests are about
pytestmark = pytest.mark.filterwarnings("ignore:.*value:UserWarning")


def of(**tags):
    return header(dataset(**tags), "1.2.840.10008.1.2.1")


@pytest.mark.parametrize(
    ("tags", "years"),
    [
        ({"PatientAge": "045Y"}, 45),
        ({"PatientAge": "006M"}, 0.5),
        ({"PatientAge": "010W"}, 0.19),
        ({"PatientAge": "021D"}, 0.06),
        ({"PatientAge": "45"}, None),
        ({"PatientAge": "999Y"}, None),
        ({"PatientBirthDate": "19800101", "StudyDate": "20200101"}, 40),
        ({"PatientBirthDate": "20210101", "StudyDate": "20200101"}, None),
        ({"PatientBirthDate": "19800101"}, None),
        ({"PatientBirthDate": "19801399", "StudyDate": "20200101"}, None),
        ({}, None),
    ],
)
def test_age(tags, years):
    assert of(**tags)[0].age_years == pytest.approx(years, abs=0.01)


@pytest.mark.parametrize(("said", "sex"), [("M", "M"), ("F", "F"), ("O", None), ("", None)])
def test_sex(said, sex):
    assert of(PatientSex=said)[0].sex == sex


def test_free_text_in_a_code_is_not_taken():
    head, _ = of(BodyPartExamined="Thorax of Mr Canary, born 1980", ViewPosition="pa")
    assert head.body_part is None
    assert head.view == "PA"


def test_places():
    assert of(PatientOrientation=["L", "FP"])[0].position == ("L", "FP")
    assert of(PatientOrientation=["X", "F"])[0].position is None
    assert of(PatientOrientation=None)[0].position is None
    assert of(ImageLaterality="R", Laterality="L")[0].laterality == "R"


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "may name the patient"),
        ({"BurnedInAnnotation": None, "Modality": "US"}, "does not say whether text"),
        ({"BurnedInAnnotation": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "whether text"),
        ({"RecognizableVisualFeatures": "YES"}, "recognised"),
        ({"LossyImageCompression": "01"}, "with loss"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
    ],
)
def test_warnings(tags, words):
    assert any(words in note for note in of(**tags)[1])


def test_no_warning_without_reason():
    assert of()[1] == ()
    assert of(BurnedInAnnotation=None)[1] == ()  # a film of an X-ray machine
