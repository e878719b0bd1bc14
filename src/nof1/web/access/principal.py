"""Who asks, and whether they may: one function decides, and says why.

Patients stand here under their keyed pseudonym (``nof1.web.access.emergency.mark``), never by
name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from nof1.web.access.scopes import ACTIONS, OWN_KINDS, PATIENT_KINDS, Scope

NOBODY = "not signed in"
NO_ACTION, NO_KIND = "no such action", "no such kind of resource"
NO_SCOPE = "no role of this account allows it"
NO_TOKEN_SCOPE = "the token's own scopes do not allow it"
NOT_LISTED = "the patient is not on this account's list"
ALL_PATIENTS = "this account may ask about single patients of its list only"
NO_PATIENT = "this kind is about no patient"
BY_SCOPE, BY_EMERGENCY = "by its scopes", "emergency access"


@dataclass(frozen=True)
class Principal:
    """A person or a program that was recognised.

    Attributes
    ----------
    account : its name in the audit log: ``local:anna``, ``oidc:1f0c...``. name : what pages show.
    person : False for a program; ``user/`` scopes count for persons, ``system/`` for programs.
    patients : pseudonyms of the patients of its list; None: all patients.
    within : scopes of the token that it came with, which only take away; None: no token.
    emergencies : pseudonyms of patients whom it may see for a while by emergency access.
    """

    account: str
    name: str
    person: bool
    roles: tuple[str, ...]
    scopes: frozenset[Scope]
    patients: frozenset[str] | None = frozenset()
    within: frozenset[Scope] | None = None
    emergencies: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True)
class Decision:
    """Allowed or not, with the reason; ``emergency``: only emergency access allowed it."""

    allowed: bool
    reason: str
    emergency: bool = False


def decide(who: Principal | None, action: str, kind: str, patient: str | None = None) -> Decision:
    """Whether ``who`` may do this.

    Parameters
    ----------
    action : create, read, update, delete or search. kind : of ``PATIENT_KINDS`` or ``OWN_KINDS``.
    patient : the patient's pseudonym; None asks for no single patient: for a kind of the record
        that means "all patients".
    """
    if who is None:
        return Decision(False, NOBODY)
    if action not in ACTIONS:
        return Decision(False, NO_ACTION)
    if kind not in PATIENT_KINDS and kind not in OWN_KINDS:
        return Decision(False, NO_KIND)
    if kind in OWN_KINDS and patient is not None:
        return Decision(False, NO_PATIENT)
    made = _by(who, who.scopes, action, kind, patient)
    if not made.allowed or who.within is None:
        return made
    narrow = _by(who, who.within, action, kind, patient)
    return narrow if narrow.allowed else Decision(False, NO_TOKEN_SCOPE)


def everything() -> Principal:
    """Who asks a server that nobody guards: development on this machine, invented patients."""
    kinds = ("*", *OWN_KINDS)
    scopes = frozenset(Scope("user", kind, "cruds") for kind in kinds)
    return Principal("development", "development", True, (), scopes, None)


def _by(
    who: Principal, scopes: Collection[Scope], action: str, kind: str, patient: str | None
) -> Decision:
    """The decision that these scopes alone give."""
    contexts = {one.context for one in scopes if one.covers(action, kind)}
    if ("user" if who.person else "system") in contexts:
        return Decision(True, BY_SCOPE)
    if "patient" not in contexts:
        return Decision(False, NO_SCOPE)
    if who.patients is None:
        return Decision(True, BY_SCOPE)
    if patient is None:
        return Decision(False, ALL_PATIENTS)
    if patient in who.patients:
        return Decision(True, BY_SCOPE)
    if patient in who.emergencies:
        return Decision(True, BY_EMERGENCY, emergency=True)
    return Decision(False, NOT_LISTED)
