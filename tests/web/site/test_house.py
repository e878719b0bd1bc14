"""A running server follows what is stored beside it: a newer model answers at once."""

import json
import shutil
import threading
from types import SimpleNamespace

import pytest

import room_samples as rooms
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.core.errors import ModelError
from nof1.web.site import warmth
from nof1.web.site.house import House


@pytest.fixture
def store(site_workspace, trained):
    """``store()`` puts another version of the model beside it; it is gone after the test."""
    folder = site_workspace.models / trained.artefact.name
    number = trained.artefact.version + 1

    def another(manifest=None):
        staged = site_workspace.models / ".staged"
        shutil.copytree(folder / str(trained.artefact.version), staged)
        if manifest is not None:
            (staged / "manifest.json").write_text(manifest)
        staged.rename(folder / str(number))
        return number

    yield SimpleNamespace(another=another, undo=lambda: shutil.rmtree(folder / str(number)))
    shutil.rmtree(folder / str(number), ignore_errors=True)


def answers(site, places):
    told = site.get(f"/patients/{places['patient']}?site={places['site']}&format=json").json()
    return {one["basis"]["version"] for one in told["findings"]
            if one["basis"]["id"] == places["model"]}  # fmt: skip


def test_a_newer_model_answers_on_the_pages_at_once(site, places, store):
    assert answers(site, places) == {"1"}
    number = store.another()
    assert answers(site, places) == {str(number)}
    assert f"/models/{places['model']}/{number}" in site.get(f"/models/{places['model']}").text
    store.undo()
    assert answers(site, places) == {"1"}


def test_the_services_answer_with_the_newer_model_and_one_answer_with_one(site_workspace, store):
    service = Service(Room(site_workspace))
    before = service.fresh()
    assert before is service
    assert [one.basis.version for one in service.room.adviser.scorers] == ["1"]
    number = store.another()
    after = service.fresh()
    assert after is not service
    assert after.fresh() is after
    assert after.turns is service.turns
    assert [one.basis.version for one in after.room.adviser.scorers] == [str(number)]
    assert [one.basis.version for one in before.room.adviser.scorers] == ["1"]  # begun before


def test_a_damaged_newer_model_stops_answers_loudly_and_readiness_says_so(site, places, store):
    store.another(manifest="{}")
    assert site.get("/ready").status_code == 503
    page = site.get(f"/patients/{places['patient']}?site={places['site']}")
    assert page.status_code == 400
    assert "manifest is missing or damaged" in page.text
    rows = f"/patients/{places['patient']}/events?site={places['site']}"
    for other in ("/", "/models", "/data", "/academy", rows):
        assert site.get(other).status_code == 200, other
    store.undo()
    assert site.get("/ready").status_code == 200
    assert answers(site, places) == {"1"}


def test_what_was_found_damaged_is_not_read_again_for_each_request(
    site_workspace, store, monkeypatch
):
    room, read = Room(site_workspace), []
    store.another(manifest=json.dumps({"files": {}, "notes": {}}))
    load = Room.load
    monkeypatch.setattr(Room, "load", lambda self: (read.append(1), load(self))[1])
    for _ in range(3):
        with pytest.raises(ModelError):
            room.fresh()
    assert read == [1]


def test_work_ahead_stops_when_it_is_told_and_no_part_of_it_stops_the_rest(tmp_path, monkeypatch):
    workspace, done = rooms.synthetic(tmp_path / "ws"), []
    house = House(workspace, Service(Room(workspace)), lambda: None)
    warmth.warm(house, threading.Event())  # nothing was imported: nothing to say, no error

    def steps(house):
        yield lambda: done.append(1)
        yield lambda: 1 / 0
        yield stop.set
        yield lambda: done.append(2)

    stop = threading.Event()
    monkeypatch.setattr(warmth, "_steps", steps)
    warmth.warm(house, stop)
    assert (done, stop.is_set()) == ([1], True)
