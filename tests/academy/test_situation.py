"""The card is the engine's own; a house rule multiplies its odds and says so."""

from dataclasses import replace

import pytest
from scipy.special import logit

from nof1.academy.rules import CURRENT, OLD
from nof1.academy.situation import card, sound
from nof1.core.finding import Finding, Subject


def _answered(ward, most=20):
    for person in ward.people:
        behind = sound(ward, person)
        made = card(ward, behind, "case-x")
        if made is not None:
            yield behind, made
            most -= 1
        if not most:
            return


def test_a_sound_card_is_what_the_scorer_says(ward):
    for behind, made in _answered(ward):
        person = behind.person
        subject = Subject(id="case-x", site=person.site)
        (found,) = ward.scorer.findings(subject, ward.events(person), person.at, ward.names)
        assert (made.value, made.frequency, made.notes) == (
            found.value,
            found.frequency,
            found.notes,
        )
        assert [one.text for one in made.evidence] == [one.text for one in found.evidence]
        assert Finding.from_dict(made.to_dict()) == made


def test_no_card_tells_its_patient_or_its_model(ward):
    hashes = {made.basis.content_hash for _, made in _answered(ward)}
    assert len(hashes) == 1  # of one name
    behind, made = next(_answered(ward))
    other = card(ward, behind, "case-y")
    assert other.basis.content_hash != made.basis.content_hash != ward.scorer.basis.content_hash
    assert "Synthetic-" not in str(made.to_dict())


@pytest.mark.parametrize("rules", [OLD, CURRENT])
def test_a_rule_multiplies_the_odds(ward, rules):
    tried = 0
    for behind, made in _answered(ward, 60):
        for rule in (one for one in rules if one.applies(behind.seen)):
            ruled = card(ward, replace(behind, rule=rule), "case-x")
            for name in ("low", "high"):
                before, after = (getattr(one.value.interval, name) for one in (made, ruled))
                assert logit(after) - logit(before) == pytest.approx(rule.log_odds, abs=1e-9)
            named = any(rule.name in one.text for one in ruled.evidence)
            assert named or abs(rule.log_odds) <= abs(ruled.evidence[-1].contribution)
            sizes = [abs(one.contribution) for one in ruled.evidence]
            assert sizes == sorted(sizes, reverse=True)
            tried += 1
    assert tried > 10


def test_the_engine_s_refusal_is_no_card(ward):
    behind = sound(ward, ward.people[0])
    model = replace(ward.scorer.model, withheld=("x",))
    silent = replace(behind, scorer=replace(ward.scorer, model=model))
    assert card(ward, silent, "case-x") is None


def test_results_are_those_of_the_record_known_by_then(ward):
    for person in ward.people[:20]:
        behind = sound(ward, person)
        events = behind.events.to_dicts()
        count = 0
        for code, rows in behind.results.items():
            times = [one.time for one in rows]
            assert times == sorted(times)
            assert max(times) <= person.at
            for one in rows:
                source = events[one.row]
                assert (source["code"], source["numeric_value"]) == (code, one.value)
                count += 1
        assert count > 10
