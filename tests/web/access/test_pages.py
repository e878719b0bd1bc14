"""The pages without a browser: cookies, headers, forms, what is shown and what is not."""

import re

import pytest

import access_samples as samples
from access_samples import HTML, OTHER, PASSWORD, URL, csrf_of, send, sign_in
from nof1.web.access.emergency import mark
from nof1.web.access.sessions import IDLE_S
from nof1.web.access.throttle import FREE


@pytest.fixture
def server(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)
    made = samples.server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    yield made
    made.desk.close()


@pytest.fixture
def anna(server):
    browser = server.browser()
    assert sign_in(browser, "anna").status_code == 303
    return browser


def cookies(answer):
    """Cookies that an answer sets: name -> the rest."""
    found = answer.headers.get_list("set-cookie")
    return {one.partition("=")[0]: one.partition("=")[2] for one in found}


def test_the_session_cookie_is_the_servers_alone(server):
    given = cookies(sign_in(server.browser(), "anna"))
    session = given["__Host-nof1"].lower()
    for part in ("; httponly", "; secure", "; samesite=lax", "; path=/"):
        assert part in session
    assert "domain" not in session
    assert "max-age" not in session  # it ends with the browser
    before = cookies(server.browser().get("/sign-in"))["__Host-nof1-form"].lower()
    assert "; samesite=strict" in before
    assert "; httponly" in before


def test_over_plain_http_on_this_machine_the_cookie_is_not_secure(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)
    made = samples.server(tmp_path, url="http://127.0.0.1:8000")
    client = samples.TestClient(made.app, base_url="http://localhost:8000")
    assert "secure" not in cookies(client.get("/sign-in"))["nof1-form"].lower()
    made.desk.close()


def test_each_page_has_a_strict_policy_no_script_and_says_what_it_is_for(server, anna):
    for answer in (server.browser().get("/sign-in"), anna.get("/account"),
                   anna.get("/forgotten", headers=HTML)):  # fmt: skip
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)
        assert "esearch and education use" in answer.text
    style = server.browser().get("/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_wrong_name_and_wrong_password_look_alike(server):
    answers = [sign_in(server.browser(), *one) for one in (("anna", OTHER), ("nobody", OTHER))]
    assert {one.status_code for one in answers} == {401}
    plain = {re.sub(r"[0-9a-f]{64}", "", one.text) for one in answers}
    assert len(plain) == 1
    assert "do not belong together" in plain.pop()
    assert not any("__Host-nof1" in cookies(one) for one in answers)
    assert OTHER not in answers[0].text


def test_too_many_tries_are_told_alike_too(server):
    for name in ("anna", "nobody"):
        statuses = [sign_in(server.browser(), name, OTHER).status_code for _ in range(FREE + 1)]
        assert statuses == [401] * FREE + [429]
    assert sign_in(server.browser(), "anna").status_code == 429


def test_a_stranger_cannot_sign_somebody_in_to_an_account_of_his(server):
    """Login CSRF: the form's token belongs to a cookie of the browser that got the page."""
    mine = csrf_of(server.browser().get("/sign-in").text)
    victim = server.browser()
    form = {"csrf": mine, "name": "anna", "password": PASSWORD}
    assert victim.post("/sign-in", data=form, headers={"origin": URL}).status_code == 403
    victim.get("/sign-in")
    assert victim.post("/sign-in", data=form, headers={"origin": URL}).status_code == 403
    good = {**form, "csrf": csrf_of(victim.get("/sign-in").text)}
    evil = {"origin": "https://evil.example"}
    assert victim.post("/sign-in", data=good, headers=evil).status_code == 403
    assert victim.post("/sign-in", data=good, headers={"origin": URL}).status_code == 303


def test_a_session_that_was_planted_is_not_taken_over(server):
    """Session fixation: what the browser brings along is never what it has afterwards."""
    browser, planted = server.browser(), "A" * 43
    browser.cookies.set("__Host-nof1", planted, domain="nof1.hospital.example")
    given = cookies(sign_in(browser, "anna"))["__Host-nof1"].partition(";")[0]
    assert given != planted
    assert server.desk.by_session(planted) is None


def test_signing_out_ends_the_session_here_or_everywhere(server, anna):
    other, third = server.browser(), server.browser()
    for browser in (other, third):
        sign_in(browser, "anna")
    old = anna.cookies["__Host-nof1"]
    assert send(anna, "/account/sign-out").headers["location"] == "/sign-in?done=out"
    header = {"cookie": f"__Host-nof1={old}"}
    assert server.browser().get("/account", headers=header).status_code == 401
    assert other.get("/account").status_code == 200
    send(other, "/account/sign-out-everywhere")
    assert third.get("/account").status_code == 401
    assert "You are signed out everywhere." in server.browser().get("/sign-in?done=everywhere").text


def test_a_session_that_is_over_leads_back_to_the_sign_in(server, anna):
    server.clock.now += IDLE_S
    assert anna.get("/account", headers=HTML).headers["location"] == "/sign-in?next=/account"


def test_who_is_signed_in_goes_on(anna):
    assert anna.get("/sign-in?next=/models").headers["location"] == "/models"


def test_the_page_shows_the_account_and_nothing_secret(server, anna):
    one = ("local:anna", ("clinician",), "user/Model.r")
    server.desk.tokens.make(*one, label="a <b>", days=9, by="x")
    text = anna.get("/account").text
    for words in ("anna", "Clinician", "0 on your list", "user/Model.r", "a &lt;b&gt;", "this one"):
        assert words in text
    assert anna.cookies["__Host-nof1"] not in text
    assert PASSWORD not in text


def test_a_token_is_made_shown_once_and_removed(server, anna):
    made = send(anna, "/account/token", label="script", days="7", scopes="user/Model.rs")
    secret = re.search(r"nof1_[\w-]{43}", made.text)[0]
    assert secret not in anna.get("/account").text
    header = {"authorization": f"Bearer {secret}"}
    assert server.browser().get("/models", headers=header).status_code == 200
    (token,) = server.desk.tokens.all("local:anna")
    assert send(anna, "/account/token/remove", number=token.number).status_code == 303
    assert server.browser().get("/models", headers=header).status_code == 401
    for form in (
        {"days": "0"},
        {"days": "x"},
        {"days": "²"},
        {"days": "7", "scopes": "user/Account.r"},
    ):
        wrong = send(anna, "/account/token", label="x", **form)
        assert wrong.status_code == 400
        assert 'role="alert"' in wrong.text


def test_the_password_is_changed_by_who_knows_the_old_one(server, anna):
    other = server.browser()
    sign_in(other, "anna")
    wrong = send(anna, "/account/password", old=OTHER, new=OTHER, again=OTHER)
    assert (wrong.status_code, "old password is wrong" in wrong.text) == (403, True)
    for form in ({"new": OTHER, "again": OTHER + "x"}, {"new": "short", "again": "short"}):
        assert send(anna, "/account/password", old=PASSWORD, **form).status_code == 400
    done = send(anna, "/account/password", old=PASSWORD, new=OTHER, again=OTHER)
    assert done.headers["location"] == "/sign-in?done=password"
    assert other.get("/account").status_code == 401
    assert sign_in(server.browser(), "anna").status_code == 401
    assert sign_in(server.browser(), "anna", OTHER).status_code == 303
    (record,) = server.log("password changed")
    assert record["details"] == {"account": "local:anna", "by": "itself"}


def test_guessing_the_old_password_is_slow_too(anna):
    form = {"old": OTHER, "new": OTHER, "again": OTHER}
    texts = [send(anna, "/account/password", **form).text for _ in range(FREE + 1)]
    assert "Too many tries" in texts[-1]


def test_emergency_access_by_its_form(server, anna):
    patient = mark(server.desk.workspace.audit, "p9")
    good = {"patient": "p9", "reason": "emergency", "words": "brought in unconscious"}
    for wrong in ({"reason": ""}, {"words": "x"}, {"patient": ""}):
        assert send(anna, "/account/emergency", **(good | wrong)).status_code == 400
    assert server.log("EMERGENCY ACCESS") == []
    assert send(anna, "/account/emergency", **good).headers["location"] == "/account?done=emergency"
    assert anna.get("/patients/p9").status_code == 200
    (one,) = server.desk.emergencies.all()
    assert (one.account, one.patient) == ("local:anna", patient)
    send(anna, "/account/emergency/end", number=one.number)
    assert anna.get("/patients/p9").status_code == 403


def test_who_has_no_patients_has_no_emergency(server):
    server.desk.accounts.add("lee", ["data-scientist"], password=PASSWORD)
    lee = server.browser()
    sign_in(lee, "lee")
    assert "Emergency access" not in lee.get("/account").text
    form = {"patient": "p9", "reason": "emergency", "words": "just curious about it"}
    assert send(lee, "/account/emergency", **form).status_code == 403
    assert server.log("EMERGENCY ACCESS") == []


def test_without_local_accounts_a_password_is_of_no_use(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)

    class Hospital:
        class settings:
            name = "Anytown <Hospital>"

    made = samples.server(tmp_path, local=False, hospital=lambda desk, site: Hospital)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    browser = made.browser()
    text = browser.get("/sign-in").text
    assert "Anytown &lt;Hospital&gt;" in text
    assert "password" not in re.sub(r"<p class=\"quiet\">.*?</p>", "", text)
    token = samples.guard.csrf(browser.cookies["__Host-nof1-form"])
    form = {"csrf": token, "name": "anna", "password": PASSWORD}
    assert browser.post("/sign-in", data=form, headers={"origin": URL}).status_code == 401
    made.desk.close()


def test_without_a_hospital_its_addresses_lead_nowhere(server):
    for path in ("/sign-in/hospital", "/sign-in/callback?code=x&state=y"):
        assert server.browser().get(path).status_code == 404
