"""The hospital's sign-in from end to end, and all that can be tried against it."""

import hashlib
import hmac
import json
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt

import access_samples as samples
import identity_provider as idp
from access_samples import HTML, URL
from identity_provider import RSA, STRANGER, unsigned
from nof1.web.access.accounts import hospital_account
from nof1.web.access.oidc.flow import LASTS_S, Hospital
from nof1.web.access.oidc.settings import read

BACK = URL + "/sign-in/callback"


@pytest.fixture
def provider():
    with idp.serving() as made:
        yield made


def started(tmp_path, provider, **changes):
    settings = read(idp.settings_file(tmp_path, provider.issuer, **changes), insecure=True)
    made = samples.server(
        tmp_path, hospital=lambda desk, site: Hospital(settings, desk, site.origins[0])
    )
    made.clock.now = time.time()  # ID tokens carry the real time
    return made


@pytest.fixture
def server(tmp_path, provider):
    made = started(tmp_path, provider)
    yield made
    made.desk.close()


def leave(browser, next_=""):
    """The issuer's address to which the browser is sent."""
    answer = browser.get("/sign-in/hospital" + (f"?next={next_}" if next_ else ""))
    assert answer.status_code == 303
    return answer.headers["location"]


def come_back(browser, address):
    assert address.startswith(BACK)
    return browser.get(address.removeprefix(URL), headers=HTML)


def enter(browser, provider, next_=""):
    return come_back(browser, provider.authorize(leave(browser, next_)))


def refused(server, provider, answer, why):
    """Nobody came in, the person learns nothing, and the log says why."""
    assert answer.status_code == 403
    assert "__Host-nof1=" not in str(answer.headers.get_list("set-cookie"))
    account = hospital_account(provider.issuer, "u-17")
    assert server.desk.sessions.all(account) == []
    assert why in [one["details"]["why"] for one in server.log("sign-in refused")]
    assert why not in answer.text


def test_who_has_a_role_comes_in_where_she_wanted(server, provider):
    browser = server.browser()
    answer = enter(browser, provider, "/models")
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    assert browser.get("/models").text == "models for dr.x"
    account = hospital_account(provider.issuer, "u-17")
    assert server.desk.accounts.get(account).roles == ("clinician",)
    (record,) = server.log("sign-in")
    assert record["details"] == {"account": account, "way": "hospital"}
    text = browser.get("/account").text
    assert "the hospital&#39;s sign-in" in text
    assert "Change the password" not in text


def test_what_the_browser_is_sent_with(server):
    browser = server.browser()
    address = leave(browser)
    asked = dict(parse_qsl(urlsplit(address).query))
    assert asked["redirect_uri"] == BACK
    assert asked["scope"] == "openid profile"
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    others = dict(parse_qsl(urlsplit(leave(browser)).query))
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name] != others[name]
    raw = b"".join(p.read_bytes() for p in (server.desk.workspace.root / "service").iterdir())
    assert asked["state"].encode() not in raw
    assert idp.SECRET not in address


def test_a_public_client_has_pkce_alone(tmp_path, provider):
    provider.public_client = True
    made = started(tmp_path, provider, client_secret_file=...)
    assert enter(made.browser(), provider).status_code == 303
    made.desk.close()


def test_es256_and_keys_of_a_file(tmp_path, provider):
    (tmp_path / "keys.json").write_text(json.dumps(provider.jwks()))
    made = started(tmp_path, provider, jwks_file="keys.json")
    provider.change = lambda claims, head: head.update(alg="ES256", kid="ec-1")
    assert enter(made.browser(), provider).status_code == 303
    assert ("GET", "/keys") not in provider.asked
    made.desk.close()


# -- roles -------------------------------------------------------------------------------------


def test_no_role_no_entry(server, provider):
    for groups in ([], ["others"], ["Doctors"], ...):
        provider.person = {"sub": "u-17", "groups": groups}
        if groups is ...:
            del provider.person["groups"]
        answer = enter(server.browser(), provider)
        assert "no group of yours has a role here" in answer.text
        refused(server, provider, answer, "no role")
    assert server.desk.accounts.all() == []


@pytest.mark.parametrize("groups", ["doctors", {"doctors": 1}, [["doctors"]], [1], 7])
def test_groups_that_are_no_list_of_names_are_refused(server, provider, groups):
    provider.person["groups"] = groups
    refused(server, provider, enter(server.browser(), provider), "ID token: groups")


def test_who_loses_the_last_role_loses_all_that_was(server, provider):
    browser = server.browser()
    enter(browser, provider)
    account = hospital_account(provider.issuer, "u-17")
    secret, _ = server.desk.tokens.make(account, ("clinician",), "", label="", days=9, by="x")
    header = {"authorization": f"Bearer {secret}"}
    assert server.browser().get("/models", headers=header).status_code == 200
    provider.person["groups"] = []
    enter(server.browser(), provider)
    assert browser.get("/models").status_code == 401
    assert server.browser().get("/models", headers=header).status_code == 403


def test_a_name_cannot_stand_for_another_account(server, provider):
    server.desk.accounts.add("root", ["administrator"], password=samples.PASSWORD)
    provider.person = {"sub": "local:root", "preferred_username": "root\n<b>", "groups": ["data"]}
    browser = server.browser()
    enter(browser, provider)
    assert "Administrator" not in browser.get("/account").text
    assert "root&lt;b&gt;" in browser.get("/account").text
    assert server.desk.accounts.get("local:root").roles == ("administrator",)


# -- state, browser, mix-up --------------------------------------------------------------------


def test_an_answer_is_good_once(server, provider):
    browser = server.browser()
    address = provider.authorize(leave(browser))
    assert come_back(browser, address).status_code == 303
    server.desk.sessions.end_all(hospital_account(provider.issuer, "u-17"))
    browser.cookies.clear()
    refused(server, provider, come_back(browser, address), "half an answer")
    leave(browser)  # with a cookie again, but of another sign-in
    refused(server, provider, come_back(browser, address), "state")


def test_another_browser_cannot_end_it(server, provider):
    """A stranger's answer, put into somebody's browser, must not sign her in as him."""
    address = provider.authorize(leave(server.browser()))
    victim = server.browser()
    refused(server, provider, come_back(victim, address), "half an answer")
    leave(victim)
    address = provider.authorize(leave(server.browser()))
    refused(server, provider, come_back(victim, address), "another browser")


def test_a_wrong_state_uses_up_nothing_and_an_old_one_is_over(server, provider):
    browser = server.browser()
    address = provider.authorize(leave(browser), state="x" * 43)
    refused(server, provider, come_back(browser, address), "state")
    browser = server.browser()
    address = provider.authorize(leave(browser))
    server.clock.now += LASTS_S
    refused(server, provider, come_back(browser, address), "state")


def test_an_answer_of_another_issuer_is_refused_before_its_code_is_used(server, provider):
    browser = server.browser()
    address = provider.authorize(leave(browser), iss="https://evil.example")
    refused(server, provider, come_back(browser, address), "issuer of the answer")
    assert ("POST", "/token") not in provider.asked
    assert enter(server.browser(), provider).status_code == 303


def test_an_issuer_must_name_itself_where_the_operator_says_so(tmp_path, provider):
    made = started(tmp_path, provider, require_iss=True)
    browser = made.browser()
    address = provider.authorize(leave(browser), iss="")
    refused(made, provider, come_back(browser, address), "issuer of the answer")
    assert enter(made.browser(), provider).status_code == 303
    made.desk.close()


def test_a_code_without_its_verifier_is_worth_nothing(server, provider):
    """A code that was stolen from one sign-in and put into another."""
    stolen = dict(parse_qsl(urlsplit(provider.authorize(leave(server.browser()))).query))["code"]
    browser = server.browser()
    address = provider.authorize(leave(browser), code=stolen)
    refused(server, provider, come_back(browser, address), "issuer: status 400")


@pytest.mark.parametrize(
    "tail", ["", "?code=x", "?state=x", "?error=access_denied", "?code=a&code=b&state=c"]
)
def test_half_an_answer_is_none(server, provider, tail):
    browser = server.browser()
    leave(browser)
    assert come_back(browser, BACK + tail).status_code == 403


def test_an_error_of_the_issuer_is_not_shown(server, provider):
    browser = server.browser()
    address = provider.authorize(
        leave(browser), code="", error="access_denied", error_description="<script>bad</script>"
    )
    answer = come_back(browser, address)
    refused(server, provider, answer, "the issuer refused")
    assert "bad" not in answer.text


@pytest.mark.parametrize(
    "next_", ["//evil.example", "https://evil.example", "/%5Cevil.example", "%2F%2Fevil.example",
              "/%0d%0aset-cookie:x=1", "javascript:alert(1)"]
)  # fmt: skip
def test_nobody_is_led_away_after_the_sign_in(server, provider, next_):
    assert enter(server.browser(), provider, next_).headers["location"] == "/"


# -- ID tokens ---------------------------------------------------------------------------------


def hs256_with_the_public_key(claims, head):
    """The oldest trick: the public key, which everybody has, taken as a shared secret."""
    head["alg"] = "HS256"
    body = unsigned(head, claims).rpartition(".")[0]
    pem = RSA.as_pem(private=False)
    return unsigned(head, claims, hmac.new(pem, body.encode(), hashlib.sha256).digest())


def changed(**claims):
    """A change of claims; ``...`` takes one away."""

    def change(given, head):
        given.update(claims)
        for name in [name for name, value in claims.items() if value is ...]:
            del given[name]

    return change


def with_head(key=RSA, **more):
    """A change of the header, signed by ``key``."""

    def change(given, head):
        made = {**head, **more}
        return jwt.encode(made, given, key, algorithms=[made["alg"]])

    return change


NOW = time.time()
ATTACKS = {
    "none": (lambda c, h: unsigned({**h, "alg": "none"}, c), "algorithm"),
    "None": (lambda c, h: unsigned({**h, "alg": "None"}, c), "algorithm"),
    "no algorithm": (lambda c, h: unsigned({"kid": "rsa-1"}, c), "algorithm"),
    "HS256 with the public key": (hs256_with_the_public_key, "algorithm"),
    "RS512, which was not allowed": (with_head(alg="RS512"), "algorithm"),
    "no signature": (lambda c, h: unsigned(h, c), "signature"),
    "another key of the same name": (lambda c, h: jwt.encode(h, c, STRANGER), "signature"),
    "changed after signing": (lambda c, h: jwt.encode(h, c, RSA)[:-8] + "AAAAAAAA", "signature"),
    "brings its own key": (with_head(STRANGER, jwk=STRANGER.as_dict(private=False)), "header"),
    "names an address of keys": (with_head(STRANGER, jku="https://evil.example"), "header"),
    "critical extension": (lambda c, h: unsigned({**h, "crit": ["b64"]}, c), "header"),
    "an access token": (with_head(typ="at+jwt"), "algorithm"),
    "no kid": (lambda c, h: jwt.encode({"alg": "RS256"}, c, RSA), "key"),
    "rubbish": (lambda c, h: "rubbish", "form"),
    "rubbish in parts": (lambda c, h: "a.b.c", "form"),
    "a list": (lambda c, h: "W10.W10.W10", "header"),
    "too long": (lambda c, h: "a." + "b" * 70_000 + ".c", "form"),
    "another issuer": (changed(iss="https://evil.example"), "issuer"),
    "no issuer": (changed(iss=...), "issuer"),
    "for another client": (changed(aud="other"), "audience"),
    "no audience": (changed(aud=...), "audience"),
    "several, without a party": (changed(aud=["nof1", "other"]), "authorised party"),
    "several, of another party": (changed(aud=["nof1", "other"], azp="other"), "authorised party"),
    "of another party": (changed(azp="other"), "authorised party"),
    "expired": (changed(exp=NOW - 120), "expired"),
    "never expires": (changed(exp=...), "expired"),
    "expires as text": (changed(exp="9999999999"), "expired"),
    "expires as true": (changed(exp=True), "expired"),
    "old": (changed(iat=NOW - 3600), "issued"),
    "of the future": (changed(iat=NOW + 86_400), "issued"),
    "not yet": (changed(nbf=NOW + 86_400), "not yet"),
    "another nonce": (changed(nonce="x" * 43), "nonce"),
    "no nonce": (changed(nonce=...), "nonce"),
    "a nonce that is no text": (changed(nonce=["x"]), "nonce"),
    "nobody": (changed(sub=""), "subject"),
    "a subject that is no text": (changed(sub=17), "subject"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_a_token_that_does_not_hold_lets_nobody_in(server, provider, name):
    provider.change, why = ATTACKS[name]
    refused(server, provider, enter(server.browser(), provider), f"ID token: {why}")


def test_a_token_for_several_with_us_as_its_party_is_good(server, provider):
    provider.change = changed(aud=["other", "nof1"], azp="nof1")
    assert enter(server.browser(), provider).status_code == 303


def test_a_token_of_an_earlier_sign_in_is_not_taken_again(server, provider):
    """A replayed nonce: the issuer's answer of yesterday in the middle of today's sign-in."""
    kept = []
    provider.change = lambda claims, head: kept.append(jwt.encode(head, claims, RSA))
    enter(server.browser(), provider)
    server.desk.sessions.end_all(hospital_account(provider.issuer, "u-17"))
    provider.change = lambda claims, head: kept[0]
    refused(server, provider, enter(server.browser(), provider), "ID token: nonce")


def test_a_flood_of_beginnings_keeps_nobody_out(server, provider, monkeypatch):
    monkeypatch.setattr("nof1.web.access.oidc.flow.MOST", 5)
    for _ in range(12):
        server.clock.now += 0.01
        leave(server.browser())
    assert len(server.desk.database.rows("SELECT * FROM waiting")) == 5
    assert enter(server.browser(), provider).status_code == 303


def test_when_the_issuer_does_not_answer_it_is_said(server, provider):
    provider.answers["/.well-known/openid-configuration"] = (500, {})
    answer = server.browser().get("/sign-in/hospital")
    assert answer.status_code == 503
    assert "does not answer as it should" in answer.text
    assert "__Host-nof1-hospital" not in str(answer.headers.get_list("set-cookie"))


def test_nothing_secret_is_in_the_log(server, provider):
    browser = server.browser()
    address = provider.authorize(leave(browser))
    come_back(browser, address)
    text = (server.desk.workspace.audit / "audit.jsonl").read_text()
    for secret in (*dict(parse_qsl(urlsplit(address).query)).values(), idp.SECRET, "dr.x", "u-17"):
        if secret != provider.issuer:
            assert secret not in text
