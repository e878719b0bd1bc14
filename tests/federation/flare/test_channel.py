"""FLARE's two calls without FLARE: what is carried, what is refused, what stays at home."""

import threading

import msgspec
import numpy as np
import pytest

from federation_samples import NAMES, identities, roster_of
from nof1.core.errors import InputError, ModelError
from nof1.federation.averaging.joint import Joint
from nof1.federation.flare.channel import Answer, CalledChannel, served
from nof1.federation.link import Link
from nof1.federation.local import Hub
from nof1.federation.refusal import Refused
from nof1.federation.ring import WORD
from nof1.federation.secure import EXTRA


def channels(hub, rounds=50, entries=1000):
    def of(site):
        return CalledChannel(
            lambda kind, number, payload: served(hub, site, kind, number, payload), rounds, entries
        )

    return {site: of(site) for site in hub.sites}


def run(function, hub):
    """One thread a site; results, or the errors."""
    keys = identities()
    roster, made = roster_of(keys), {}

    def one(name, channel):
        try:
            made[name] = function(Link(roster, name, "job", keys[name], channel))
        except Exception as error:
            made[name] = error
            hub.stop(f"The site {name} stopped.")

    threads = [
        threading.Thread(target=one, args=item, daemon=True) for item in channels(hub).items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return made


def test_masked_sums_go_through_the_two_calls():
    made = run(lambda link: Joint.open(link, "t").sums(np.array([1.5, -2.0]))[0], Hub(NAMES, 20.0))
    assert all(np.array_equal(one, [4.5, -6.0]) for one in made.values())


def test_the_caller_is_who_the_engine_says_and_not_the_message():
    raw = served(Hub(NAMES, 0.1), "stranger", "vector", 0, bytes(WORD * 4))
    assert "takes no part" in msgspec.msgpack.decode(raw, type=Answer).why


@pytest.mark.parametrize(("number", "entries"), [(50, 10), (0, 1001)])
def test_more_or_longer_sums_than_asked_for_never_leave(number, entries):
    sent = []
    channel = CalledChannel(lambda *call: sent.append(call) or b"", 50, 1000)
    with pytest.raises(Refused):
        channel.lay(number, bytes(WORD * (entries + EXTRA)))
    assert sent == []


def test_an_unknown_call_and_a_round_twice_are_answered_with_words():
    hub = Hub(NAMES, 0.1)
    assert msgspec.msgpack.decode(served(hub, "north", "code", 0, b""), type=Answer).why
    assert (
        "round 7"
        in msgspec.msgpack.decode(served(hub, "north", "vector", 7, bytes(WORD)), type=Answer).why
    )


def test_words_of_the_coordinator_end_the_job_here():
    why = msgspec.msgpack.encode(Answer(why="The site west stopped."))
    with pytest.raises(ModelError, match="west stopped"):
        CalledChannel(lambda *call: why, 5, 5).lay(0, bytes(WORD))


@pytest.mark.parametrize("raw", [b"", b"\xc1", msgspec.msgpack.encode({"data": 3}), b"\x80\x04K."])
def test_an_answer_of_another_form_is_refused(raw):
    with pytest.raises(InputError, match="cannot be read"):
        CalledChannel(lambda *call: raw, 5, 5).exchange(b"hello")


def test_one_site_that_stops_releases_the_others():
    def function(link):
        if link.site == "west":
            raise RuntimeError("broken")
        return link.exchange(b"hello")

    made = run(function, Hub(NAMES, 20.0))
    assert isinstance(made["north"], ModelError)
    assert "west stopped" in made["north"].message
