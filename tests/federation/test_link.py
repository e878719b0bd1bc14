import msgspec
import pytest

from federation_samples import NAMES, identities, roster_of
from nof1.core.errors import InputError
from nof1.federation.link import Link


class Tampered:
    """An engine that changes what it carries."""

    def __init__(self, change):
        self.change = change

    def exchange(self, message):
        return self.change(message)


def link(change, job="job-1"):
    keys = identities()
    made = {}
    for name in NAMES:
        one = Link(roster_of(keys), name, job, keys[name], Tampered(lambda m: m))
        made[name] = one
    sent = {}
    for name, one in made.items():
        one.channel = Tampered(lambda m, name=name: sent.update({name: m}) or {})
        with pytest.raises(InputError, match="Not every site"):
            one.exchange(b"hello from " + name.encode())
    north = Link(
        made["north"].roster, "north", job, keys["north"], Tampered(lambda m: change(sent))
    )
    return north, sent


def test_untouched_messages_are_read():
    north, _ = link(lambda sent: sent)
    assert north.exchange(b"x")["west"] == b"hello from west"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda sent: {k: sent[k] for k in ("north", "south")}, "Not every site"),
        (lambda sent: {**sent, "east": sent["west"]}, "Not every site"),
        (lambda sent: {**sent, "west": sent["south"]}, "signature of the site west"),
        (lambda sent: {**sent, "west": b"{}"}, "cannot be read"),
        (lambda sent: {**sent, "west": b"\xff"}, "cannot be read"),
        (
            lambda sent: {
                **sent,
                "west": msgspec.json.encode(
                    {**msgspec.json.decode(sent["west"]), "message": "aGVsbG8="}
                ),
            },
            "signature of the site west",
        ),
    ],
)
def test_changed_messages_are_refused(change, match):
    north, _ = link(change)
    with pytest.raises(InputError, match=match):
        north.exchange(b"x")


def test_a_message_of_an_earlier_step_is_refused():
    north, _ = link(lambda sent: sent)
    north.exchange(b"x")
    with pytest.raises(InputError, match="signature"):
        north.exchange(b"x")
