"""What is kept: clear truths, cards near the threshold, and no cue but the checks."""

import numpy as np
import pytest
from scipy.special import logit

from nof1.academy.cases import SURPRISING, per_hundred
from nof1.academy.making import CLEAR, FAR, NEAR, Desk, with_rule
from nof1.academy.situation import sound


def _apart(case, risk):
    return logit(risk) - logit(case.threshold)


def test_truth_is_clear_and_the_card_near(bank):
    for case in bank:
        assert abs(_apart(case, case.truth.risk)) >= CLEAR
        assert abs(_apart(case, case.risk)) <= FAR + 0.8  # a current rule may move it
        assert per_hundred(case.risk) != per_hundred(case.threshold)


def test_the_number_gives_nothing_away(bank):
    """Distance from the threshold, direction and size of the card: alike for both kinds."""
    groups = [[case for case in bank if case.faulty == faulty] for faulty in (True, False)]
    wrong, right = ([abs(_apart(case, case.risk)) for case in group] for group in groups)
    assert abs(np.median(wrong) - np.median(right)) < 0.3
    shares = [np.mean([case.advised for case in group]) for group in groups]
    assert all(0.3 <= share <= 0.8 for share in shares)


def test_names_hashes_and_bases_give_nothing_away(bank):
    assert len({case.id for case in bank}) == len(bank)
    bases = [{k: v for k, v in case.card["basis"].items() if k != "content_hash"} for case in bank]
    assert all(basis == bases[0] for basis in bases)
    assert len({case.card["basis"]["content_hash"] for case in bank}) == len(bank)
    assert all(case.card["subject"]["id"] == case.id for case in bank)


def test_nobody_is_named_or_used_twice(bank):
    text = "".join(str(case.to_dict()) for case in bank)
    assert "Synthetic-" not in text
    assert len({(case.card["counted_from"], case.vignette.note) for case in bank}) == len(bank)


def test_only_followed_people_near_the_threshold_fit(ward):
    desk = Desk(ward, seed=1)
    fit = [one for one in ward.people if desk.fits(one, 0.2, FAR)]
    assert 50 < len(fit) < len(ward.people)
    for person in fit:
        assert person.followed
        told = ward.told[person.row]
        assert (told >= 0.2) == (person.risk >= 0.2)
        assert NEAR <= abs(logit(told) - logit(0.2)) <= FAR
    desk.used.add(fit[0].subject)
    assert not desk.fits(fit[0], 0.2, FAR)


def test_right_cards_are_half_of_each_kind(ward):
    made = Desk(ward, seed=8).right(SURPRISING, 4)
    assert sorted(case.advised for case in made) == [False, False, True, True]
    assert all(case.topic == SURPRISING and not case.faulty for case in made)


def test_current_rules_are_used_where_they_fit(ward):
    ruled = [with_rule(sound(ward, person)) for person in ward.people[:30]]
    used = [one for one in ruled if one.rule is not None]
    assert 5 < len(used) < 30
    assert all(one.rule.applies(one.seen) and one.rule.valid(one.person.at) for one in used)


@pytest.mark.parametrize("topic", ["none", SURPRISING])
def test_sound_cases_have_no_odd_check(ward, bank, topic):
    """Asked again of the engine: nothing odd in any check of any sound case."""
    from nof1.academy.checks import look
    from nof1.academy.situation import card

    desk = Desk(ward, seed=2)
    people = {desk._name(one): one for one in ward.people}
    for case in [case for case in bank if case.topic == topic][:8]:
        behind = sound(ward, people[case.id])
        if "House rule" in case.evidence["knowledge-date"].replace("House rules used", ""):
            behind = with_rule(behind)
        found = card(ward, behind, case.id)
        assert found.to_dict() == case.card
        shown = look(ward, behind, found, case.threshold)
        assert not any(one.odd for one in shown.values())
        assert {check: one.text for check, one in shown.items()} == case.evidence
