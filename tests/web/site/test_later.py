"""Work in the background: once, kept, shown when ready, and its errors told."""

import threading
import time

import pytest

import room_samples as rooms
import site_samples as samples
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.core.errors import UsageError
from nof1.web.site import federation_site
from nof1.web.site.house import House
from nof1.web.site.later import later


@pytest.fixture
def house(tmp_path):
    workspace = rooms.synthetic(tmp_path / "ws")
    return House(workspace, Service(Room(workspace)), lambda: None)


def until_ready(*asked, **more):
    for _ in range(6000):
        found = later(*asked, **more)
        if found is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("it is never ready")


def test_work_is_done_once_and_then_given_at_once(house):
    go, done = threading.Event(), []

    def work():
        go.wait(60)
        done.append(1)
        return "made"

    assert later(house, "key", work, patience_s=0.01) is None
    assert later(house, "key", work, patience_s=0.01) is None
    go.set()
    assert until_ready(house, "key", work) == "made"
    assert later(house, "key", work, patience_s=0) == "made"
    assert done == [1]


def test_another_version_is_worked_out_anew(house):
    assert until_ready(house, "key", lambda: "one", version=1) == "one"
    assert until_ready(house, "key", lambda: "two", version=2) == "two"


@pytest.mark.parametrize("error", [UsageError("wrong"), TimeoutError("slow source")])
def test_what_went_wrong_is_raised(house, error):
    def fails():
        raise error

    with pytest.raises(type(error)):
        until_ready(house, "key", fails)


def test_a_page_says_that_it_is_being_worked_out_and_looks_again(tmp_path, monkeypatch):
    go = threading.Event()
    usual = federation_site.read

    def slow(workspace):
        go.wait(60)
        return usual(workspace)

    monkeypatch.setattr(federation_site, "read", slow)
    workspace = rooms.synthetic(tmp_path / "ws")
    with samples.client(samples.open_server(workspace)) as browser:
        first = browser.get("/federation")
        assert first.status_code == 200
        assert first.headers["refresh"] == "2"
        assert "being read" in first.text
        told = browser.get("/federation?format=json")
        assert (told.status_code, told.json()["schema"]) == (202, "nof1/web-waiting/1")
        assert browser.get("/federation?format=csv").status_code == 202
        go.set()
        for _ in range(6000):
            answer = browser.get("/federation")
            if "refresh" not in answer.headers:
                break
            time.sleep(0.01)
        assert "No federation yet" in answer.text
