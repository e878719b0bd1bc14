"""The roles of the data file."""

import pytest

from nof1.core.errors import UsageError
from nof1.web.access.roles import check, roles, scopes_of, titles
from nof1.web.access.scopes import OWN_KINDS

WANTED = {"clinician", "data-scientist", "pharmacist", "radiologist", "epidemiologist",
          "privacy-officer", "administrator", "learner"}  # fmt: skip


def test_all_roles_are_there_and_their_scopes_fit_who_has_them():
    assert set(roles()) >= WANTED
    for role in roles().values():
        contexts = {one.context for one in role.scopes}
        assert contexts == {"system"} if role.program else contexts <= {"user", "patient"}


def test_no_role_of_a_person_sees_all_patients_by_itself():
    wide = [one for role in roles().values() for one in role.scopes
            if one.context == "user" and one.kind not in OWN_KINDS]  # fmt: skip
    assert wide == []


def test_who_opens_patients_by_emergency_has_patients_at_all():
    for role in roles().values():
        if any(one.kind == "Emergency" and "c" in one.letters for one in role.scopes):
            assert any(one.context == "patient" for one in role.scopes), role.name


def test_roles_are_for_persons_or_for_programs():
    assert check(["learner", "clinician", "learner"], person=True) == ("clinician", "learner")
    for names, person in (
        (["monitor"], True),
        (["clinician"], False),
        ([], True),
        (["boss"], True),
    ):
        with pytest.raises(UsageError):
            check(names, person=person)


def test_a_role_that_is_gone_gives_nothing():
    assert scopes_of(["boss"]) == frozenset()
    assert titles(["boss", "learner"]) == ["Learner"]
