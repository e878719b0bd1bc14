"""Fields of the wire that hold what would run if it were unpickled: read by form, or refused."""

import json
import pickle
import struct

import msgspec
import pytest
from bench.hostile.code import Trap

from nof1.core.errors import Nof1Error
from nof1.federation import manifest
from nof1.federation.checkpoint import Header, _Has
from nof1.federation.job import Offer
from nof1.federation.link import _Signed
from nof1.federation.masks import Hello
from nof1.federation.network.board import Decision, Done, Failed, State
from nof1.federation.network.coordinator import View
from nof1.federation.network.home import Enrol, Members
from nof1.federation.network.project import Enrolled, Kit, Server, Settings
from nof1.federation.network.tls import Welcome
from nof1.federation.network.wire import HEAD, Ended, Kind, decode
from nof1.federation.ring import from_bytes

FORMS = (Decision, Done, Failed, State, View, Enrol, Members, Welcome, Ended, Kit, Server, Settings,
         manifest.Manifest, manifest.Signed, Offer, Hello, Header)  # fmt: skip

IMPOSSIBLE = (b"[" * 200_000, b'{"a":' * 200_000, b"\xff\xfe", b"NaN", b"1e999")


@pytest.fixture(params=[0, 2, 4, 5])
def poison(request, tmp_path):
    """A pickle that makes a file when it is loaded."""
    trap = tmp_path / "trap"
    yield pickle.dumps(Trap(trap), request.param)
    assert not trap.exists()


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__)
def test_a_pickle_is_no_message_of_any_form(poison, form):
    with pytest.raises(Nof1Error):
        decode(poison, form)


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__)
def test_a_pickle_in_a_field_is_text_or_refused(poison, form):
    fields = dict.fromkeys(form.__struct_fields__, poison.decode("latin-1"))
    try:
        found = decode(json.dumps(fields).encode(), form)
    except Nof1Error:
        return
    assert all(isinstance(getattr(found, name), str | bytes) for name in form.__struct_fields__)


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_depth_and_numbers_that_are_none_are_refused(form, text):
    with pytest.raises(Nof1Error):
        decode(text, form)


def test_every_form_of_the_network_is_looked_at():
    """A new form must be added above."""
    inner = {_Signed.__name__, _Has.__name__, "Privacy", "Member", Enrolled.__name__}
    rooms = tuple(f"nof1.federation.{name}" for name in ("network", "link", "masks", "manifest"))
    found = {one.__name__ for one in every(msgspec.Struct) if one.__module__.startswith(rooms)}
    assert found <= {one.__name__ for one in FORMS} | inner


def every(base):
    for one in base.__subclasses__():
        yield one
        yield from every(one)


def test_a_head_holds_numbers_only():
    assert struct.calcsize(HEAD.format) == HEAD.size == 25
    assert all(isinstance(one, int) for one in Kind)


def test_a_vector_is_words_only(poison):
    """A payload whose length fits is read as numbers; nothing in it can name code."""
    words = from_bytes(poison + bytes(-len(poison) % 8))
    assert words.dtype.kind == "u"
