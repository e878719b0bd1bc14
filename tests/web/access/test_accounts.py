"""Accounts: each change is kept and recorded; nothing secret is in the records."""

import pytest

import access_samples as samples
from access_samples import OTHER, PASSWORD
from nof1.core.errors import UsageError
from nof1.web.access.accounts import hospital_account
from nof1.web.access.desk import open_desk


@pytest.fixture
def server(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)
    made = samples.server(tmp_path)
    yield made
    made.desk.close()


@pytest.fixture
def accounts(server):
    return server.desk.accounts


def test_an_account_is_kept_and_outlives_a_restart(server, accounts):
    made = accounts.add("anna", ["learner", "clinician"], password=PASSWORD)
    assert (made.account, made.roles, made.patients) == ("local:anna", ("clinician", "learner"), 0)
    again = open_desk(server.desk.workspace)
    assert again.accounts.get("local:anna") == made
    again.close()


@pytest.mark.parametrize(
    "name", ["", "a", "Anna", "anna smith", "-anna", "oidc:x", "a" * 65, "änna", "a\n"]
)
def test_names_are_plain(accounts, name):
    with pytest.raises(UsageError):
        accounts.add(name, ["clinician"], password=PASSWORD)


def test_a_name_is_given_once_and_a_bad_account_leaves_nothing(accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    for arguments in (
        ("anna", ["learner"], PASSWORD),
        ("bob", ["boss"], PASSWORD),
        ("bob", ["monitor"], PASSWORD),
        ("bob", ["clinician"], "short"),
        ("bob", ["clinician"], None),  # no password: a program, and this is a person's role
    ):
        with pytest.raises(UsageError):
            accounts.add(*arguments[:2], password=arguments[2])
    assert [one.name for one in accounts.all()] == ["anna"]


def test_roles_change_and_sessions_end(server, accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    secret = server.desk.sessions.begin("local:anna")
    accounts.set_roles("local:anna", ["learner"])
    assert server.desk.by_session(secret) is None
    (record,) = server.log("roles changed")
    assert record["details"] == {
        "account": "local:anna", "roles": ["learner"], "before": ["clinician"], "by": "nof1 users",
    }  # fmt: skip


def test_a_new_password_ends_sessions_and_the_old_one(server, accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    secret = server.desk.sessions.begin("local:anna")
    accounts.set_password("local:anna", OTHER, by="nof1 users")
    assert server.desk.by_session(secret) is None
    assert server.desk.checked("anna", OTHER, "192.0.2.1") == "local:anna"


def test_who_is_removed_is_gone_with_sessions_and_tokens(server, accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    secret = server.desk.sessions.begin("local:anna")
    token, _ = server.desk.tokens.make("local:anna", ("clinician",), "", label="", days=1, by="x")
    accounts.remove("local:anna")
    assert server.desk.by_session(secret) is None
    assert server.desk.by_token(token) is None
    with pytest.raises(UsageError):
        accounts.remove("local:anna")


def test_patients_are_kept_as_pseudonyms(server, accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    accounts.set_patients("local:anna", add=["aa", "bb"])
    assert accounts.set_patients("local:anna", add=["bb"], remove=["aa"]).patients == 1
    assert accounts.patients("local:anna") == {"bb"}
    assert accounts.set_patients("local:anna", every=True).patients is None
    assert accounts.patients("local:anna") is None
    assert accounts.patients("local:nobody") == frozenset()


def test_nobody_of_the_hospital_can_take_over_a_local_account(accounts):
    accounts.add("anna", ["administrator"], password=PASSWORD)
    made = accounts.vouched("https://idp", "local:anna", "anna", ["learner"], every_patient=False)
    assert made.account == hospital_account("https://idp", "local:anna")
    assert accounts.get("local:anna").roles == ("administrator",)
    with pytest.raises(UsageError, match="Several"):
        accounts.find("anna")
    assert accounts.find("local:anna").account == "local:anna"
    with pytest.raises(UsageError):
        accounts.set_password(made.account, PASSWORD, by="x")


def test_roles_of_the_hospital_follow_its_groups(server, accounts):
    one = ("https://idp", "s1", "Dr. X")
    account = accounts.vouched(*one, ["clinician"], every_patient=True).account
    assert accounts.patients(account) is None
    secret = server.desk.sessions.begin(account)
    accounts.vouched(*one, ["clinician"], every_patient=False)
    assert server.desk.by_session(secret).patients == frozenset()
    accounts.vouched(*one, ["learner"], every_patient=False)
    assert server.desk.by_session(secret) is None  # other roles: sign in again
    accounts.unvouched(account)
    assert accounts.get(account).roles == ()
    accounts.unvouched("oidc:unknown")
    assert len(server.log("roles changed")) == 2


def test_no_record_holds_a_password_or_a_hash(server, accounts):
    accounts.add("anna", ["clinician"], password=PASSWORD)
    accounts.set_password("local:anna", OTHER, by="nof1 users")
    token, _ = server.desk.tokens.make("local:anna", ("clinician",), "", label="", days=1, by="x")
    text = (server.desk.workspace.audit / "audit.jsonl").read_text()
    for secret in (PASSWORD, OTHER, token, "scrypt"):
        assert secret not in text
    raw = b"".join(p.read_bytes() for p in (server.desk.workspace.root / "service").iterdir())
    for secret in (PASSWORD, OTHER, token):
        assert secret.encode() not in raw
