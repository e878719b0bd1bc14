"""Who began what, against a slow oracle in plain Python on small random records."""

import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from nof1.core.errors import ModelError
from nof1.predict.effect.question import EffectTask
from nof1.predict.effect.trial import compile_trial
from predict.effect.records import FakeRecord

DAY = timedelta(days=1)
START = datetime(2020, 1, 1)
ARMS = {"D//old": 0, "D//new": 1}
CODES = (*ARMS, "I//visit", "O//event")


def question(treatment="", more="", own=False):
    index = "index: {event: first, of: I//visit}\n" if own else ""
    return EffectTask.parse(
        "name: t\ncode_sets: {new: D//new, old: D//old}\n"
        f"treatment: {{strategy: {{of: new}}, comparator: {{of: old}}, washout_days: 5{treatment}}}"
        f"\n{index}outcome: {{of: O//event}}\nprior_outcome: keep\ntime_at_risk: {{end_days: 30}}\n"
        f"censoring: {{incomplete_follow_up: negative}}\n{more}"
    )


BOTH = [("I//visit", 0), ("D//old", 0), ("D//new", 0), ("O//event", 5)]
"""A person with the outcome, without which there is no cohort; never in the trial."""


def people(*charts):
    """Charts of (code, day), with a frame of unrelated events around them."""
    events = []
    for subject, chart in [*enumerate(charts, 1), (1000, BOTH)]:
        for code, day in (("S//x", -200), *chart, ("S//x", 500)):
            events.append((subject, START + day * DAY, None, code))
    return events


def arms(folder, asked, *charts):
    found = compile_trial(asked, FakeRecord(folder, people(*charts), CODES))
    rows = found.cohort.frame.select("subject_id", "treated").iter_rows()
    return dict(rows), found


def left_after(trial, words):
    """How many people a rule left."""
    (step,) = [one for one in trial.cohort.attrition.steps if words in one.rule]
    return step.patients


def test_the_first_option_is_the_arm(tmp_path):
    found, trial = arms(
        tmp_path, question(),
        [("D//new", 1), ("D//old", 3)], [("D//old", 1)], [("D//new", 2), ("D//old", 2)], [],
    )  # fmt: skip
    assert found == {1: 1, 2: 0}  # both options on one day, and none at all, are left out
    assert trial.treated.tolist() == [1.0, 0.0]
    assert trial.arms == (("D//old",), ("D//new",))
    assert np.isinf(trial.left_days).all()
    assert [step.patients for step in trial.cohort.attrition.steps][-2:] == [4, 2]


def test_use_in_the_washout_leaves_out_and_earlier_use_does_not(tmp_path):
    found, _ = arms(
        tmp_path, question(own=True),
        [("D//old", 5), ("I//visit", 10), ("D//new", 10)],
        [("D//old", 4), ("I//visit", 10), ("D//new", 10)],
        [("I//visit", 10), ("D//old", 11)],
    )  # fmt: skip
    assert found == {2: 1}


def test_an_option_begins_within_the_grace_and_follow_up_after_it(tmp_path):
    found, trial = arms(
        tmp_path, question(", grace_days: 3", own=True),
        [("I//visit", 10), ("D//new", 13)], [("I//visit", 10), ("D//new", 14)],
        [("I//visit", 10), ("D//old", 10)], [("I//visit", 10), ("D//old", 11), ("D//new", 12)],
    )  # fmt: skip
    assert found == {1: 1, 3: 0}
    assert set(trial.cohort.frame["prediction_time"]) == {START + 13 * DAY}


def test_a_change_and_a_gap_end_the_option_per_protocol(tmp_path):
    charts = (
        [("D//new", 0), ("D//old", 7)],
        [("D//new", 0), ("D//new", 3), ("D//new", 8)],
        [("D//new", 0), ("D//new", 6)],
    )
    _, found = arms(tmp_path, question(", analysis: per_protocol"), *charts)
    assert found.left_days.tolist() == [7.0, np.inf, np.inf]
    _, found = arms(tmp_path, question(", analysis: per_protocol, gap_days: 5"), *charts)
    assert found.left_days.tolist() == [5.0, 13.0, 5.0]


def test_who_begins_in_the_grace_and_never_comes_back_has_left_too(tmp_path):
    asked = question(", analysis: per_protocol, grace_days: 3, gap_days: 5", own=True)
    _, found = arms(tmp_path, asked, [("I//visit", 10), ("D//new", 10)])
    assert found.left_days.tolist() == [2.0]  # day 15, follow-up from day 13


def test_treatment_before_eligibility_does_not_enter_by_a_later_use(tmp_path):
    asked = question(more="eligibility: {must_have: [{of: I//visit}]}\n")
    found, trial = arms(
        tmp_path, asked,
        [("D//new", 0), ("I//visit", 5), ("D//new", 60)], [("I//visit", 5), ("D//new", 60)],
    )  # fmt: skip
    assert found == {2: 1}
    assert left_after(trial, "I//visit") == 2  # with the one that has both options


def test_an_outcome_before_the_index_is_counted_out(tmp_path):
    asked = question()
    text = asked.text.replace("prior_outcome: keep\n", "")
    found, trial = arms(
        tmp_path, EffectTask.parse(text), [("O//event", -3), ("D//new", 0)], [("D//old", 0)]
    )
    assert found == {2: 0}
    assert left_after(trial, "known before") == 2  # with the one that has both options


def test_options_that_share_a_code_are_refused(tmp_path):
    text = question().text.replace("old: D//old", "old: [D//old, D//new]")
    with pytest.raises(ModelError, match="1 codes belong to both options"):
        arms(tmp_path, EffectTask.parse(text), [("D//new", 0)], [("D//old", 0)])


def test_nobody_left_is_refused_with_the_table(tmp_path):
    with pytest.raises(ModelError, match=r"(?s)Nobody is left.*only one of them was begun"):
        arms(tmp_path, question(), [("D//new", 0), ("D//old", 0)])


def slow(events, asked):
    """subject -> (arm, days until the option is left)."""
    treatment, grace = asked.treatment, asked.treatment.grace_days * DAY
    index_codes = {"I//visit"} if asked.own_index else set(ARMS)
    found = {}
    for subject in {event[0] for event in events}:
        mine = [(max(t for t in e[1:3] if t), e[3]) for e in events if e[0] == subject]
        starts = [known for known, code in mine if code in index_codes]
        if not starts:
            continue
        index = min(starts)
        uses = sorted((known, ARMS[code]) for known, code in mine if code in ARMS)
        begun = {arm for known, arm in uses if index <= known <= index + grace}
        before = [
            known for known, _ in uses if index - treatment.washout_days * DAY <= known < index
        ]
        if before or len(begun) != 1:
            continue
        (arm,) = begun
        ends = [known for known, other in uses if known >= index and other != arm]
        own = [known for known, other in uses if known >= index and other == arm]
        if treatment.gap_days is not None:
            gap = treatment.gap_days * DAY
            for here, after in zip(own, [*own[1:], None], strict=True):
                if after is None or after - here > gap:
                    ends.append(here + gap)
        left = np.inf
        if ends and treatment.analysis == "per_protocol":
            left = max((min(ends) - index - grace) / DAY, 1e-3)
        found[subject] = (arm, left)
    return found


@pytest.mark.parametrize(
    ("treatment", "own"),
    [
        ("", False),
        (", analysis: per_protocol, gap_days: 4", False),
        (", grace_days: 3", True),
        (", grace_days: 3, analysis: per_protocol", True),
        (", grace_days: 3, analysis: per_protocol, gap_days: 4", True),
    ],
)
def test_random_records_give_what_the_oracle_gives(tmp_path, treatment, own):
    asked, kept = question(treatment, own=own), 0
    for seed in range(6):
        draw = random.Random(seed)
        events = people(*([] for _ in range(40)))
        for subject in range(1, 41):
            for _ in range(draw.randrange(8)):
                time = START + draw.randrange(25) * DAY + draw.choice((0, 0, 6)) * DAY / 24
                late = time + draw.randrange(-2, 6) * DAY if draw.random() < 0.3 else None
                code = draw.choice(("D//old", "D//new", "D//new", "I//visit"))
                events.append((subject, time, late, code))
        trial = compile_trial(asked, FakeRecord(tmp_path, events, CODES))
        frame = trial.cohort.frame
        rows = zip(frame["subject_id"], frame["treated"], trial.left_days, strict=True)
        found = {subject: (arm, pytest.approx(left)) for subject, arm, left in rows}
        assert slow(events, asked) == found
        kept += len(found)
    assert kept > 30
