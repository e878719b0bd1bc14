"""The same cases asked of any CDS Hooks service by its URL; standard library only."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bench.orders.answers import UNKNOWN, Answer, Said
from bench.orders.request import body
from bench.orders.tables import Case

SECONDS = 30.0
TIERS = {"critical": 1, "warning": 2, "info": 3}
# A card whose summary says that something could not be looked at is no alert about the order.
UNCHECKED = re.compile(r"not (?:be |been )?checked|could not check|not evaluable", re.IGNORECASE)


def asker(url: str, token: str | None = None) -> Callable[[Case, datetime], Answer]:
    """A function that asks the service at ``url``, with the prefetch keys that it advertises.

    Raises
    ------
    ValueError : no http or https address.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("--url takes the http or https address of one order-sign service")
    searches = templates(url, token)

    def ask(case: Case, at: datetime) -> Answer:
        try:
            return answer(_call(url, token, body(case, at, searches)))
        except (OSError, ValueError) as error:
            return Answer(error=f"{type(error).__name__}: {error}")

    return ask


def templates(url: str, token: str | None = None) -> dict[str, str] | None:
    """FHIR search by prefetch key, as the service's discovery says; None when it says nothing."""
    head, _, service = url.rstrip("/").rpartition("/")
    try:
        listed = _call(head, token, None).get("services", [])
    except (OSError, ValueError):
        return None
    found = next((one for one in listed if one.get("id") == service), {})
    return {str(key): str(text) for key, text in (found.get("prefetch") or {}).items()} or None


def answer(response: dict[str, Any]) -> Answer:
    """Cards as alerts (critical 1, warning 2, info 3), and what is said to be not checked.

    The family is the code of ``source.topic``, if a card has one. Not checked is what a card says
    in such words, and every list named ``notChecked`` in the response's extension.
    """
    alerts, unchecked = [], []
    for card in response.get("cards", []):
        summary = str(card.get("summary", ""))
        topic = ((card.get("source") or {}).get("topic") or {}).get("code") or ""
        if UNCHECKED.search(summary) or UNCHECKED.search(str(card.get("detail", ""))):
            unchecked.append(f"card: {summary} {card.get('detail', '')}")
        family = UNKNOWN if UNCHECKED.match(summary) else str(topic)
        if topic != "coverage":
            alerts.append(Said(TIERS.get(card.get("indicator"), 3), summary, family))
    for statement in (response.get("extension") or {}).values():
        if isinstance(statement, dict):
            unchecked += [_gap(one) for one in statement.get("notChecked", [])]
    return Answer(tuple(alerts), tuple(unchecked))


def _gap(one: Any) -> str:
    """A gap as "family: reason"."""
    return f"{one.get('family')}: {one.get('reason')}" if isinstance(one, dict) else str(one)


def _call(url: str, token: str | None, sent: dict[str, Any] | None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if sent is None else json.dumps(sent).encode()
    asked = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(asked, timeout=SECONDS) as got:
        made = json.loads(got.read())
    if not isinstance(made, dict):
        raise ValueError("the service answered with no JSON object")
    return made
