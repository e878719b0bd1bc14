"""Free text: the patient's own spellings, patterns, dates, and what is given up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.record.deidentify.patterns import PATTERNS, REQUIRED
from nof1.record.deidentify.people import Person
from nof1.record.deidentify.scrub import Scrubber
from nof1.record.deidentify.spellings import pattern_of, too_short
from nof1.record.deidentify.tally import Tally

PERSON = Person(
    keys={"M5550123"},
    names={"Ottoline Bea Quillfeather", "Zoë Müller-O'Brien"},
    numbers={"123-45-6789"},
    contacts={"+1 (617) 555-0142", "otto@quill.example"},
    places={"12 Thistledown Road", "Wexcombe"},
    births={date(1951, 3, 4)},
)


def scrubbed(text, days=-10, person=PERSON):
    own = [pattern_of(person)] if person else []
    return Scrubber(REQUIRED, Tally()).scrub(text, own, days)


OWN_SPELLINGS = (
    "Ottoline Quillfeather", "QUILLFEATHER, OTTOLINE", "quillfeather^ottoline", "Quillfeather's",
    "OttolineQuillfeather", "ottoline.quillfeather", "Zoe Muller", "ZOË MÜLLER", "Mueller",
    "OBrien", "O'Brien", "M5550123", "m-555-0123", "M 5550123", "617-555-0142", "(617) 555 0142",
    "6175550142",
    "1.617.555.0142", "otto@quill.example", "123456789", "123 45 6789", "12 thistledown road",
    "Wexcombe", "1951-03-04", "03/04/1951", "3/4/51", "4.3.1951", "March 4, 1951", "4 Mar 1951",
    "19510304", "4th of March 1951", "03041951",
)  # fmt: skip


@pytest.mark.parametrize("spelling", OWN_SPELLINGS)
def test_the_patient_is_found_in_every_spelling(spelling):
    for text in (f"Seen: {spelling}.", f"({spelling})", f"a, {spelling}; b"):
        new = scrubbed(text)
        assert new is None or not any(
            part.lower() in new.lower()
            for part in spelling.replace("^", " ").split()
            if len(part) > 3
        ), new


PATTERN_SAMPLES = {
    "email": ["a.b@c.example", "a.b (at) c.example"],
    "url": ["https://x.example/p?id=1", "www.x.example", "clinic.org"],
    "ssn": ["987-65-4321", "SSN: 987654321"],
    "ip": ["10.20.30.40", "fe80:0:0:0:1:2:3:4"],
    "phone": ["(212) 555-0199", "+44 20 7946 0958", "fax 5550199", "212.555.0199"],
    "number": ["MRN 12-3456", "account no. A778812", "Policy #ZZ99881", "AB1234567", "88123456"],
    "zip": ["MA 02139", "02139-4307", "zip 02139"],
    "street": ["221 Baker Street", "9 Old Mill Lane"],
    "age": ["93 years old", "aged 97", "101-year-old", "a nonagenarian"],
    "name": ["Dr. Jane Miller", "Mr Smith", "Patient: John Doe", "Nurse O'Hara"],
}


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_finds_its_samples_and_says_so(name):
    for sample in PATTERN_SAMPLES[name]:
        tally = Tally()
        new = Scrubber(REQUIRED, tally).scrub(f"It was {sample} then.", [], None)
        assert new is not None
        assert sample not in new, name
        assert sum(n for action, n in tally.actions.items() if "replaced" in action) == 1


CLINICAL = [
    "Glucose 5.5 mmol/L, BP 120/80, HbA1c 7.2 %, sodium 140.",
    "Metformin 500 mg twice daily; aspirin 81 mg.",
    "A 67-year-old woman with chest pain for 3 days, EF 45-50 %.",
    "CT: nodule 4 x 5 mm in the right upper lobe, T2N0M0.",
]


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_text_stays(text):
    assert scrubbed(text) == text.replace("120/80", "120/80")


DATES = {
    "2020-03-11": "2020-03-01",
    "2020-03-11T10:15:00Z": "2020-03-01T10:15:00Z",
    "03/25/2020": "03/15/2020",
    "25.03.2020": "15.03.2020",
    "March 11, 2020": "1 March 2020",
    "11 Mar 2020": "1 March 2020",
    "03/04/2020": "[DATE]",  # month or day first: nobody knows
    "3/25/20": "[DATE]",
    "2020/03/11": "[DATE]",
    "20200311": "[DATE]",
    "March 11": "[DATE]",
    "March 2020": "[DATE]",
    "the 5th of May": "the [DATE]",
    "2020-02-31": "[DATE]",
}


@pytest.mark.parametrize("said", DATES)
def test_dates_move_where_they_can_be_read_in_one_way(said):
    assert scrubbed(f"On {said} again") == f"On {DATES[said]} again"
    assert "20" not in scrubbed(f"On {said} again", days=None)


def test_a_text_in_which_something_stays_is_given_up(monkeypatch):
    monkeypatch.setattr(Scrubber, "_own", lambda self, text, own: text)
    assert scrubbed("Quillfeather came") is None


def test_short_numbers_are_counted_not_looked_for():
    assert too_short(Person(keys={"17"}, numbers={"1", "12345"})) == 2


@given(st.text(max_size=200))
def test_any_text_gives_a_text_or_nothing(text):
    new = scrubbed(text)
    assert new is None or isinstance(new, str)


@given(st.text(max_size=30), st.text(max_size=30))
def test_surroundings_do_not_hide_a_whole_name(before, after):
    new = scrubbed(f"{before} Quillfeather {after}")
    assert new is None or "quillfeather" not in new.lower()
