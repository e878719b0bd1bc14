"""A server with pages for tests: open, with accounts, or before a real browser."""

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files

import uvicorn
from fastapi.testclient import TestClient

from nof1.web.access.desk import open_desk
from nof1.web.access.emergency import mark
from nof1.web.access.people import People
from nof1.web.server import ready
from ports import free_port

URL = "http://127.0.0.1:8000"
PASSWORD = "purple kettle orbit seven"
HTML = {"accept": "text/html"}
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RULES = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}  # fmt: skip
LOOK = """async rules => (await axe.run(document, rules)).violations.flatMap(one =>
    one.nodes.slice(0, 3).map(node => `${one.id}: ${node.html.slice(0, 120)}`))"""

# Every page, for the checks that hold on all of them: axe, size, requests, the keyboard.
# {patient}, {model} and so on are filled in from the small hospital (conftest ``places``).
ADDRESSES = [
    "/",
    "/patients",
    "/patients?q=no-such-patient",
    "/patients/{patient}",
    "/patients/{patient}?span=1y",
    "/patients/{patient}/events",
    "/patients/{patient}/events?kind=measurements&q=pressure",
    "/patients/{patient}/what-if",
    "/patients/{patient}/print",
    "/patients/{patient}/advice",
    "/patients/{patient}/advice?at=2019-01-01",
    "/patients/{patient}/films",
    "/patients/{patient}/medicines",
    "/patients/{patient}/medicines?condition=no-such-disease",
    "/compounds",
    "/models",
    "/models/{model}",
    "/models/{model}/1/curves?q=age",
    "/models/{model}/1/curves/age_years?way=rising",
    "/data",
    "/data/quality",
    "/data/quality?show=months",
    "/data/quality?show=codes",
    "/data/import",
    "/academy",
    "/academy/lessons/calibration",
    "/academy/lessons/base-rates?seed=4&e-alerts=99&q-moved=1",
    "/academy/lessons/counts-that-grow",
    "/academy/case",
    "/academy/test",
    "/academy/scores",
    "/academy/mine",
    "/academy/certificate?name=Anna",
    "/nowhere",
    "/surveillance",
    "/surveillance/allocation",
    "/federation",
    "/governance",
    "/governance?which=all",
    "/governance/rules/interactions/tier-1",
    "/governance/rules/models/{model}",
    "/governance/attributes/interactions/tier-1",
    "/governance/audit",
    "/governance/audit?of=log",
]


def client(app):
    """A browser without scripts, on this machine; redirects are looked at, not followed."""
    made = TestClient(app, base_url=URL, follow_redirects=False, raise_server_exceptions=False)
    made.headers["accept"] = "text/html"
    return made


def open_server(workspace, **more):
    """The application of a demo on this workspace: nobody signs in."""
    return ready(workspace, demo=True, insecure=True, **more).app


@dataclass
class Guarded:
    """A server with accounts, and browsers that are signed in."""

    workspace: object
    app: object
    made: dict = field(default_factory=dict)

    def browser(self, *roles, patients=(), name=None):
        """A signed-in browser of somebody with these roles (and these patients, if any)."""
        name = name or f"{'-'.join(roles)}-{len(self.made)}"
        desk = open_desk(self.workspace)
        desk.accounts.add(name, list(roles), password=PASSWORD)
        marks = [] if patients == "all" else [mark(self.workspace.audit, one) for one in patients]
        desk.accounts.set_patients(f"local:{name}", add=marks, every=patients == "all")
        desk.close()
        one = client(self.app)
        page = one.get("/sign-in")
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)[1]
        form = {"csrf": csrf, "name": name, "password": PASSWORD}
        answer = one.post("/sign-in", data=form, headers={"origin": URL})
        assert answer.status_code == 303, answer.text
        self.made[name] = one
        return one


def guarded(workspace, **more):
    """A server that asks people to sign in."""
    people = People(URL, loopback=True, accounts=True)
    return Guarded(workspace, ready(workspace, people=people, **more).app)


def token(browser, address):
    """The token of the forms of a page."""
    found = re.search(r'name="csrf" (?:value|content)="([0-9a-f]*)"', browser.get(address).text)
    return "" if found is None else found[1]


def send(browser, address, form, page=None):
    """A form as a browser sends it; ``page`` is where it stands."""
    fields = {"csrf": token(browser, page or address), **form}
    return browser.post(address, data=fields, headers={"origin": URL})


@contextmanager
def served(app):
    """The application on a real port of this machine: its address."""
    port = free_port()
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        while not running.started:
            assert thread.is_alive(), "the server ended by itself"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.should_exit = True
        thread.join()


def faults(page):
    """What axe finds on a page (WCAG 2.2 AA and good practice), as short lines.

    All that it looked at and found good stays in the browser: to bring that here takes longer than
    the looking.
    """
    page.evaluate(AXE)
    return page.evaluate(LOOK, RULES)
