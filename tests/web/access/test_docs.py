"""docs/access.md says what the program does: roles, kinds, settings, limits, addresses."""

import re
from pathlib import Path

import msgspec

from nof1.web.access import emergency, passwords, sessions, throttle, tokens
from nof1.web.access.guard import PUBLIC
from nof1.web.access.oidc import flow, settings, transport
from nof1.web.access.roles import roles
from nof1.web.access.scopes import OWN_KINDS

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "access.md").read_text(encoding="utf-8")
FLAT = " ".join(TEXT.split())


def section(title):
    found = re.search(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M)
    assert found, title
    return found[1]


def first_column(text):
    return {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


def test_all_roles_and_kinds_are_there_and_no_others():
    assert first_column(section("Roles")) == set(roles())
    after = section("Roles").partition("none of ours: ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", after)) == set(OWN_KINDS)


def test_all_settings_of_the_hospitals_sign_in_are_there():
    told = section(r"The hospital's own sign-in")
    example = set(re.findall(r'"(\w+)": ', told)) - {"nof1"}
    fields = {one.name for one in msgspec.structs.fields(settings._File)}
    assert first_column(told) | (example & fields) == fields


def test_the_limits_are_those_of_the_program():
    said = (
        f"N = {passwords.COST:,}, r = {passwords.BLOCK}, p = {passwords.PARALLEL}",
        f"{passwords.SHORTEST} to {passwords.LONGEST} characters",
        f"after {sessions.IDLE_S / 60:.0f} minutes without use",
        f"after {sessions.WHOLE_S / 3600:.0f} hours",
        f"{throttle.FREE} tries, then {throttle.FIRST_S:.0f} s",
        f"up to {throttle.LONGEST_S / 60:.0f} minutes; after {throttle.LOCKED} in a row",
        f"{throttle.ADDRESS} tries an address in {throttle.WINDOW_S / 60:.0f} minutes",
        f"It lasts {emergency.LASTS_S / 60:.0f} minutes",
        f"after {tokens.MOST_DAYS} days",
        f"lasts {tokens.HOSPITAL_DAYS} days at most",
        f"{transport.SECONDS:.0f} seconds, {transport.LARGEST // 1024} KB",
        f"service/{passwords.OWN_LIST}",
        flow.CALLBACK,
    )
    assert [one for one in said if one not in FLAT] == []
    assert flow.LASTS_S == 600  # "for ten minutes"


def test_public_addresses_are_named():
    told = section("Addresses").partition("| nothing |")[0]
    spread = ("/sign-in", "/static/")
    assert all(path in told or path.startswith(spread) for path in PUBLIC)
    assert all(path in told for path in spread)
