"""What the pages of the academy share: the learner's name, the desk, the time, addresses of pages.

A signed-in reader learns under the account's name. On a server that nobody guards the browser
keeps a random name in a cookie; it is set when something is begun, and the server writes nothing
about it without the reader's consent.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from nof1.academy import bank
from nof1.academy.cases import GOOD, SURPRISING
from nof1.academy.curriculum.lesson import Lesson, Live
from nof1.academy.desk import Desk
from nof1.academy.faults import FAULTS
from nof1.academy.practice import GAPS, day_of
from nof1.academy.store import Store
from nof1.web.access import guard
from nof1.web.site import menu
from nof1.web.site.addresses import model_address, patient_address
from nof1.web.site.house import House
from nof1.web.site.page import Page, seen_other
from nof1.web.site.tour import chosen

COOKIE, TOKEN = "nof1-learner", re.compile(r"[A-Za-z0-9_-]{22}")
YEAR_S = 365 * 24 * 3600
HOME = ("Academy", "/academy")
TITLES = {
    GOOD: "Sound cards",
    SURPRISING: "Right cards that look odd",
    **{fault.name: fault.title for fault in FAULTS.values()},
}
ROOM_OF = {"patient": "patients", "model": "models", "quality": "data", "case": "academy"}


@dataclass
class Academy:
    """The academy of one workspace; its desk is made anew when the bank of cases changes."""

    house: House
    _desk: Desk | None = None
    _store: Store | None = None
    _made_of: tuple[int, int] | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """The real time, UTC; never the demo's: waiting times and due days are real."""
        return datetime.now(UTC)

    @property
    def ready(self) -> bool:
        """Whether there are cases."""
        return bool(self.desk.cases)

    @property
    def desk(self) -> Desk:
        """The desk with the bank as it is now; without a bank it has no cases.

        Raises
        ------
        InputError : the bank is damaged.
        """
        path = self.house.workspace.root / bank.PLACE
        with self._lock:
            facts = path.stat() if path.is_file() else None
            stamp = (0, 0) if facts is None else (facts.st_mtime_ns, facts.st_size)
            if self._desk is None or stamp != self._made_of:
                cases = [] if facts is None else bank.read(path)
                self._desk, self._made_of = Desk(self.store, cases), stamp
            return self._desk

    @property
    def store(self) -> Store:
        """The learners' file; lessons need nothing else, so a damaged bank does not stop them."""
        with self._lock:
            if self._store is None:
                self._store = Store((self.house.workspace.root / bank.PLACE).parent)
            return self._store

    @property
    def topics(self) -> list[str]:
        """Topics of the bank, in the order of ``TITLES``."""
        there = {case.topic for case in self.desk.cases}
        return [name for name in TITLES if name in there]


def open_server(request: Request) -> bool:
    """Whether nobody signs in here."""
    return request.scope["state"].get("access") is None


def learner(request: Request) -> str:
    """The name under which this reader learns; "" for a browser without one yet."""
    if not open_server(request):
        return guard.who(request).account
    found = request.cookies.get(COOKIE, "")
    return f"guest:{found}" if TOKEN.fullmatch(found) else ""


def enrolled(request: Request) -> tuple[str, str | None]:
    """The learner's name, and the cookie to set when this browser had none."""
    name = learner(request)
    if name:
        return name, None
    made = secrets.token_urlsafe(16)
    return f"guest:{made}", made


def go(address: str, token: str | None = None) -> Response:
    """On to another page after a form; with the learner's cookie when there is a new one."""
    answer = seen_other(address)
    if token is not None:
        answer.set_cookie(
            COOKIE, token, max_age=YEAR_S, path="/academy", httponly=True, samesite="strict"
        )
    return answer


def leaf(
    house: House, template: str, title: str, context: Mapping[str, Any], data: Mapping[str, Any],
    **more: Any,
) -> Page:  # fmt: skip
    """A page of the academy."""
    page = {"trail": (HOME,), "styles": ("academy.css",), "data_date": house.data_date()}
    return Page(template, title, context, data, here="academy", **{**page, **more})


def lesson_address(one: Lesson | str) -> str:
    """The page of a lesson."""
    return f"/academy/lessons/{one if isinstance(one, str) else one.id}"


def due_day(kept: Mapping[str, Any]) -> date:
    """When a lesson comes back: 1, 7, 30, then 90 days after it was done."""
    stage = kept.get("stage")
    place = min(stage if isinstance(stage, int) and stage > 0 else 1, len(GAPS))
    return day_of(str(kept["at"])) + timedelta(days=GAPS[place - 1])


def live_address(request: Request, house: House, live: Live) -> str | None:
    """The real page that a lesson sends to; None when there is none that this reader may see."""
    room = ROOM_OF.get(live.page, live.page)
    seen = {one.name: one.address for one in menu.seen(request)}
    if room not in seen:
        return None
    if live.page == "patient":
        return _patient(request, house) or seen[room]
    if live.page == "model" and house.scorers():
        return model_address(house.scorers()[0].basis.id)
    if live.page == "quality" and _there(request, "/data/quality"):
        return "/data/quality"
    return "/academy/case" if live.page == "case" else seen[room]


def _patient(request: Request, house: House) -> str | None:
    """A patient to look at; None for a reader who may see some patients only."""
    if house.room.opened() is None or not guard.may(request, "search", "Patient").allowed:
        return None
    found = house.kept("academy patient", lambda: chosen(house))
    if found is None:
        return None
    query = dict(found[1])
    return patient_address(found[0], query.pop("site", None), **query)


def _there(request: Request, path: str) -> bool:
    return any(getattr(route, "path", None) == path for route in request.app.router.routes)
