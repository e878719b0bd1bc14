"""The trial's analysis: known effects come out, and what is odd is refused or counted."""

import json

import msgspec
import numpy as np
import pytest

from nof1.academy.sitting import begin
from nof1.academy.store import Store
from nof1.academy.trial import ARMS, analyse, ancova, read, rows_of
from nof1.academy.trial_size import Assumptions, invented
from nof1.core.errors import InputError
from sitting_samples import NOW, bank, later


@pytest.fixture(scope="module")
def rows():
    return list(invented(80, Assumptions(dropout=0.1), seed=3))


def test_the_planted_effects_come_out(rows):
    made = analyse(rows)
    for contrast, true in zip(made.over, (-0.15, -0.20, -0.05), strict=True):
        assert contrast.estimate.low < true < contrast.estimate.high
        assert contrast.estimate.high - contrast.estimate.low < 0.2
    assert made.primary.high < 0
    for contrast in made.under:  # nothing is planted there
        assert contrast.estimate.contains(0)
    assert made.guarded


def test_everybody_is_counted_in_the_arm_drawn(rows):
    made = analyse(rows)
    assert made.people == dict.fromkeys(ARMS, 80)
    came = {one.person for one in rows if one.occasion == "post"}
    for arm, missing in made.no_post.items():
        members = {one.person for one in rows if one.arm == arm}
        assert missing == len(members - came)


def test_the_value_before_in_place_of_a_missing_one_shrinks_the_effect(rows):
    made = analyse(rows).over[1]
    assert made.estimate.value < made.carried.value < 0


def test_whoever_drops_every_card_does_not_pass_the_guard(rows):
    changed = [
        msgspec.structs.replace(one, after=one.before)
        if (one.arm, one.occasion) == ("simulator", "post") else one
        for one in rows
    ]  # fmt: skip
    made = analyse(changed)
    assert made.primary.high < -0.2  # over-reliance is gone
    assert not made.guarded


def test_second_answers_and_later_ones_are_counted_and_not_used(rows):
    again = [msgspec.structs.replace(one, after=not one.after) for one in rows[:10]]
    late = [msgspec.structs.replace(one, occasion="later") for one in rows[:7]]
    stranger = msgspec.structs.replace(rows[0], person="q", occasion="post")
    made = analyse([*rows, *again, *late, stranger])
    assert made.set_aside == {"second answers": 10, "answers of later": 7,
                              "people without an answer before the training": 1}  # fmt: skip
    assert made.over == analyse(rows).over


def test_a_person_in_two_arms_is_refused(rows):
    other = msgspec.structs.replace(rows[0], arm="waiting", case="another")
    with pytest.raises(InputError, match="1 people are in more than one arm"):
        analyse([*rows, other])


def test_too_few_people_are_refused(rows):
    with pytest.raises(InputError, match="Fewer than 6"):
        analyse([one for one in rows if one.arm != "waiting"])
    with pytest.raises(InputError, match="Fewer than 6"):
        analyse([])


def test_the_estimate_is_that_of_least_squares():
    # Written out by solving the normal equations; the interval's spread is HC3's definition.
    draw = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2], 12)
    pre = draw.uniform(0, 1, 36)
    post = 0.5 * pre + np.array([-0.2, 0.0, 0.1])[labels] + draw.normal(0, 0.1, 36)
    x = np.column_stack([labels == 0, labels == 1, labels == 2, pre]).astype(float)
    beta, *_ = np.linalg.lstsq(x, post, rcond=None)
    made = ancova(pre, post, labels, (0, 1))
    assert made.value == pytest.approx(beta[0] - beta[1])
    inverse = np.linalg.inv(x.T @ x)
    rest = post - x @ beta
    meat = sum(
        np.outer(row, row) * (r / (1 - row @ inverse @ row)) ** 2
        for row, r in zip(x, rest, strict=True)
    )
    a = np.array([1, -1, 0, 0])
    # 2.0369: Student's t at 0.975 with 32 degrees of freedom, from a printed table.
    half = 2.0369 * np.sqrt(a @ inverse @ meat @ inverse @ a)
    assert made.high - made.value == pytest.approx(half, rel=1e-4)


def test_the_interval_holds_nothing_about_as_often_as_it_says():
    held = 0
    for seed in range(400):
        draw = np.random.default_rng(seed)
        labels = np.repeat([0, 1, 2], 25)
        pre = draw.beta(2, 2, 75)
        post = draw.binomial(14, pre) / 14
        held += ancova(pre, post, labels, (0, 1)).contains(0)
    assert 0.92 <= held / 400 <= 0.98


def test_an_arm_that_nobody_is_in_has_no_estimate():
    assert ancova(np.ones(4), np.ones(4), np.array([0, 0, 2, 2]), (0, 1)).value is None


def test_the_answers_file_is_read_again(rows, tmp_path):
    path = tmp_path / "answers.jsonl"
    lines = [json.dumps(msgspec.to_builtins(one) | {"more": 1}) for one in rows[:50]]
    path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    assert read(path) == rows[:50]


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"person": "p1"}', "null", "[" * 100_000, '{"person": "p", "arm": "none"}']
)
def test_a_damaged_line_is_refused_with_its_number(rows, tmp_path, line):
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(msgspec.to_builtins(rows[0])) + "\n" + line + "\n")
    with pytest.raises(InputError) as told:
        read(path)
    assert told.value.where == "answers file, line 2"


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "b")


def take(store, name, form, when):
    cases = bank()
    by_id = {one.id: one for one in cases}
    for number in (1, 2, 3, 4):
        made = begin(cases, later(when + number), form=form, number=number, silent=True)
        for case in made.cases:
            of = by_id[case]
            made = made.own(case, of.truth.right, 0.3, NOW)
            made = made.final(of, of.advised, 0.3, "accept", NOW)
        store.keep(name, made, NOW)


def test_an_export_becomes_lines_of_the_trial(tmp_path):
    store = Store(tmp_path / "academy")
    store.opt_in("local:anna", NOW)
    with pytest.raises(InputError, match="no finished test"):
        rows_of(store.export("local:anna"), "p1", "simulator")
    take(store, "local:anna", 1, 0)
    take(store, "local:anna", 2, 100)
    made = rows_of(json.loads(json.dumps(store.export("local:anna"))), "p1", "simulator")
    store.close()
    assert [one.occasion for one in made] == ["pre"] * 48 + ["post"] * 48
    assert {one.person for one in made} == {"p1"}
    assert sum(one.advised != one.right for one in made) == 40
    assert all(one.before == one.right and one.after == one.advised for one in made)
    assert "anna" not in json.dumps([msgspec.to_builtins(one) for one in made])


@pytest.mark.parametrize("data", [{}, [], {"sittings": 3}, {"sittings": [1]}])
def test_what_is_no_export_is_refused(data):
    with pytest.raises(InputError):
        rows_of(data, "p1", "simulator")
