"""Rules that HL7 and we set for CDS Hooks responses, held against many generated ones.

Generated requests (``bench.hooks_generate``) go through ``Service.answer``; each response is held
against the invariants cds-resp-1 to 7 of HL7's logical model, its cardinalities, and our own rules:
nothing null or empty, never silent, no markup from a stranger's words. The first breach ends the
run with its request.

    ./dev bench hooks_invariants -- --count 100000 --seed 1 [--write responses.ndjson]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.hooks_generate import Maker
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.core.workspace import create

AT = datetime(2024, 5, 1, 12)
CARD = {"uuid", "summary", "detail", "indicator", "source", "suggestions", "selectionBehavior",
        "overrideReasons", "links", "extension"}  # fmt: skip
RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
ABSOLUTE = re.compile(r"https?://[\w.-]+\.[a-z]{2,}(/[\x21-\x7e]*)?")
BARE = re.compile(r"(?<!\\)[<>]")


def breaches(status: int, raw: bytes) -> Iterator[str]:
    """What a response breaks, each in a word or two; nothing when all rules hold."""
    whole = json.loads(raw)
    if status != 200:
        yield from _outcome(whole)
        return
    if not set(whole) <= {"cards", "extension"}:  # systemActions: we give none
        yield "unknown part of the response"
    yield from _empty({key: value for key, value in whole.items() if key != "cards"})
    yield from _empty([card for card in whole["cards"]] or [0])
    yield from _coverage(whole)
    uuids = []
    for card in whole["cards"]:
        yield from _card(card)
        uuids += [card["uuid"], *(one["uuid"] for one in card.get("suggestions", ()))]
    if len(set(uuids)) != len(uuids):
        yield "an identifier stands twice"


def _outcome(whole: Any) -> Iterator[str]:
    issues = whole.get("issue") or [{}]
    told = whole.get("resourceType") == "OperationOutcome" and issues[0].get("severity") == "error"
    if not told or not issues[0].get("details", {}).get("text") or not issues[0].get("code"):
        yield "a refusal without its OperationOutcome"
    yield from _empty(whole)


def _empty(part: Any) -> Iterator[str]:
    """JSON elements are neither null nor empty."""
    if part is None or part in ("", [], {}):
        yield "null or empty"
    inside = list(part.values()) if isinstance(part, dict) else part
    for inner in inside if isinstance(inside, list) else ():
        yield from _empty(inner)


def _coverage(whole: dict[str, Any]) -> Iterator[str]:
    """Our own: each response says what was and was not checked, and a card says the latter."""
    told = whole.get("extension", {}).get("org.nof1.coverage", {})
    if not told.get("asOf") or not (told.get("checked") or told.get("notChecked")):
        yield "silent: neither checked nor not checked"
    topics = [card["source"].get("topic", {}).get("code") for card in whole["cards"]]
    if told.get("notChecked") and "coverage" not in topics:
        yield "what was not checked stands on no card"


def _card(card: dict[str, Any]) -> Iterator[str]:
    if not set(card) <= CARD:
        yield "unknown part of a card"
    if not _is_uuid(card.get("uuid")):
        yield "no uuid"
    summary = card.get("summary", "")
    if not 0 < len(summary) < 140 or "\n" in summary or not summary.isprintable():
        yield "summary"
    if card.get("indicator") not in ("info", "warning", "critical"):
        yield "indicator"
    if BARE.search(str(card.get("detail", ""))):
        yield "markup in the detail"
    yield from _source(card.get("source", {}))
    yield from _suggestions(card)
    for reason in card.get("overrideReasons", ()):
        if not all(reason.get(key) for key in ("code", "system", "display")):
            yield "cds-resp-4: a reason without code, system or display"
    for link in card.get("links", ()):
        if not link.get("label") or link.get("type") not in ("absolute", "smart"):
            yield "link"
        if not ABSOLUTE.fullmatch(link.get("url", "")):
            yield "link without an absolute address"
        if link.get("type") != "smart" and "appContext" in link:
            yield "cds-resp-3: appContext"
    if not isinstance(card.get("extension", {}), dict):
        yield "extension"


def _source(source: dict[str, Any]) -> Iterator[str]:
    if not source.get("label"):
        yield "source without a label"
    if "url" in source and not ABSOLUTE.fullmatch(source["url"]):
        yield "source without an absolute address"
    topic = source.get("topic")
    if topic is not None and not (topic.get("code") and topic.get("system")):
        yield "topic"


def _suggestions(card: dict[str, Any]) -> Iterator[str]:
    offers = card.get("suggestions", [])
    behaviour = card.get("selectionBehavior")
    if bool(offers) != (behaviour is not None) or behaviour not in (None, "any", "at-most-one"):
        yield "cds-resp-6: selectionBehavior"
    if behaviour == "at-most-one" and sum(one.get("isRecommended", False) for one in offers) > 1:
        yield "cds-resp-1: two recommended"
    for one in offers:
        if not one.get("label") or not _is_uuid(one.get("uuid")) or not one.get("actions"):
            yield "suggestion"
        if one.get("actionSelectionBehavior", "all") not in ("all", "any", "at-most-one"):
            yield "cds-resp-7: actionSelectionBehavior"
        for action in one.get("actions", ()):
            yield from _action(action)


def _action(action: dict[str, Any]) -> Iterator[str]:
    kind, resource = action.get("type"), action.get("resource")
    if not action.get("description"):
        yield "cds-resp-5: an action without a description"
    if kind == "delete":
        if resource is not None or not RELATIVE.fullmatch(action.get("resourceId", "")):
            yield "cds-resp-2: delete"
    elif kind in ("create", "update"):
        if not isinstance(resource, dict) or not resource.get("resourceType"):
            yield f"{kind} without a resource"
        elif (kind == "update") != ("id" in resource):
            yield f"{kind}: identifier of the resource"
    else:
        yield "type of an action"


def _is_uuid(text: Any) -> bool:
    try:
        return str(UUID(text)) == text
    except (ValueError, TypeError, AttributeError):
        return False


class Breach(AssertionError):
    """A response that breaks a rule; ``request`` asked for it."""

    def __init__(self, found: list[str], service: str, request: bytes, response: bytes) -> None:
        super().__init__(f"{', '.join(found)} ({service})")
        self.request, self.response = request, response


def run(service: Service, maker: Maker, count: int, write: Path | None = None) -> dict[str, Any]:
    """Ask ``count`` requests; counts of statuses, cards, suggestions and links.

    Raises
    ------
    Breach : at the first response that breaks a rule.
    """
    seen: Counter[str] = Counter()
    with (write or Path("/dev/null")).open("wb") as out:
        for number in range(count):
            name, body = maker.request()
            reply = service.answer(name, body, AT)
            if found := list(breaches(reply.status, reply.body)):
                raise Breach(found, name, body, reply.body)
            if number % 200 == 0 and service.answer(name, body, AT) != reply:
                raise Breach(["not the same bytes again"], name, body, reply.body)
            seen[str(reply.status)] += 1
            for card in json.loads(reply.body).get("cards", ()):
                seen[card["indicator"]] += 1
                seen["suggestions"] += len(card.get("suggestions", ()))
                seen["links"] += len(card.get("links", ()))
            if write is not None:
                out.write(reply.body + b"\n")
    return dict(sorted(seen.items()))


def hospital(folder: Path, patients: int = 40) -> Room:
    """A small synthetic hospital, so that some requests come without a prefetch."""
    from nof1.record.ingest import ingest
    from nof1.synthetic.hospital import write
    from nof1.synthetic.radiology import Imaging

    written = write(folder / "files", seed=11, patients=patients, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=1)
    for number, (site, source) in enumerate(written.sites.items()):
        ingest(workspace.record, [source], site=site, settings={} if number else {"shards": 1})
    return Room(workspace)


def main(arguments: list[str]) -> None:
    """Run, and print the counts as JSON."""
    parser = argparse.ArgumentParser(prog="hooks_invariants")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="responses, one a line")
    given = parser.parse_args([one for one in arguments if one != "--"])
    with tempfile.TemporaryDirectory() as folder:
        room = hospital(Path(folder))
        opened = room.opened()
        people = [] if opened is None else opened.record.subjects()["patient"].to_list()
        begun = time.process_time()
        maker = Maker(given.seed, people)
        try:
            told = run(Service(room, clock=lambda: AT), maker, given.count, given.write)
        except Breach as breach:
            print(breach.request.decode(errors="replace"))
            print(breach.response.decode(errors="replace"))
            raise
    seconds = time.process_time() - begun
    print(json.dumps({"responses": given.count, **told, "cpu_s": round(seconds, 1)}))
