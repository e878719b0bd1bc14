"""Sums in pieces, and numbers that all sites share."""

import msgspec
import numpy as np
import pytest

from nof1.core.errors import InputError, ModelError
from nof1.federation import local
from nof1.federation.averaging import joint as joints
from nof1.federation.averaging.joint import Joint, counted, offers, same


class Said(msgspec.Struct, frozen=True):
    word: str


def test_a_long_sum_goes_in_pieces_and_keeps_its_shapes(together, monkeypatch):
    monkeypatch.setattr(joints, "PIECE", 7)

    def one(joint, number):
        table, line = joint.sums(np.full((3, 4), number + 0.5), np.arange(5.0))
        return table, line, joint.total.rounds

    for table, line, rounds in together(one).values():
        assert np.array_equal(table, np.full((3, 4), 4.5))
        assert np.array_equal(line, 3 * np.arange(5.0))
        assert rounds == 3  # 17 entries in pieces of 7


def test_all_go_on_from_the_first_sites_numbers(together):
    def one(joint, number):
        return joint.shared(np.array([1 / 3 + number, -1e6]))[0]

    made = list(together(one).values())
    assert all(np.array_equal(made[0], other) for other in made)
    assert made[0] == pytest.approx([1 / 3, -1e6], abs=2**-36)


def test_sites_that_agreed_on_something_else_find_out():
    sites = {
        name: lambda link, name=name: Joint.open(link, "task", name == "west")
        for name in ("north", "south", "west")
    }
    with pytest.raises(InputError, match="another"):
        local.run(sites)


def test_offers_come_in_the_order_of_the_roster_and_differences_are_named():
    sites = {
        name: lambda link, name=name: offers(link, Said(name))
        for name in ("south", "north", "west")
    }
    assert [one.word for one in local.run(sites)["west"]] == ["north", "south", "west"]
    with pytest.raises(InputError, match="differ in the network") as told:
        same(["a", "a", "b"], "the network", "Copy it.")
    assert told.value.next_step == "Copy it."
    same(["a", "a"], "the network", "")


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0**40])
def test_what_fixed_point_cannot_carry_never_leaves(together, value):
    def one(joint, number):
        return joint.sums(np.array([value if number == 1 else 0.0]))

    with pytest.raises(ModelError, match="fixed point cannot carry"):
        together(one)


def test_scaled_counts_do_not_fill_the_memory():
    assert counted(np.array([2.0000001, -1e-8, 5])).tolist() == [2, 0, 5]
    with pytest.raises(ModelError, match="more than there can be"):
        counted(np.array([1e6, 1e6]) * 1e6)
