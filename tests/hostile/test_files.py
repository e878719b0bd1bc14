"""Every hostile file of the bench but the largest, at the first door that takes it: nothing is
executed, nothing leaks, nothing is written outside, and the workspace's log says what happened."""

import pickle

import pytest
from bench.hostile import running
from bench.hostile.code import Trap

from nof1.core import audit

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries that write what is damaged
LARGE = ("gzip of", "line without end", "long line", "deflated bomb", "arrays that grow")


def first_doors():
    """One case for each input."""
    found = {}
    for case in running.every():
        name = case.name.rpartition(" at ")[0] or case.name
        if not name.startswith(LARGE) and "without end" not in name:
            found.setdefault((case.family, name), case)
    return list(found.values())


CASES = first_doors()


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.family}-{one.name}")
def test_a_hostile_file_does_no_harm(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = running.run(case, tmp_path.resolve(), 7)
    assert not found["executed"], found["why"]
    assert not found["leaked"], found["why"]
    assert not found["outside"], found["why"]
    assert found["outcome"] in ("refused", "set aside", "taken as data")
    assert found["audited"], found["why"]


def test_there_are_more_than_200_and_each_family_has_some():
    every = running.every()
    assert len({(one.family, one.name) for one in every}) == len(every) > 300
    assert len({one.family for one in every}) >= 10
    assert len(CASES) > 80


# The bench itself must see what it looks for ------------------------------------------------------


@pytest.fixture
def place(tmp_path):
    return running.place_of(tmp_path.resolve(), 3)


def test_a_trap_that_goes_off_is_seen(place):
    assert not running.judged(place, 2, b"")["executed"]
    pickle.loads(pickle.dumps(Trap(place.trap)))  # noqa: S301
    assert running.judged(place, 2, b"")["executed"]


def test_a_value_on_the_screen_in_a_log_or_in_a_file_is_seen(place):
    canary = place.canary
    assert running.judged(place, 2, f"Error: {canary}".encode())["leaked"] == "screen"
    (place.workspace / "note.txt").write_text(canary)
    assert running.judged(place, 2, b"")["leaked"] == "note.txt"
    (place.workspace / "note.txt").unlink()
    (place.workspace / "record").mkdir()
    (place.workspace / "record" / "rows").write_text(canary)
    assert running.judged(place, 2, b"")["leaked"] == "rows"  # it was refused
    assert running.judged(place, 0, b"")["leaked"] == ""  # it was taken


def test_a_formula_in_a_result_is_seen(place):
    (place.out / "a.tsv").write_text("gene\tsample\nA\t=cmd|x\n")
    assert running.judged(place, 0, b"")["leaked"] == "a.tsv"


def test_a_missing_or_broken_log_is_seen(place):
    assert not running.judged(place, 2, b"")["audited"]
    audit.append(place.workspace / "audit", "refused")
    assert running.judged(place, 2, b"")["audited"]
    log = place.workspace / "audit" / audit.FILE
    log.write_text(log.read_text().replace("refused", "allowed"))
    assert not running.judged(place, 2, b"")["audited"]


def test_a_file_that_escapes_is_seen(place):
    before = running._tree(place.root)
    (place.root / "escaped.csv").write_text("x")
    assert running._outside(place.root, before) == "escaped.csv"
