"""Banks: built from one seed, kept whole, and cut into tests of 48."""

from collections import Counter
from dataclasses import replace

import pytest

from nof1.academy import bank as banks
from nof1.academy.cases import CHECKS
from nof1.academy.faults import FAULTS
from nof1.core.errors import InputError, ModelError, UsageError
from nof1.core.workspace import create


def test_a_bank_has_what_was_asked_for(bank):
    assert len(bank) == 72
    assert sum(case.faulty for case in bank) == round(72 * 0.45)
    topics = Counter(case.topic for case in bank)
    assert set(topics) == {*FAULTS, "none", "surprising"}
    assert max(topics[name] for name in FAULTS) - min(topics[name] for name in FAULTS) <= 4
    assert topics["surprising"] >= 3


def test_faulty_is_wrong_and_sound_is_right(bank):
    for case in bank:
        assert case.faulty == (case.advised != case.truth.right)
        if case.faulty:
            assert case.catches == FAULTS[case.topic].catches


def test_one_seed_gives_one_bank(teaching, bank):
    first, second = (banks.build(teaching, 12, seed=5) for _ in range(2))
    assert first == second
    assert not {case.id for case in first} & {case.id for case in bank}


def test_written_and_read(bank, tmp_path):
    place = tmp_path / "academy" / "bank.jsonl"
    banks.write(place, bank)
    assert banks.read(place) == bank
    banks.write(place, bank[:12])  # replaces
    assert banks.read(place) == bank[:12]
    assert [path.name for path in place.parent.iterdir()] == ["bank.jsonl"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-40],
        lambda text: text.replace(b'"faulty": true', b'"faulty": false', 1),
        lambda text: text + b"{}\n",
        lambda text: text.split(b"\n", 1)[1],
        lambda text: b"",
        lambda text: b"\xff\xfe" + text,
        lambda text: b"[" * 100_000,
        lambda text: text.replace(b"academy-bank/1", b"academy-bank/9", 1),
    ],
)
def test_a_damaged_bank_is_refused(bank, tmp_path, damage):
    place = tmp_path / "bank.jsonl"
    banks.write(place, bank[:12])
    place.write_bytes(damage(place.read_bytes()))
    with pytest.raises(InputError, match="cannot be used"):
        banks.read(place)


def test_a_bank_of_other_cases_is_refused(bank, tmp_path):
    """The sum fits, the content does not: a case without its checks, one case twice."""
    place = tmp_path / "bank.jsonl"
    broken = bank[0].to_dict()
    broken["evidence"].pop(next(iter(CHECKS)))

    class Broken:
        def to_dict(self):
            return broken

    banks.write(place, [Broken()])
    with pytest.raises(InputError, match="every check"):
        banks.read(place)
    banks.write(place, [bank[0], bank[0]])
    with pytest.raises(InputError, match="one name"):
        banks.read(place)


def test_no_bank_is_refused(tmp_path):
    for place in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot be used"):
            banks.read(place)


@pytest.mark.parametrize("seed", range(6))
def test_a_form_is_balanced(bank, seed):
    form = banks.form(bank, seed)
    faulty = [case for case in form if case.faulty]
    assert len(form) == len({case.id for case in form}) == 48
    assert 17 <= len(faulty) <= 24
    topics = Counter(case.topic for case in faulty)
    assert set(topics) == set(FAULTS)
    assert max(topics.values()) - min(topics.values()) <= 2
    assert 3 <= sum(case.topic == "surprising" for case in form) <= 8
    assert banks.form(bank, seed) == form


def test_forms_differ(bank):
    assert len({tuple(case.id for case in banks.form(bank, seed)) for seed in range(6)}) == 6
    counts = {sum(case.faulty for case in banks.form(bank, seed)) for seed in range(12)}
    assert len(counts) > 1


def test_faults_do_not_cluster_at_one_end(bank):
    """Where the faulty ones stand must not depend on the sitting."""
    halves = [
        sum(case.faulty for case in banks.form(bank, seed)[:24])
        - sum(case.faulty for case in banks.form(bank, seed)[24:])
        for seed in range(20)
    ]
    assert min(halves) < 0 < max(halves)


def test_a_small_bank_gives_no_form(bank):
    for part in ([], bank[:40], [case for case in bank if not case.faulty]):
        with pytest.raises(UsageError, match="too small"):
            banks.form(part, 1)


@pytest.mark.parametrize(
    "asked", [{"n": 3}, {"n": 10**6}, {"faulty_share": 0.0}, {"faulty_share": 1.0}, {"seed": -1}]
)
def test_sizes_out_of_range_are_refused(teaching, asked):
    with pytest.raises(UsageError, match="cannot be made"):
        banks.build(teaching, **asked)


def test_more_than_the_hospital_has_is_refused(teaching, ward, monkeypatch):
    few = replace(
        ward, people=ward.people[:60], others=ward.others[:5], X=ward.X[:60], _events={}, _made={}
    )
    monkeypatch.setattr(banks.Ward, "open", lambda workspace, truth=None: few)
    with pytest.raises(ModelError, match="only"):
        banks.build(teaching, 60, seed=1)


def test_a_real_hospital_is_refused(tmp_path):
    with pytest.raises(InputError, match="invented patients only"):
        banks.build(create(tmp_path / "ws"))
