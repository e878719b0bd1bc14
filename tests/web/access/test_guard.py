"""The door before every address: deny by default, CSRF, origins, names of the host."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.testclient import TestClient

import access_samples as samples
from access_samples import HTML, PASSWORD, URL, csrf_of, send, sign_in
from hook_samples import AT, Kept, service
from nof1.advice.hooks.service import Service
from nof1.core.errors import UsageError
from nof1.web.access import guard, pages
from nof1.web.access.guard import PUBLIC, Client, Needs, SignedIn
from nof1.web.app import Door, build
from nof1.web.site import rooms
from nof1.web.site.house import House


@pytest.fixture
def server(tmp_path, monkeypatch):
    samples.cheap(monkeypatch)
    made = samples.server(tmp_path)
    made.desk.accounts.add("anna", ["clinician"], password=PASSWORD)
    made.desk.accounts.add("lee", ["learner"], password=PASSWORD)
    yield made
    made.desk.close()


@pytest.fixture
def anna(server):
    browser = server.browser()
    assert sign_in(browser, "anna").status_code == 303
    return browser


def token(server, scopes="", account="local:anna", roles=("clinician",)):
    made, _ = server.desk.tokens.make(account, roles, scopes, label="", days=1, by="test")
    return {"authorization": f"Bearer {made}"}


# -- every address of the real service -------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The service as it runs, with its pages."""
    folder = tmp_path_factory.mktemp("whole")
    room = service(folder / "room").room
    made = samples.server(folder)
    door = Door(Service(room, Kept(), lambda: AT), None, access=guard.Access(made.desk, None))
    site = samples.forms.site(URL, loopback=False)
    access = guard.Access(made.desk, site, pages=True)
    door = Door(door.service, None, access=access)
    house = House(room.workspace, door.service, lambda: AT)

    def shown(app):
        pages.add(app, made.desk, site, local=True, hospital=None)
        rooms.add(app, house)

    app = build(door, pages=shown)
    with TestClient(app, base_url=URL, follow_redirects=False) as client:
        yield app, client
    made.desk.close()


def test_every_address_is_public_by_name_or_needs_something(whole):
    app, _ = whole
    paths = set()
    for route in app.router.routes:
        paths.add(route.path)
        if route.path not in PUBLIC:
            assert isinstance(getattr(route.endpoint, guard.MARK), Needs | SignedIn | Client)
    assert paths >= {"/metrics", "/cds-services", "/account", *PUBLIC}
    assert all(PUBLIC.values())  # each has its reason


def test_without_a_sign_in_only_public_addresses_answer(whole):
    app, client = whole
    for route in app.router.routes:
        path = route.path.replace("{service_id}", "nof1-order-sign")
        for method in route.methods - {"HEAD"}:
            answer = client.request(method, path, headers={"origin": URL})
            if route.path in PUBLIC:
                assert answer.status_code != 401 or (method, path) == ("POST", "/sign-in")
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.json()["resourceType"] == "OperationOutcome"


def test_who_has_no_role_for_it_is_refused_by_every_address(whole):
    app, client = whole
    desk = _desk(app)
    desk.accounts.add("robot", ["order-system"], password=None)
    secret, _ = desk.tokens.make("program:robot", ("order-system",), "", label="", days=1, by="x")
    header = {"authorization": f"Bearer {secret}", "origin": URL}
    statuses = {}
    for route in app.router.routes:
        if route.path not in PUBLIC:
            path = route.path.replace("{service_id}", "nof1-order-sign")
            for method in route.methods - {"HEAD"}:
                kind = {"content-type": "application/x-www-form-urlencoded"}
                sent = header | (kind if method == "POST" else {})
                statuses[path] = client.request(
                    method, path, headers=sent, params={"entry": "1"}
                ).status_code
    hooks = {path for path in statuses if path.startswith("/cds-services")}
    let_in = {path for path, status in statuses.items() if status != 403}
    assert let_in == hooks
    assert statuses["/cds-services"] == 200
    assert statuses["/cds-services/nof1-order-sign"] == 415  # let in, and then without a body


def _desk(app):
    (found,) = [one.kwargs["access"].desk for one in app.user_middleware if "access" in one.kwargs]
    return found


def test_a_server_with_an_address_that_nobody_guards_does_not_start(tmp_path):
    door = Door(service(tmp_path / "room"), None)

    def careless(app):
        app.add_api_route("/patients", lambda: "all of them")

    with pytest.raises(UsageError, match=r"without a scope(.|\n)*/patients"):
        build(door, pages=careless)


def test_what_cannot_be_looked_into_is_refused():
    app, router = FastAPI(openapi_url=None), APIRouter()

    @router.get("/inner")
    @guard.needs("read", "Model")
    def inner() -> str:
        return "inner"

    app.include_router(router, prefix="/outer")
    app.mount("/files", FastAPI(openapi_url=None))
    assert guard.undeclared(app.router.routes) == ["IncludedRouter", "/files"]


# -- one request -----------------------------------------------------------------------------------


def test_an_address_without_a_scope_is_refused_to_everybody(server, anna):
    assert anna.get("/forgotten").status_code == 403
    assert server.browser().get("/forgotten").status_code == 401


def test_a_scope_lets_in_and_its_absence_does_not(server, anna):
    assert anna.get("/models").text == "models for anna"
    lee = server.browser()
    sign_in(lee, "lee")
    refused = lee.get("/models", headers=HTML)
    assert refused.status_code == 403
    assert "No role of this account allows it" in refused.text
    (record,) = server.log("access refused")
    assert record["details"] == {
        "account": "local:lee", "what": "search Model",
        "why": "no role of this account allows it",
    }  # fmt: skip


def test_patients_of_the_list_and_no_others(server, anna):
    mark = samples.guard_mark(server, "p1")
    server.desk.accounts.set_patients("local:anna", add=[mark])
    assert anna.get("/patients/p1").text == "chart p1"
    assert anna.get("/patients/p2").status_code == 403
    assert anna.get("/patients/%20").status_code == 403
    why = {"reason": "cover", "words": "night shift cover"}
    assert send(anna, "/account/emergency", patient="p2", **why).status_code == 303
    assert anna.get("/patients/p2").text == "chart p2"
    assert len(server.log("EMERGENCY USE")) == 1


def test_who_is_not_signed_in_is_led_to_the_page_or_told(server):
    browser = server.browser()
    led = browser.get("/models?x=1", headers=HTML)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=/models%3Fx%3D1")
    told = browser.get("/models")
    assert (told.status_code, told.headers["www-authenticate"]) == (401, "Bearer")
    assert browser.post("/cases", headers={**HTML, "origin": URL}).status_code == 401
    assert server.told == ["sign-in"] * 3
    assert server.log() == server.log("account added")  # nothing in the log for strangers


def test_after_the_sign_in_one_is_where_one_wanted_to_be(server):
    browser = server.browser()
    assert sign_in(browser, "anna", next="/models?x=1").headers["location"] == "/models?x=1"
    other = server.browser()
    assert sign_in(other, "anna", next="//evil.example").headers["location"] == "/"


def test_a_change_needs_the_sessions_own_csrf_token(server, anna):
    good = csrf_of(anna.get("/account").text)
    lee = server.browser()
    sign_in(lee, "lee")
    foreign = csrf_of(lee.get("/account").text)
    post = {"origin": URL}
    sent = anna.post("/cases", data={"csrf": good, "a": "1"}, headers=post)
    assert sent.text == f"csrf={good}&a=1"  # the form that was looked at is read once more
    head = {**post, "x-csrf-token": good, "content-type": "application/json"}
    assert anna.post("/cases", content=b'{"big":1}', headers=head).text == '{"big":1}'
    for data in ({}, {"csrf": ""}, {"csrf": foreign}, {"csrf": good[:-1]}, {"csrf": "ä"}):
        assert anna.post("/cases", data=data, headers=post).status_code == 403
    assert anna.post("/cases", content=b"{}", headers=post).status_code == 403
    twice = f"csrf={foreign}&csrf={good}".encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert anna.post("/cases", content=twice, headers=post | kind).status_code == 400
    big = b"a=" + b"x" * 20_000
    assert anna.post("/cases", content=big, headers=post | kind).status_code == 413


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": URL}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://nof1.hospital.example"}, 403),
        ({"origin": URL + ".evil.example"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_change_comes_from_a_page_of_this_server(anna, headers, status):
    data = {"csrf": csrf_of(anna.get("/account").text)}
    assert anna.post("/cases", data=data, headers=headers).status_code == status


def test_under_another_name_of_the_host_no_cookie_counts(server, anna):
    session = {"cookie": f"__Host-nof1={anna.cookies['__Host-nof1']}"}
    assert server.browser().get("/models", headers=session).status_code == 200
    evil = {"host": "evil.example"}
    assert server.browser().get("/models", headers=session | evil).status_code == 401
    evil["origin"] = "https://evil.example"
    assert server.browser().post("/sign-in", headers=evil).status_code == 421


def test_a_token_needs_no_csrf_and_never_falls_back_to_a_cookie(server, anna):
    browser = server.browser()
    assert browser.post("/cases", content=b"x", headers=token(server)).text == "x"
    assert browser.get("/models", headers=token(server, "user/Academy.c")).status_code == 403
    wrong = {"authorization": "Bearer nof1_" + "A" * 43}
    assert anna.get("/models", headers=wrong).status_code == 401
    assert anna.get("/models", headers={"authorization": "Basic YTpi"}).status_code == 401
    two = [("authorization", token(server)["authorization"])] * 2
    assert browser.get("/models", headers=two).status_code == 401


def test_a_token_cannot_manage_the_account(server):
    browser, header = server.browser(), token(server)
    assert browser.get("/account", headers=header).status_code == 403
    for path in ("token", "token/remove", "password", "sign-out-everywhere", "emergency"):
        assert browser.post(f"/account/{path}", headers=header).status_code == 403
    assert server.log("EMERGENCY ACCESS") == []


def test_unknown_addresses_and_methods_are_the_applications(server, anna):
    assert anna.get("/nothing").status_code == 404
    assert server.browser().get("/nothing").status_code == 404
    assert anna.put("/models").status_code == 405


def test_a_web_socket_is_refused(server):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/models", "headers": []}
    asyncio.run(server.app(scope, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_without_a_desk_nobody_guards(tmp_path):
    """Development on this machine: the caller is told to be a developer with all scopes."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(guard.Doorman, routes=app.router.routes, access=guard.Access())
    samples._routes(app)
    client = TestClient(app, base_url="http://localhost:8000")
    assert client.get("/models").text == "models for development"
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1@evil.example", ""):
        assert client.get("/models", headers={"host": host}).status_code == 421, host
    assert client.get("/patients/p1").status_code == 200
    assert client.post("/cases", content=b"x").text == "x"
    for origin, status in (("http://localhost:8000", 200), ("http://127.0.0.1", 200),
                           ("https://evil.example", 403), ("null", 403),
                           ("http://localhost.evil.example", 403)):  # fmt: skip
        sent = client.post("/cases", content=b"x", headers={"origin": origin})
        assert sent.status_code == status, origin


def test_pages_get_the_token_of_their_forms(server, anna):
    @server.app.get("/mine")
    @guard.needs("search", "Model")
    def mine(request: Request) -> Response:
        return Response(guard.form_token(request))

    assert anna.get("/mine").text == csrf_of(anna.get("/account").text)
    assert server.browser().get("/mine", headers=token(server)).text == ""


def test_a_scope_that_does_not_exist_cannot_be_declared():
    for action, kind in (("look", "Model"), ("read", "Modle")):
        with pytest.raises(UsageError):
            guard.needs(action, kind)
