"""Short cuts change no byte of an answer; and a short cut that does is found."""

import pytest
from bench.hooks_same import Differs, run

from nof1.advice.hooks import naming
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.core.workspace import create
from nof1.record import bundle

PLAINLY = bundle._plainly


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Service(Room(create(tmp_path_factory.mktemp("same") / "ws", synthetic=True)))


def test_three_hundred_generated_requests_get_the_same_bytes(desk):
    told = run(desk, seed=5, count=300)
    assert told["200"] > 200
    assert {"200", "400", "412"} <= set(told)


@pytest.mark.parametrize(
    ("place", "name", "wrong"),
    [
        (naming, "_with_words", lambda raw: []),
        (bundle, "_plainly", lambda *given: (PLAINLY(*given) or [])[:-1] or None),
    ],
)
def test_a_short_cut_that_changes_an_answer_is_found(desk, monkeypatch, place, name, wrong):
    monkeypatch.setattr(place, name, wrong)
    with pytest.raises(Differs):
        run(desk, seed=5, count=60)
