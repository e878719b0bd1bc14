"""What became of the cards, counted as they were."""

from governance_samples import answered, entry, history, shown
from nof1.advice.governance.acceptance import NO_REASON, of_entries


def test_each_card_is_accepted_overridden_or_silent():
    (found,) = of_entries(history("renal/avoid", 3, 5, silent=4)).rules()
    assert (found.shown, found.accepted, found.overridden, found.answered) == (12, 3, 5, 8)
    assert (found.share.count, found.share.of) == (3, 8)
    assert found.people == 4
    assert found.reasons == {"other": 5}
    assert found.to_dict()["no_answer"] == 4


def test_tiers_of_one_rule_stand_apart():
    told = of_entries([*history("r/x", 1, 0, tier=2), *history("r/x", 0, 2, tier=3)])
    assert [(one.tier, one.shown) for one in told.rules()] == [(3, 2), (2, 1)]


def test_a_card_that_was_shown_twice_counts_once():
    entries = [shown("r/x", "u1"), shown("r/x", "u1"), answered("u1"), answered("u1")]
    (found,) = of_entries(entries).rules()
    assert (found.shown, found.overridden) == (1, 1)


def test_the_last_answer_counts():
    entries = [shown("r/x", "u1"), answered("u1"), answered("u1", "accepted", None)]
    (found,) = of_entries(entries).rules()
    assert (found.accepted, found.overridden, found.reasons) == (1, 0, {})


def test_an_answer_that_came_before_its_card_in_the_chain_is_not_lost():
    (found,) = of_entries([answered("u1"), shown("r/x", "u1")]).rules()
    assert found.overridden == 1


def test_answers_about_unknown_cards_are_counted_and_not_used():
    told = of_entries([answered("nobody"), shown("r/x", "u1")])
    assert told.strays == 1
    assert told.rules()[0].answered == 0


def test_an_override_without_a_reason_is_said():
    (found,) = of_entries([shown("r/x", "u1"), answered("u1", reason=None)]).rules()
    assert found.reasons == {NO_REASON: 1}


def test_the_card_of_coverage_is_no_rule():
    assert of_entries([shown("coverage", "u1", 3)]).rules() == ()


def test_an_answer_to_the_card_of_coverage_is_not_about_an_unknown_card():
    told = of_entries([answered("u1"), shown("coverage", "u1", 3), answered("u2")])
    assert (told.strays, told.rules()) == (1, ())
    hidden = of_entries([shown("coverage", "u1", part="shadow"), answered("u1")])
    assert hidden.strays == 1  # nobody was shown it


def test_unseen_cards_are_not_among_the_shown():
    told = of_entries([shown("r/x", "u1", part="shadow")])
    assert told.rules() == ()
    assert [one.rule for one in told.unseen] == ["r/x"]


def test_months_are_those_of_the_showing():
    entries = [
        shown("r/x", "u1", asked_at="2024-03-31T23:59:59.000000+00:00"),
        shown("r/x", "u2", asked_at="2024-04-01T00:00:00.000000+00:00"),
        answered("u1"),
    ]
    months = of_entries(entries).months()
    assert list(months) == ["2024-03", "2024-04"]
    assert [rows[0].overridden for rows in months.values()] == [1, 0]


def test_other_entries_are_passed_over():
    assert of_entries([entry("forgotten", {"before": "2024"})]).rules() == ()
