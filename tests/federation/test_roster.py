import pytest

from federation_samples import identities, roster_of
from nof1.core.errors import InputError, UsageError
from nof1.federation.roster import Member, Roster


def test_members_stand_by_name_whatever_the_order():
    keys = identities(("west", "north", "south"))
    roster = roster_of(keys)
    assert roster.names == ("north", "south", "west")
    assert roster.digest == Roster.of(reversed(roster.members)).digest


@pytest.mark.parametrize("count", [0, 1, 2, 201])
def test_too_few_and_too_many_sites_are_refused(count):
    members = [Member(f"s{k}", f"{k:064x}") for k in range(count)]
    with pytest.raises(UsageError, match="refused"):
        Roster.of(members)


@pytest.mark.parametrize(
    "members",
    [
        [Member("a", f"{1:064x}"), Member("a", f"{2:064x}"), Member("c", f"{3:064x}")],
        [Member("a", f"{1:064x}"), Member("b", f"{1:064x}"), Member("c", f"{3:064x}")],
        [Member("A b", f"{1:064x}"), Member("b", f"{2:064x}"), Member("c", f"{3:064x}")],
        [Member("a", "xy" * 32), Member("b", f"{2:064x}"), Member("c", f"{3:064x}")],
        [Member("a", "00"), Member("b", f"{2:064x}"), Member("c", f"{3:064x}")],
    ],
)
def test_names_and_keys_must_be_of_the_right_form_and_stand_once(members):
    with pytest.raises(UsageError):
        Roster.of(members)


def test_a_changed_key_or_site_changes_the_digest():
    keys = identities()
    other = {**keys, "north": identities()["north"]}
    more = {**keys, **identities(("east",))}
    assert len({roster_of(one).digest for one in (keys, other, more)}) == 3


def test_signatures_are_those_of_the_named_site():
    keys = identities()
    roster = roster_of(keys)
    signature = keys["north"].sign(b"text")
    roster.verify("north", b"text", signature)
    for name, message in (("south", b"text"), ("north", b"texts"), ("east", b"text")):
        with pytest.raises(InputError):
            roster.verify(name, message, signature)
