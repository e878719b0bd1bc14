"""Workspaces for the tests of single rooms: an outbreak, a ledger with exchanges, a federation."""

import json
import random
from contextlib import contextmanager
from datetime import date, timedelta

import numpy as np
import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import hook_samples as hooks
import site_samples as samples
import surveillance_samples
from nof1.core import audit
from nof1.core.workspace import create
from nof1.federation import checkpoint
from nof1.federation.checkpoint import Header, Keeper
from nof1.federation.network import private, project
from nof1.federation.network.home import Home, Members, join
from nof1.federation.network.wire import encode
from nof1.federation.roster import member
from nof1.surveillance import answers
from nof1.surveillance.store import FOLDER, REPORTS, Signal, Store, about

SMALL = 3  # a count that must never be shown


def synthetic(folder):
    """An empty synthetic workspace."""
    return create(folder, shards=2, synthetic=True)


def outbreak(workspace, text=None):
    """A series "fever" of an invented country: kept answers, map, reports of 70 days.

    The first region has ``SMALL`` cases in every week but the first.
    """
    told = surveillance_samples.country(text)
    store = Store(workspace.root / FOLDER)
    for document in told["documents"].values():
        answers.keep(store.folder, {**document, "signal": "fever", "synthetic": True})
    (store.folder / "map.geojson").write_text(json.dumps(told["map"]))
    places = told["documents"]["forecast"]["places"]
    last = date.fromisoformat(told["documents"]["forecast"]["as_of"])
    _signal(store, places, last)
    return store, [one["id"] for one in places if one["id"] != "TOTAL"], last


def _signal(store, places, last):
    chance = random.Random(4)
    rows = []
    ids = [one["id"] for one in places if one["id"] != "TOTAL"]
    for back in range(70):
        day = last - timedelta(days=back)
        for place in ids:
            count = chance.randint(2, 6)
            if place == ids[0]:
                count = SMALL if day.weekday() == 0 else 0
            if count and (reported := day + timedelta(days=chance.randint(0, 5))) <= last:
                rows.append((place, "", day, reported, count, 0))
    folder = store.path("fever")
    folder.mkdir(parents=True)
    pl.DataFrame(rows, schema=REPORTS, orient="row").write_parquet(folder / "rows-0.parquet")
    signal = Signal("fever", step_days=1, kind="reports", synthetic=True, title="fever cases")
    (folder / "signal.json").write_text(json.dumps(about(signal)))
    named = [{"place": one["id"], "name": one["name"], "population": float(one["population"] or 0)}
             for one in places if one["id"] != "TOTAL"]  # fmt: skip
    pl.DataFrame(named).with_columns(
        latitude=pl.lit(None, pl.Float64), longitude=pl.lit(None, pl.Float64)
    ).write_parquet(store.folder / "places.parquet")


def ask(client, *names, **more):
    """Ask the order-sign service about drafts; the cards of its answer."""
    answer = client.post(
        "/cds-services/nof1-order-sign", content=hooks.sign(*names, **more),
        headers={"content-type": "application/json"},
    )  # fmt: skip
    return answer.json().get("cards", [])


def answer(client, card, outcome="overridden"):
    """Feedback on a card."""
    told = {"card": card["uuid"], "outcome": outcome, "outcomeTimestamp": "2024-05-01T08:00:00Z"}
    if outcome == "overridden":
        code = {"code": "patient-refused", "system": "http://terminology.example"}
        told["overrideReason"] = {"reason": code}
    else:
        told["acceptedSuggestions"] = [{"id": card["suggestions"][0]["uuid"]}]
    sent = client.post("/cds-services/nof1-order-sign/feedback", json={"feedback": [told]})
    assert sent.status_code == 200, sent.text


JOB = "heart-attack-20240501-abc"


def federation(workspace):
    """A site "north" of three with a policy, a finished and a refused job, a budget and a model."""
    root = workspace.root / "federation"
    home = Home(root)
    _papers(home)
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    members = (member("north", home.identity()), member("south", keys[0]), member("west", keys[1]))
    private.write(root / "roster.json", encode(Members(members)))
    (root / "policy.yaml").write_text(
        'leads: {study-lead: "ab"}\nalgorithms: {glassbox: "cd"}\noutputs: [model]\n'
        "budgets:\n  all: {epsilon: 10, delta: 1.0e-5}\n"
    )
    log = workspace.audit
    audit.append(log, "federation decision", job=JOB, accepted=True, rule="", why="", manifest="0")
    audit.append(log, "federation job ended", job=JOB, end="finished", why="",
                 content_hash="f" * 64)  # fmt: skip
    audit.append(log, "federation decision", job="other-job", accepted=False, rule="algorithms",
                 why="The algorithm «cox» is not allowed here.", manifest="0")  # fmt: skip
    _sums(workspace.root)
    _model(workspace)


def _papers(home):
    made = project.create(home.root.parent / "project", ["north", "south", "west"], port=8443)
    join(made.kit("north"), home.root)


def _sums(root):
    header = Header(JOB, "glassbox", "c" * 64, "t" * 64, "all", "r" * 64, None)
    folder = root / checkpoint.FOLDER / JOB
    private.write(folder / checkpoint.HEADER, encode(header))
    keeper = Keeper(folder, header, False).load()
    add = keeper.open(lambda vector: 3 * vector, b"features", lambda message: {})
    for size in (4, 4, 9):
        add(np.full(size, 123456.789))
    keeper.finish()


def _model(workspace):
    folder = workspace.models / "stroke" / "1"
    folder.mkdir(parents=True)
    card = {"created": "2024-05-01", "content_hash": "f" * 64, "status": "admitted",
            "federation": "Trained by 3 sites in 3 masked sums.",
            "data": {"sites": 3, "rows": 900, "patients": 900}}  # fmt: skip
    gain = {"rows": 285, "events": 32, "note": "", "gained": {
        "auroc": {"value": 0.118, "low": 0.007, "high": 0.229},
        "brier": {"value": -0.01, "low": -0.02, "high": 0.001}}}  # fmt: skip
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "own-site.json").write_text(json.dumps(gain))


@contextmanager
def opened(chromium, width=1280, dark=False):
    """A page of a real browser; it is closed whatever happens, so that servers can end."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def axe(chromium, app, paths, width=1280, dark=False):
    """What axe, the console and the width say against pages, with all details opened."""
    found = {}
    with samples.served(app) as address, opened(chromium, width, dark) as page:
        said = []
        page.on("console", lambda one: said.append(one.text) if one.type != "log" else None)
        for path in paths:
            page.goto(address + path, wait_until="load")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            told = samples.faults(page)
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                told.append("wider than its window")
            if told or said:
                found[path] = told + said
                said.clear()
    return found
