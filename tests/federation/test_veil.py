"""Totals that the coordinator cannot read."""

import msgspec
import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.federation import local, veil
from nof1.federation.link import Link
from nof1.federation.ring import decode, from_bytes, to_bytes
from nof1.federation.rounds import Rounds

NAMES = ("north", "south", "west")


def adding(rounds=3, size=400):
    def site(link):
        total = veil.opened(link, b"job")
        return [total(np.arange(size, dtype=np.float64) + number) for number in range(rounds)]

    return dict.fromkeys(NAMES, site)


def test_the_sites_read_the_sum_of_all():
    for found in local.run(adding()).values():
        for number, total in enumerate(found):
            np.testing.assert_array_equal(total, 3 * (np.arange(400) + number))


def test_the_coordinator_sees_noise(monkeypatch):
    seen, honest = [], Rounds.lay

    def lay(self, site, number, payload):
        total = honest(self, site, number, payload)
        seen.append(total)
        return total

    monkeypatch.setattr(Rounds, "lay", lay)
    local.run(adding(rounds=20))
    words = np.concatenate([from_bytes(one) for one in seen[:: len(NAMES)]])
    assert np.unique(words).size == words.size  # the plain totals repeat
    assert np.abs(decode(words)).min() > 1000  # 2^-27 of the ring lies below: none by chance
    share = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(share - 0.5) < 0.005


def test_a_changed_total_is_found_out(monkeypatch):
    honest = Rounds.lay

    def lay(self, site, number, payload):
        total = honest(self, site, number, payload)
        if site != "south" or number != 1:
            return total
        changed = from_bytes(total).copy()
        changed[-3] += np.uint64(1)
        return to_bytes(changed)

    monkeypatch.setattr(Rounds, "lay", lay)
    with pytest.raises(ModelError):
        local.run(adding())


@pytest.mark.parametrize("raw", [b"", b"\xc1", msgspec.msgpack.encode({"south": bytes(48)})])
def test_a_key_that_cannot_be_opened_is_refused(monkeypatch, raw):
    honest = Link.exchange

    def exchange(self, message):
        got = honest(self, message)
        return got if self._number != 2 else {**got, "north": raw}

    monkeypatch.setattr(Link, "exchange", exchange)
    with pytest.raises(InputError, match="key of the sums"):
        local.run(adding())
