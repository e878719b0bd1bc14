"""Files that ask for an effect: what is read, and how each mistake is explained."""

import pytest

from nof1.core.errors import InputError
from nof1.predict.effect.question import EffectTask

BASE = """\
name: small
code_sets: {new: D//new, old: D//old, event: O//event}
treatment: {strategy: {of: new}, comparator: {of: old}}
outcome: {of: event}
time_at_risk: {end_days: 365}
"""
ARMS = "comparator: {of: old}"
INDEX = "index: {event: first, of: event}\n"


def read(text):
    return EffectTask.parse(text, "x.yaml")


def test_defaults():
    found = read(BASE)
    assert found.treatment.labels == ("old", "new")
    assert (found.treatment.washout_days, found.treatment.grace_days) == (365.0, 0.0)
    assert (found.treatment.analysis, found.treatment.gap_days) == ("intention_to_treat", None)
    assert (found.estimand.measure, found.estimand.horizon_days) == ("risk_difference", 365.0)
    assert found.estimand.harm
    assert not found.own_index
    assert set(found.task.index.event.codes.codes) == {"D//new", "D//old"}
    assert found.task.interval_level == 0.95
    assert read(BASE + "interval_level: 0.8\n").task.interval_level == 0.8


def test_everything_is_read():
    text = BASE.replace(ARMS, ARMS + ", grace_days: 30, analysis: per_protocol, gap_days: 60")
    found = read(
        text
        + INDEX
        + "kind: survival\nestimand: {measure: restricted_mean, horizon_days: 180}\n"
        + "negative_controls: [{name: fall, of: O//fall}]\ncolliders: D//stop\n"
    )
    assert found.own_index
    assert found.treatment.gap_days == 60
    assert (found.estimand.horizon_days, found.estimand.harm) == (180, False)
    assert found.task.prediction_offset_days == 30  # nobody is immortal during the grace
    assert [one.name for one in found.negative_controls] == ["fall"]
    assert found.colliders.codes == ("D//stop",)
    names = [each.codes for each in found.code_sets()]
    assert len(names) == len(set(names))
    assert {("D//new",), ("O//fall",), ("D//stop",)} <= set(names)


def test_with_an_index_of_its_own_an_option_may_have_exceptions():
    text = BASE.replace("old: D//old", "old: {prefixes: [D//o], except: D//od}")
    assert read(text + INDEX).treatment.comparator.codes.minus is not None


@pytest.mark.parametrize(
    ("old", "new", "more", "words", "line"),
    [
        ("treatment: {strategy: {of: new}, comparator: {of: old}}\n", "", "", "no `treatment`", 1),
        (", comparator: {of: old}", "", "", "'comparator' is missing", 3),
        ("{of: old}", "{of: new}", "", "the same events", 3),
        ("{of: old}", "{of: old, above: 3}", "", "whatever value", 3),
        ("{of: old}", "{of: old, above: 3}", INDEX, "whatever value", 3),
        ("old: D//old", "old: {prefixes: [D//o], except: D//od}", "", "with `except`", 3),
        (ARMS, ARMS + ", gap_days: 30", "", "only per protocol", 3),
        (ARMS, ARMS + ", grace_days: 30", "", "needs an `index`", 3),
        (ARMS, ARMS + ", washout_days: -1", "", "out of range", 3),
        (ARMS, ARMS + ", analysis: as_treated", "", "'as_treated' is not known", 3),
        (ARMS, ARMS + ", dose: 1", "", "'dose' is not known", 3),
        (
            ARMS, ARMS + ", grace_days: 30",
            INDEX + "prediction_time: {after_index_days: 10}\n", "Immortal time", 7,
        ),
        ("", "", "estimand: {measure: restricted_mean}\n", "need `kind: survival`", 6),
        ("", "", "estimand: {measure: odds}\n", "'odds' is not known", 6),
        ("", "", "estimand: {horizon_days: 100}\n", "horizon of its time at risk", 6),
        ("", "", "kind: survival\nestimand: {horizon_days: 0}\n", "Nothing can happen", 7),
        ("", "", "kind: survival\nestimand: {horizon_days: 400}\n", "out of range", 7),
        ("", "", "learners: [linear]\n", "says nothing about an effect", 6),
        ("", "", "monotone: {age_years: increasing}\n", "says nothing about an effect", 6),
        ("", "", "groups: {sex: true}\n", "says nothing about an effect", 6),
        ("", "", "ablation: true\n", "says nothing about an effect", 6),
        ("", "", "split: {method: site}\n", "cross-fitted by patient", 6),
        ("", "", "oops: 1\n", "'oops' is not known", 6),
        ("", "", "negative_controls: [{of: event}]\n", "'name' is missing", 6),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_with_its_line(old, new, more, words, line):
    with pytest.raises(InputError, match=words) as caught:
        read((BASE.replace(old, new, 1) if old else BASE) + more)
    assert caught.value.where.startswith(f"x.yaml, line {line},")


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00name")
    for name in ("bad.yaml", "none.yaml"):
        with pytest.raises(InputError):
            EffectTask.load(tmp_path / name)


def test_the_text_of_the_file_is_kept(tmp_path):
    (tmp_path / "a.yaml").write_text(BASE, encoding="utf-8")
    assert EffectTask.load(tmp_path / "a.yaml").text == BASE
