"""Practice: when a topic comes back, which one comes next, and the forgetting curve."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1.academy.practice import GAPS, forgetting, ordered, plan, regions, why
from nof1.core.errors import InputError
from sitting_samples import NOW, answer, bank, case, later

TODAY = NOW.date()


def said(days, right=True, topic="leakage", name="c"):
    made = case(f"{name}{days}", faulty=topic not in ("none", "surprising"), topic=topic)
    act = made.truth.right if right else not made.truth.right
    return made, answer(made, act, act, at=later(days=days))


def of(*pairs, topic="leakage"):
    return regions(pairs, [topic])[0]


def test_right_answers_on_their_day_come_back_after_1_7_30_and_90_days():
    days, pairs, due = 0, [], []
    for _ in range(6):
        pairs.append(said(days))
        due.append((of(*pairs).due - TODAY).days - days)
        days = (of(*pairs).due - TODAY).days
    assert tuple(due) == (*GAPS, 90, 90)


def test_a_wrong_answer_starts_again():
    pairs = [said(0), said(1), said(8, right=False)]
    made = of(*pairs)
    assert (made.stage, made.due) == (0, TODAY + timedelta(days=9))
    assert of(*pairs, said(9)).due == TODAY + timedelta(days=10)


def test_a_right_answer_before_its_day_changes_nothing():
    assert (
        of(said(0), said(1), said(2)).due == of(said(0), said(1)).due == TODAY + timedelta(days=8)
    )


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=20))
def test_the_next_day_is_never_before_tomorrow_nor_after_90_days(rows):
    day, pairs = 0, []
    for wait, right in rows:
        day += wait
        pairs.append(said(day, right))
    made = of(*pairs)
    last = TODAY + timedelta(days=day)
    assert made.last == last
    assert 0 <= made.stage <= len(GAPS)
    assert made.due <= last + timedelta(days=GAPS[-1])
    assert made.due > last or not rows[-1][1] or made.stage  # a wrong one: tomorrow
    if not rows[-1][1]:
        assert made.due == last + timedelta(days=1)


def test_what_is_due_longest_comes_first_then_what_is_least_known():
    pairs = [
        said(-10, topic="leakage"), said(-3, topic="unit-slip"),
        *(said(0, topic="drifted-feature", name=f"d{i}") for i in range(9)),
        *(said(0, topic="imputed", name=f"i{i}") for i in range(3)),
    ]  # fmt: skip
    topics = ["never", "drifted-feature", "imputed", "unit-slip", "leakage"]
    found = ordered(regions(pairs, topics), TODAY)
    assert [one.topic for one in found] == ["leakage", "unit-slip", "never", "imputed",
                                            "drifted-feature"]  # fmt: skip
    assert [why(one, TODAY) for one in found][:4] == [
        f"due since {TODAY - timedelta(days=9)}", f"due since {TODAY - timedelta(days=2)}",
        "never answered", "little is known: wrong in 0 of 3",
    ]  # fmt: skip


def test_the_widest_is_the_widest_interval_and_not_the_fewest_answers():
    # Nine of nine right is known better than five of ten.
    sure = [said(0, topic="leakage", name=f"s{i}") for i in range(9)]
    torn = [said(0, right=i % 2 == 0, topic="imputed", name=f"t{i}") for i in range(10)]
    found = ordered(regions([*sure, *torn], ["leakage", "imputed"]), TODAY)
    assert [one.topic for one in found] == ["imputed", "leakage"]


def test_a_plan_is_half_faulty_each_case_once_and_the_same_for_one_seed():
    cases = bank()
    made = plan(cases, [], NOW, seed=4)
    assert len({one.id for one in made}) == 12
    assert sum(one.faulty for one in made) == 6
    assert made == plan(cases, [], NOW, seed=4) != plan(cases, [], NOW, seed=5)


def test_the_place_in_a_plan_tells_nothing():
    first = [plan(bank(), [], NOW, seed=seed)[0].faulty for seed in range(200)]
    assert 60 < sum(first) < 140


def test_the_neediest_topic_has_most_cases_and_known_cases_come_last():
    cases = bank()
    faulty = [one for one in cases if one.faulty]
    right = [answer(one, one.truth.right, one.truth.right, at=later(days=-2)) for one in faulty
             if one.topic == "leakage"]  # fmt: skip
    pairs = list(zip([one for one in faulty if one.topic == "leakage"], right, strict=True))[:6]
    wrong = case("w", faulty=True, topic="unit-slip")
    pairs.append((wrong, answer(wrong, True, False, at=later(days=-5))))
    made = plan(cases, pairs, NOW, seed=1)
    counts = Counter(one.topic for one in made if one.faulty)
    assert counts["unit-slip"] >= counts["leakage"]
    known = {one.id for one, _ in pairs}
    assert not [one for one in made if one.id in known]  # ten of each topic, so none is needed


def test_when_all_are_known_those_answered_longest_ago_come_first():
    cases = [case(f"f{i}", faulty=True) for i in range(9)] + [case(f"g{i}") for i in range(9)]
    pairs = [(one, answer(one, True, True, at=later(days=i - 40))) for i, one in enumerate(cases)]
    made = plan(cases, pairs, NOW, seed=1)
    assert {one.id for one in made if one.faulty} == {f"f{i}" for i in range(6)}


def test_a_bank_of_one_kind_is_refused():
    with pytest.raises(InputError, match="faulty cases and sound ones"):
        plan([case("a")], [], NOW, seed=1)


def test_the_forgetting_curve_counts_by_the_days_since_the_topics_last_answer():
    pairs = [said(0), said(0, name="d"), said(2, right=False), said(12), said(112, right=False)]
    rows = {row["since"]: (row["right"]["count"], row["right"]["of"]) for row in forgetting(pairs)}
    assert rows == {"the same day": (1, 1), "1 to 3 days": (0, 1), "4 to 14 days": (1, 1),
                    "15 to 59 days": (0, 0), "60 days or more": (0, 1)}  # fmt: skip


def test_the_json_form_has_dates():
    data = of(said(0)).to_dict()
    assert (date.fromisoformat(data["due"]) - date.fromisoformat(data["last"])).days == 1
    assert regions([], ["leakage"])[0].to_dict()["due"] is None
