"""Work done once after the start, so that the first readers need not wait for it.

It begins when the server listens already. Nothing of it is needed to answer, so readiness does not
wait for it, and what fails here is told by the page that needs it. Nobody's patient is opened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event

from nof1.academy.curriculum.lesson import lessons
from nof1.web.site import home, model_page, page, quality, static, surveillance
from nof1.web.site.house import House

LOG = logging.getLogger("nof1.web")


def warm(house: House, stop: Event) -> None:
    """Do it all, step by step, until ``stop`` is set."""
    for step in _steps(house):
        if stop.is_set():
            return
        try:
            step()
        except Exception as error:  # the page says it better, to whoever asks for it
            LOG.info("a part could not be made ready ahead: %s", type(error).__name__)


def _steps(house: House) -> Iterator[Callable[[], object]]:
    """What all pages need, then what the first page of each room is made of."""
    yield from (partial(static.asset, name) for name in static.names())
    yield from (partial(page.compiled, name) for name in page.templates())
    yield house.data_date
    yield from (partial(room, house) for room in ROOMS)
    yield lessons


ROOMS = (home.everyone, quality.held, model_page.warm, surveillance.warm)
