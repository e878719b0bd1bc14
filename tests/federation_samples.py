"""Sites, keys and sessions for the tests of the federation room."""

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.federation.manifest import Manifest, Privacy
from nof1.federation.masks import Masker
from nof1.federation.roster import Roster, member

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMES = ("north", "south", "west")


def identities(names=NAMES):
    return {name: Ed25519PrivateKey.generate() for name in names}


def roster_of(keys):
    return Roster.of(member(name, key) for name, key in keys.items())


def maskers(names=NAMES, job="job-1"):
    """A masker a site, before the exchange of keys."""
    keys = identities(names)
    roster = roster_of(keys)
    return {name: Masker(roster, name, job, keys[name]) for name in names}


def met(names=NAMES, job="job-1"):
    """A masker a site, after the exchange of keys."""
    made = maskers(names, job)
    hellos = [one.hello() for one in made.values()]
    for one in made.values():
        one.meet(hellos)
    return made


def manifest(**changes):
    """A manifest that a site with an open policy would take."""
    plain = {
        "job": "job-1",
        "project": "stroke",
        "purpose": "risk after discharge",
        "algorithm": "glassbox",
        "code": "ab" * 32,
        "task": "name: t",
        "cohort": "everybody",
        "outputs": ("model",),
        "rounds": 100,
        "entries": 1000,
        "roster": "cd" * 32,
        "created": NOW - timedelta(hours=1),
        "expires": NOW + timedelta(days=1),
        "privacy": Privacy(epsilon=1.0, delta=1e-5),
    }
    return Manifest(**(plain | changes))
