"""The card tells the trial, the comparison and its doubts; as text it fits a terminal."""

import json

import pytest

from nof1.learn.figures import Figure
from nof1.predict.effect.card import SCHEMA, _needed
from nof1.predict.effect.card_text import text

KEYS = {
    "schema", "notice", "synthetic", "name", "version", "content_hash", "created", "data_date",
    "validated_in", "options", "target_trial", "attrition", "people", "effect",
    "negative_controls", "overlap", "balance", "learner", "heterogeneity", "policy", "modifiers",
    "withheld", "limits",
}  # fmt: skip
PARTS = {
    "eligibility", "strategies", "assignment", "time_zero", "outcome", "follow_up", "estimand",
    "analysis",
}  # fmt: skip


def test_the_card_has_its_parts(differing):
    card = differing[2].card.to_dict()
    assert set(card) == KEYS
    assert card["schema"] == SCHEMA
    assert set(card["target_trial"]) == PARTS
    assert all(card["target_trial"].values())
    assert card["options"] == {"comparator": "old", "treatment": "new"}
    assert card["content_hash"] == differing[2].artefact.content_hash
    assert card["version"] == str(differing[2].artefact.version)
    json.loads(json.dumps(card), parse_constant=lambda word: pytest.fail(word))


def test_its_numbers_are_those_of_the_analysis(differing):
    done = differing[2]
    card = done.card.to_dict()
    assert card["effect"]["difference"] == done.analysis.effect.to_dict()
    assert card["people"]["treatment"] + card["people"]["comparator"] == 900
    assert card["people"]["compared"] == int(done.analysis.rows.sum())
    assert card["heterogeneity"]["validated"]
    assert card["modifiers"][0]["column"] == "G//good/full/count"
    assert card["modifiers"][0]["high"] < 0
    assert [one["name"] for one in card["negative_controls"]] == ["fall"]
    assert card["policy"][0]["benefit"]["value"] == 0
    everybody = card["policy"][-1]["benefit"]["value"]
    assert everybody == pytest.approx(-done.analysis.effect.value)
    assert max(one["benefit"]["value"] for one in card["policy"]) >= everybody


def test_the_text_fits_eighty_columns_and_says_what_matters(differing, equal):
    for fixture in (differing, equal):
        words = text(fixture[2].card.to_dict())
        assert max(map(len, words.splitlines())) <= 80
        parts = {line[3:] for line in words.splitlines() if line.startswith("## ")}
        assert parts >= {
            "The trial that is emulated", "Who is compared", "The average effect",
            "Is the race fair?", "Who gains more?", "If only some can get it", "Limits",
        }  # fmt: skip
    assert "a person gets an own figure" in text(differing[2].card.to_dict())
    assert "the average is what is said" in " ".join(words.split())


def test_synthetic_data_are_called_so(differing, equal):
    assert "SYNTHETIC DATA" in text(differing[2].card.to_dict())
    assert "SYNTHETIC DATA" not in text(equal[2].card.to_dict())


def test_what_is_withheld_stands_in_the_text(differing):
    card = differing[2].card.to_dict() | {"withheld": ["there is an effect on fall"]}
    assert "WITHHELD for single people:\n- there is an effect on fall" in text(card)


def test_the_number_needed_to_treat_stands_with_its_range_or_not_at_all():
    found = _needed(Figure(-0.1, -0.2, -0.05))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((10, 5, 20))
    assert found["event_less_with"] == "treatment"
    assert _needed(Figure(0.1, 0.05, 0.2))["event_less_with"] == "comparator"
    assert _needed(Figure(0.1, -0.05, 0.2)) is None
    assert _needed(Figure.missing("none")) is None


def test_a_challenger_that_wins_is_called_nearer(differing):
    card = differing[2].card.to_dict()
    assert card["learner"]["challengers"] == {}
    for ends, words in (((-2, -1), "NEARER to the data"), ((-1, 1), "not told apart"),
                        ((1, 2), "further from the data")):  # fmt: skip
        found = Figure(sum(ends) / 2, *ends).to_dict()
        learner = card["learner"] | {"challengers": {"forest": "a forest"},
                                     "further_from_the_scores": {"forest": found}}  # fmt: skip
        said = text(card | {"learner": learner})
        assert words in " ".join(said.split())
        assert max(map(len, said.splitlines())) <= 80
