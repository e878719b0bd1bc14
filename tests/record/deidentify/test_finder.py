"""Finding identifiers in squeezed text, against a slow and obvious search."""

from hypothesis import given
from hypothesis import strategies as st

from nof1.record.deidentify.finder import Finder, strong_terms
from nof1.record.deidentify.people import Person
from nof1.record.deidentify.spellings import words

NAMES = ["quillfeather", "mrn", "zoe", "thistledown"]


def slowly(people, texts):
    """Every term in every text, letter by letter."""
    terms = {term.decode() for person in people for term in strong_terms(person)}
    whole = ["".join(words(text)) for text in texts]
    return sum(any(term in text for text in whole) for term in terms)


@given(
    st.lists(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3), max_size=5),
    st.lists(st.text("quilfeathrmnzodsw .^-,\n", max_size=60), max_size=5),
)
def test_it_finds_what_the_slow_search_finds(names, texts):
    people = [Person(keys={"x"}, names={" ".join(name)}) for name in names]
    texts = [*texts, *(name[-1].upper() + ", " + name[0] for name in names[:2])]
    texts = [text.replace("\n", " ") for text in texts]
    assert Finder(people).found(texts) == slowly(people, texts)


def test_a_number_must_stand_alone_and_no_text_runs_into_the_next():
    finder = Finder([Person(keys={"12345678"})])
    assert finder.found(["no. 1234-5678."]) == 1
    assert finder.found(["2.25.99123456781"]) == 0
    assert finder.found(["1234", "5678"]) == 0


def test_nobody_is_found_among_nobody():
    assert not Finder([])
    assert Finder([]).found(["anything at all"]) == 0
