"""What is read from a record."""


def test_everything_that_names_a_patient_is_read(desk):
    known = desk.facts()
    assert len(known.identifiers) == 2 * 750
    assert known.codes["SNOMED//22298006"] > 10
    assert len(known.values) == len(known.patients) > 10_000
    assert any(name.startswith("Synthetic-") for name in known.identifiers)
    assert all(count >= 1 for count in known.texts.values())
