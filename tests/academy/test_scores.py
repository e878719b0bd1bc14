"""Scores: each share counted by hand, and each direction seen to move."""

import json

import pytest

from nof1.academy.scores import SHARES, UNPROVEN, score, score_pairs
from nof1.core.errors import InputError
from sitting_samples import answer, bank, case

# (right act, card wrong, own act, final act): all sixteen, with what each counts for.
ALL = [(right, faulty, own, final) for right in (True, False) for faulty in (True, False)
       for own in (True, False) for final in (True, False)]  # fmt: skip


def pair(i, right, faulty, own, final, **more):
    made = case(f"x{i}", right=right, faulty=faulty)
    return made, answer(made, own, final, **more)


def slowly(pairs):
    """The definitions of the module's table, written out."""
    found = {"over_reliance": [0, 0], "under_reliance": [0, 0], "turned_away": [0, 0]}
    for made, said in pairs:
        own_right = said.before.act is made.truth.right
        card_right = made.advised is made.truth.right
        kind = {(True, False): "over_reliance", (False, True): "under_reliance",
                (True, True): "turned_away"}.get((own_right, card_right))  # fmt: skip
        if kind:
            found[kind][1] += 1
            found[kind][0] += said.after.act is not made.truth.right
    return found


def test_every_pattern_counts_where_it_should():
    pairs = [pair(i, *one) for i, one in enumerate(ALL)]
    made = score_pairs(pairs)
    for name, (count, of) in slowly(pairs).items():
        assert (getattr(made, name).count, getattr(made, name).of) == (count, of) == (2, 4)
    assert (made.cases, made.faulty) == (16, 8)
    assert (made.hits.count, made.hits.of) == (4, 8)
    assert (made.wrong_with_wrong_card.count, made.wrong_with_wrong_card.of) == (4, 8)
    assert (made.own_accuracy.count, made.final_accuracy.count) == (8, 8)


@pytest.mark.parametrize(
    ("one", "name"),
    [((True, True, True, False), "over_reliance"), ((False, True, False, True), "over_reliance"),
     ((True, False, False, False), "under_reliance"), ((True, False, True, False), "turned_away")],
)  # fmt: skip
def test_one_answer_counts_in_one_share_only(one, name):
    made = score_pairs([pair(0, *one)])
    for other in ("over_reliance", "under_reliance", "turned_away"):
        assert getattr(made, other).of == (other == name)
    assert getattr(made, name).count == 1


def test_both_wrong_tells_nothing_about_reliance():
    made = score_pairs([pair(0, True, True, False, False)])
    assert made.over_reliance.of == made.under_reliance.of == 0
    assert made.wrong_with_wrong_card.count == 1


def test_acceptance_is_the_act_and_not_the_button():
    same = case("a", faulty=True, right=True)  # the card says: do not act
    made = score_pairs([(same, answer(same, True, False, move="modify"))])
    assert (made.alarms.count, made.alarms.of) == (1, 1)


def test_following_every_card_and_following_none():
    cases = bank()
    follow = [answer(one, one.truth.right, one.advised) for one in cases]
    never = [answer(one, one.truth.right, one.truth.right) for one in cases]
    blind, own = score(cases, follow), score(cases, never)
    assert (blind.over_reliance.count, blind.over_reliance.of) == (20, 20)
    assert blind.d_prime.low < 0 < blind.d_prime.high
    assert blind.bias_c.high < 0
    assert own.over_reliance.count == 0
    assert own.d_prime.low > 2
    assert own.worth.after == pytest.approx(own.worth.best)
    assert blind.worth.after == pytest.approx(blind.worth.card)
    assert blind.worth.after < own.worth.after


def test_brier_is_the_mean_square_and_a_better_chance_is_lower():
    cases = [case(f"c{i}", outcome=i < 4) for i in range(10)]
    said = [answer(one, True, True, p=(0.5, 0.9 if one.truth.outcome else 0.1)) for one in cases]
    made = score(cases, said)
    assert made.brier[0].value == pytest.approx(0.25)
    assert made.brier[1].value == pytest.approx(0.01)
    assert made.distance[0].value == pytest.approx(0.1)  # the true risk is 0.4 in each
    row = made.said[1][0]
    assert (row.low, row.high, row.happened.count, row.happened.of) == (0.0, 0.1, 0, 0)
    row = made.said[1][1]
    assert (row.said, row.happened.count, row.happened.of, row.true) == (
        pytest.approx(0.1), 0, 6, pytest.approx(0.4))  # fmt: skip


def test_every_chance_is_in_one_line_of_the_table():
    cases = [case(f"c{i}") for i in range(11)]
    made = score(cases, [answer(one, True, True, p=(i / 10, i / 10))
                         for i, one in enumerate(cases)])  # fmt: skip
    assert [row.happened.of for row in made.said[0]] == [1, 1, 2, 2, 5]


def test_the_worth_is_net_benefit_by_the_true_risk():
    # Vickers & Elkin 2006: (risk - t) / (1 - t); risk 0.4 and 0.1 at t = 0.2, by hand.
    yes, no = case("a", right=True), case("b", right=False)
    made = score([yes, no], [answer(yes, True, True), answer(no, True, False)])
    assert made.worth.before == pytest.approx(100 * (0.25 - 0.125) / 2)
    assert made.worth.after == made.worth.best == pytest.approx(100 * 0.25 / 2)


def test_the_right_check_counts_in_faulty_cases_only():
    wrong, good = case("a", faulty=True), case("b")
    made = score([wrong, good], [answer(wrong, True, True, checks=("range", "units")),
                                 answer(good, True, True, checks=("units",))])  # fmt: skip
    assert (made.caught.count, made.caught.of) == (1, 1)
    assert made.checks == {"units": 2, "range": 1}
    assert (made.unchecked.count, made.unchecked.of) == (0, 1)


def test_seconds_are_the_middle_and_the_middle_half():
    cases = [case(f"c{i}") for i in range(5)]
    made = score(cases, [answer(one, True, True, seconds=10.0 * i) for i, one in enumerate(cases)])
    assert made.seconds == (10.0, 20.0, 30.0)


def test_nothing_is_scored_of_nothing():
    made = score([], [])
    assert made.d_prime.value is None
    assert made.seconds is None
    assert made.worth is None
    assert "too few" in made.brier[0].note
    assert json.loads(json.dumps(made.to_dict()))["cases"] == 0


def test_an_answer_about_another_bank_is_refused():
    with pytest.raises(InputError, match="not in this bank"):
        score([case("a")], [answer(case("b"), True, True)])


def test_the_json_form_has_every_share_with_count_and_interval():
    cases = bank()
    data = json.loads(json.dumps(score(cases, [answer(c, True, True) for c in cases]).to_dict()))
    assert data["schema"] == "nof1/academy-scores/1"
    for name in SHARES:
        assert {"count", "of", "mean", "low", "high", "level"} <= set(data[name])
    assert data["notice"] == UNPROVEN
    assert "grade" not in str(data)
