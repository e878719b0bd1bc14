"""Tokens of programs: shown once, with an end, never wider than their account."""

import pytest

from access_samples import PASSWORD, cheap
from access_samples import server as samples_server
from nof1.core.errors import UsageError
from nof1.web.access.principal import decide
from nof1.web.access.scopes import written
from nof1.web.access.tokens import DAY_S, MOST, MOST_DAYS

CLINICIAN = ("local:anna", ("clinician",))


@pytest.fixture
def server(tmp_path, monkeypatch):
    cheap(monkeypatch)
    made = samples_server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    yield made
    made.desk.close()


def make(server, scopes="", days=30, account=CLINICIAN):
    return server.desk.tokens.make(*account, scopes, label="a script", days=days, by="test")


def test_a_token_is_its_account_with_fewer_scopes(server):
    secret, made = make(server, "user/Model.r")
    who = server.desk.by_token(secret)
    assert (who.account, written(who.within)) == ("local:anna", "user/Model.r")
    assert decide(who, "read", "Model").allowed
    assert not decide(who, "search", "Model").allowed
    assert secret.startswith("nof1_")
    assert server.desk.tokens.all("local:anna") == [server.desk.tokens.find(secret)]
    assert made.number in str(server.log("token made"))


def test_it_ends_by_itself_and_by_hand(server):
    secret, _ = make(server, days=2)
    server.clock.now += 2 * DAY_S - 1
    assert server.desk.by_token(secret) is not None
    server.clock.now += 1
    assert server.desk.by_token(secret) is None
    secret, made = make(server)
    server.desk.tokens.remove("local:anna", made.number, by="test")
    assert server.desk.by_token(secret) is None
    with pytest.raises(UsageError):
        server.desk.tokens.remove("local:anna", made.number, by="test")


def test_another_account_cannot_remove_it(server):
    _, made = make(server)
    with pytest.raises(UsageError):
        server.desk.tokens.remove("local:bob", made.number, by="test")


@pytest.mark.parametrize(
    "scopes",
    ["user/Account.r", "user/Model.cruds", "user/*.rs", "patient/*.cruds", "system/Service.r",
     "patient/Condition.d", "rubbish"],
)  # fmt: skip
def test_it_cannot_be_wider_than_its_account(server, scopes):
    with pytest.raises(UsageError):
        make(server, scopes)


def test_narrower_than_a_star_is_fine_and_all_is_the_default(server):
    assert written(make(server, "patient/Condition.r")[1].scopes) == "patient/Condition.r"
    everything = make(server)[1].scopes
    assert "patient/*.rs" in written(everything)


def test_when_the_account_loses_a_role_so_does_the_token(server):
    secret, _ = make(server, "user/Model.r")
    server.desk.accounts.set_roles("local:anna", ["learner"])
    assert not decide(server.desk.by_token(secret), "read", "Model").allowed


def test_time_and_number_have_limits(server):
    for days in (0, -1, MOST_DAYS + 1):
        with pytest.raises(UsageError):
            make(server, days=days)
    hospital = server.desk.accounts.vouched(
        "https://idp", "s", "x", ["clinician"], every_patient=False
    )
    with pytest.raises(UsageError):
        make(server, days=31, account=(hospital.account, hospital.roles))
    for _ in range(MOST):
        make(server)
    with pytest.raises(UsageError):
        make(server)


@pytest.mark.parametrize("secret", ["", "nof1_", "nof1_" + "A" * 43, "nof1_" + "x" * 500, "Bearer"])
def test_what_is_no_token_is_nobody(server, secret):
    assert server.desk.by_token(secret) is None
