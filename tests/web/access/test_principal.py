"""One function decides; it says no unless something says yes."""

from dataclasses import replace

import pytest

from nof1.web.access import principal as p
from nof1.web.access.principal import Principal, decide
from nof1.web.access.roles import roles, scopes_of
from nof1.web.access.scopes import ACTIONS, OWN_KINDS, PATIENT_KINDS, parse_all


def person(*scopes, patients=frozenset({"mine"}), **more):
    return Principal("local:a", "a", True, (), parse_all(scopes), patients, **more)


def test_nobody_may_do_nothing():
    assert decide(None, "read", "Model").reason == p.NOBODY


def test_unknown_actions_and_kinds_are_refused_to_everybody():
    assert decide(p.everything(), "drop", "Model").reason == p.NO_ACTION
    assert decide(p.everything(), "read", "Secrets").reason == p.NO_KIND
    assert decide(p.everything(), "read", "*").reason == p.NO_KIND
    assert decide(p.everything(), "read", "Model", "someone").reason == p.NO_PATIENT


def test_a_patient_scope_is_for_the_patients_of_the_list():
    who = person("patient/*.rs")
    assert decide(who, "read", "Condition", "mine").allowed
    assert decide(who, "read", "Condition", "other").reason == p.NOT_LISTED
    assert decide(who, "search", "Condition").reason == p.ALL_PATIENTS
    assert decide(who, "update", "Condition", "mine").reason == p.NO_SCOPE
    every = replace(who, patients=None)
    assert decide(every, "read", "Condition", "other").allowed
    assert decide(every, "search", "Condition").allowed


def test_an_emergency_opens_one_patient_and_no_further_action():
    who = person("patient/*.rs", emergencies=frozenset({"other"}))
    made = decide(who, "read", "Condition", "other")
    assert (made.allowed, made.emergency) == (True, True)
    assert not decide(who, "read", "Condition", "mine").emergency
    assert not decide(who, "read", "Condition", "third").allowed
    assert not decide(who, "delete", "Condition", "other").allowed
    without = person("user/Model.r", emergencies=frozenset({"x"}))
    assert not decide(without, "read", "Condition", "x").allowed


def test_user_scopes_are_for_persons_and_system_scopes_for_programs():
    for scope, is_person in (("user/Service.r", True), ("system/Service.r", False)):
        who = replace(person(scope), person=is_person)
        assert decide(who, "read", "Service").allowed
        assert not decide(replace(who, person=not is_person), "read", "Service").allowed


def test_a_token_takes_away_and_never_adds():
    who = person("patient/*.rs", "user/Model.r", within=parse_all("user/Model.cruds"))
    assert decide(who, "read", "Model").allowed
    assert decide(who, "read", "Condition", "mine").reason == p.NO_TOKEN_SCOPE
    assert decide(who, "delete", "Model").reason == p.NO_SCOPE


# What each role may do, as this test's author understands it; by hand, not from the data file.
MAY = {
    "clinician": {("read", "Condition"), ("search", "Model"), ("create", "Emergency")},
    "pharmacist": {("read", "MedicationRequest"), ("read", "Compound"), ("create", "Emergency")},
    "radiologist": {("create", "DiagnosticReport"), ("read", "ImagingStudy")},
    "data-scientist": {("create", "Model"), ("search", "Quality"), ("create", "Import")},
    "epidemiologist": {("create", "Surveillance"), ("search", "Federation")},
    "advice-committee": {("update", "Governance"), ("update", "Model")},
    "privacy-officer": {("search", "AuditEvent"), ("read", "Emergency"), ("read", "Account")},
    "administrator": {("delete", "Account"), ("read", "Service")},
    "learner": {("create", "Academy")},
    "monitor": {("read", "Service")},
    "order-system": {("create", "GuidanceResponse")},
}
MAY_NOT = {
    "clinician": {("create", "Model"), ("search", "AuditEvent"), ("read", "Account")},
    "pharmacist": {("update", "Governance"), ("create", "MedicationRequest")},
    "radiologist": {("read", "MolecularSequence"), ("read", "MedicationRequest")},
    "data-scientist": {(a, k) for a in ACTIONS for k in PATIENT_KINDS} | {("create", "Emergency")},
    "epidemiologist": {(a, k) for a in ACTIONS for k in PATIENT_KINDS},
    "advice-committee": {(a, k) for a in ACTIONS for k in PATIENT_KINDS}
    | {("create", "Model"), ("update", "Account")},
    "privacy-officer": {(a, k) for a in ACTIONS for k in PATIENT_KINDS} | {("update", "Account")},
    "administrator": {(a, k) for a in ACTIONS for k in PATIENT_KINDS} | {("search", "AuditEvent")},
    "learner": {(a, k) for a in ACTIONS for k in PATIENT_KINDS | set(OWN_KINDS) - {"Academy"}},
    "monitor": {("read", "Account"), ("read", "Condition")},
    "order-system": {("read", "Condition"), ("read", "Patient")},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(roles()))
def test_each_role_may_do_its_work_and_not_that_of_others(name):
    role = roles()[name]
    who = Principal("x", "x", not role.program, (name,), scopes_of([name]), None)
    assert all(decide(who, *one).allowed for one in MAY[name])
    assert not any(decide(who, *one).allowed for one in MAY_NOT[name])
