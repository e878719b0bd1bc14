"""From a file to a stored effect: what is found, what is held back, what is refused."""

import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.learn.figures import Figure
from nof1.predict.effect.controls import Control
from nof1.predict.effect.estimate import _withheld, estimate
from predict.effect.records import FAST, TASK, chart, estimated, hospital, task_file


def test_the_average_and_the_verdict_are_the_true_ones(differing, equal):
    # risk with the new option minus the old, from the formula of records.chart
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    gains = [sigmoid(-0.3 + f + 0.5 - 2.6 * g) - sigmoid(-0.3 + f) for f in (0, 1) for g in (0, 1)]
    truth = 0.5 * (0.6 * gains[0] + 0.4 * gains[1] + 0.6 * gains[2] + 0.4 * gains[3])
    assert differing[2].stored.average.contains(truth)
    assert differing[2].stored.validated
    assert equal[2].stored.average.at_level(0.999).contains(-0.25)
    assert not equal[2].stored.validated
    assert differing[2].stored.withheld == equal[2].stored.withheld == ()


def test_a_negative_control_without_an_effect_shows_none(differing):
    (found,) = differing[2].controls
    assert found.name == "fall"
    assert found.effect.contains(0.0)
    assert found.events > 100


def test_an_effect_on_a_negative_control_withholds_single_people(tmp_path):
    text = TASK + "negative_controls: [{name: fall, of: fall}, {name: none, of: O//none}]\n"
    text = text.replace("fall: O//fall", "fall: O//fall\n  none: {codes: O//none}")
    text = text.replace("of: O//none}]", "of: {codes: O//none, may_be_empty: true}}]")
    _, _, done = estimated(tmp_path, text.replace("\n  none: {codes: O//none}", ""), people=600,
                           gain=True, confounded=True)  # fmt: skip
    fall, none = done.controls
    assert fall.effect.low > 0.1
    assert [one for one in done.stored.withheld if "effect on fall" in one]
    assert none.effect.value is None
    assert none.note
    assert not [one for one in done.stored.withheld if "none" in one]


def test_the_reasons_to_hold_back(differing):
    analysis = differing[2].analysis
    assert _withheld(analysis, ()) == []
    off = Control("fall", Figure(0.1, 0.05, 0.15), 10)
    unknown = Control("fall", Figure.missing("why"), 0, "why")
    assert len(_withheld(analysis, (off, unknown))) == 1


def odd(root, change, people=400):
    """A workspace whose charts were changed."""
    import predict.effect.records as records

    rng = np.random.default_rng(0)
    made = {n: change(chart(n, rng, gain=True), n) for n in range(people)}
    original = records.chart
    records.chart = lambda number, rng, **how: made[number]
    try:
        return hospital(root, people)[0]
    finally:
        records.chart = original


def swapped(events, arm):
    return [(arm if code.startswith("D//") else code, day) for code, day in events]


def test_an_arm_without_people_is_refused(tmp_path):
    workspace = odd(tmp_path, lambda events, n: swapped(events, "D//new"))
    with pytest.raises(InputError, match="old"):
        estimate(workspace, task_file(tmp_path), recipe=FAST)


def test_an_almost_empty_arm_is_refused(tmp_path):
    workspace = odd(tmp_path, lambda e, n: swapped(e, "D//old" if n < 10 else "D//new"))
    with pytest.raises(ModelError, match=r"(?s)almost.* empty.*10 with the comparator"):
        estimate(workspace, task_file(tmp_path), recipe=FAST)


def test_perfect_separation_is_refused_and_named(tmp_path):
    def by_gene(events, number):
        good = ("G//good", 200) in events
        return swapped(events, "D//new" if good else "D//old")

    workspace = odd(tmp_path, by_gene)
    with pytest.raises(ModelError, match=r"hardly overlap.*G//good"):
        estimate(workspace, task_file(tmp_path), recipe=FAST)


def test_intervals_have_the_level_of_the_file(tmp_path):
    workspace, _ = hospital(tmp_path, 300, gain=True)
    done = estimate(workspace, task_file(tmp_path, TASK + "interval_level: 0.8\n"))
    assert done.stored.level == done.stored.average.level == 0.8


def test_per_protocol_counts_who_left_and_still_finds_the_difference(tmp_path):
    def leaving(events, number):
        own = next(code for code, _ in events if code.startswith("D//"))
        other = "D//old" if own == "D//new" else "D//new"
        return [*events, (other, 460)] if number % 4 == 0 else events

    workspace = odd(tmp_path, leaving, people=800)
    text = TASK.replace(
        "  comparator: {of: old}", "  comparator: {of: old}\n  analysis: per_protocol"
    )
    done = estimate(workspace, task_file(tmp_path, text), recipe=FAST)
    card = done.card.to_dict()
    assert 50 < card["people"]["left_the_option"] <= 200
    assert card["people"]["outcome_known"] == 800 - card["people"]["left_the_option"]
    assert "per protocol" in card["target_trial"]["follow_up"]
    assert done.stored.average.high < 0.05
    assert done.stored.average.value < 0
