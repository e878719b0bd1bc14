"""What a hostile site says in the clear is refused, or cleaned, before anything uses it."""

import pytest

from nof1.core.errors import InputError
from nof1.federation import offered
from nof1.predict.spec import FeatureSpec

GOOD = FeatureSpec(codes=("A//1",), windows=("full",), aggregates=("count",)).to_dict()


def test_an_honest_offer_is_read():
    assert offered.spec("west", GOOD).codes == ("A//1",)
    offered.sets("west", [["A//1"], []], 2)
    offered.day("west", "2026-01-31")
    offered.day("west", "undated")


@pytest.mark.parametrize(
    "change",
    [
        {"codes": [1, 2]},
        {"codes": "A//1"},
        {"codes": ["A//\x1b[2J"]},
        {"codes": ["A//1\n# a heading"]},
        {"codes": ["x" * 1001]},
        {"codes": [f"A//{number}" for number in range(20_001)]},
        {"windows": [["a", ["b"]]]},
        {"static_codes": {"A": 1}, "codes": None},
        {"rows": [1]},
    ],
)
def test_an_offer_of_features_that_is_none_is_refused_by_the_name_of_the_site(change):
    with pytest.raises(InputError, match="What west offers as features") as caught:
        offered.spec("west", GOOD | change)
    assert caught.value.where == "federation"  # such words may leave a site
    assert "A//" not in str(caught.value)


@pytest.mark.parametrize("said", [[], [["A"]], [["A"], [1]], [["A"], ["\x9b2J"]]])
def test_other_code_sets_than_those_of_the_task_are_refused(said):
    with pytest.raises(InputError, match="code sets"):
        offered.sets("west", said, 2)


@pytest.mark.parametrize("said", ["", "<script>", "2026-01-31\x1b[2J", "tomorrow"])
def test_a_day_that_is_none_is_refused(said):
    with pytest.raises(InputError, match="youngest day"):
        offered.day("west", said)


def test_words_lose_what_a_terminal_would_obey():
    assert offered.words({"A": "high\x1b[2J\tdose\x9b", "B": "x" * 2000}) == {
        "A": "high [2J dose ", "B": "x" * 1000,
    }  # fmt: skip


def test_more_groups_than_a_card_can_show_are_refused():
    with pytest.raises(InputError, match="sexes"):
        offered.texts("west", [f"GENDER//{n}" for n in range(21)], "sexes", offered.GROUPS)
