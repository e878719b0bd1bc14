"""Codings: vocabulary names, preference, and answers that join their question."""

from hypothesis import given
from hypothesis import strategies as st

from nof1.record.importers.fhir_codes import answer, names, systems, vocabulary
from nof1.record.importers.fhir_datatypes import CodeableConcept, Coding

CODINGS = [
    Coding("http://hl7.org/fhir/sid/icd-10-cm", "I10", "Hypertension"),
    Coding("http://snomed.info/sct", "38341003", "Hypertensive disorder"),
    Coding("http://snomed.info/sct", "59621000", "Essential hypertension"),
    Coding("http://hospital.example/a", "HTN"),
    Coding("http://hospital.example/b", "HTN"),
]


@given(st.permutations(CODINGS))
def test_the_order_of_codings_does_not_matter(codings):
    events, parents = names(CodeableConcept(codings))
    assert [code for code, _ in events] == [
        "SNOMED//38341003",
        "SNOMED//59621000",
        "ICD10CM//I10",
    ]
    assert parents == ["hospital.example/a//HTN", "hospital.example/b//HTN"]


def test_local_codes_are_an_event_only_when_alone():
    local = CODINGS[3:]
    assert names(CodeableConcept(local)) == (
        [("hospital.example/a//HTN", None)],
        ["hospital.example/b//HTN"],
    )


def test_a_text_is_the_last_resort():
    assert names(CodeableConcept([], "  High  Blood\nPressure")) == (
        [("TEXT//high blood pressure", "  High  Blood\nPressure")],
        [],
    )
    assert names(CodeableConcept([Coding("http://loinc.org", "  ")], " ")) == ([], [])
    assert names(None) == ([], [])


def test_systems_by_address_oid_version_and_edition():
    for system in (
        "http://snomed.info/sct",
        "https://snomed.info/sct/",
        "http://snomed.info/sct|http://snomed.info/sct/900000000000207008",
        "http://snomed.info/sct/731000124108/version/20240301",
        "urn:oid:2.16.840.1.113883.6.96",
    ):
        assert vocabulary(system)[0] == "SNOMED"
    assert vocabulary("urn:oid:1.2.3")[0] == "oid:1.2.3"
    assert vocabulary(None)[0] == "NOSYSTEM"


def test_different_unknown_systems_never_share_a_name():
    assert vocabulary("http://a.example/labs")[0] != vocabulary("http://b.example/labs")[0]
    assert len({name for name, _ in systems().values()} & {"NOSYSTEM", "TEXT"}) == 0


def test_an_answer_names_its_vocabulary_only_when_it_differs():
    loinc = CodeableConcept([Coding("http://loinc.org", "LA18976-3", "Every day")])
    snomed = CodeableConcept([Coding("http://snomed.info/sct", "449868002")], "Smokes daily")
    assert answer("LOINC//72166-2", loinc) == ("LA18976-3", "Every day")
    assert answer("LOINC//72166-2", snomed) == ("SNOMED//449868002", "Smokes daily")
    assert answer("LOINC//72166-2", CodeableConcept([], "only text")) is None
