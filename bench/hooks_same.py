"""Whether a quick way to an answer changes one byte of it, on many generated requests.

Most requests are read by short cuts: one look for doubled names, words of codes cut out of the
text, rows that no check can refuse, what is worked out once for a patient. Here each request is
answered twice, with the short cuts and without any (``slowly``), also written in other ways: with
blanks, without, with names in numbers. The first difference ends the run with its request.

    ./dev bench hooks_same -- --count 3000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from bench.hooks_generate import Maker
from bench.hooks_patients import body
from nof1.advice.hooks import naming, prefetch, request
from nof1.advice.hooks.discovery import OFFERS
from nof1.advice.hooks.room import Room
from nof1.advice.hooks.service import Service
from nof1.core.workspace import create
from nof1.medicines.ranking.known import Known
from nof1.record import bundle

AT = datetime(2024, 5, 1, 12)
LARGE = 20  # of so many requests one has a hundred resources


class Differs(Exception):
    """A request whose answers differ."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("the answer hangs on the way it was worked out")
        self.request = raw


@contextmanager
def slowly() -> Iterator[None]:
    """Within, no short cut is taken."""

    def always(self: Known, work: Any, *more: object) -> Any:
        return work(self, *more)

    with ExitStack() as changed:
        for place, name, other in (
            (request, "_quickly", lambda raw: False),
            (naming, "_with_words", lambda raw: None),
            (prefetch, "_opened", lambda raw: prefetch._Opened(raw, None)),
            (bundle, "_plainly", lambda found, site, hour: None),
            (Known, "once", always),
        ):
            changed.enter_context(patch.object(place, name, other))
        yield


def run(service: Service, seed: int, count: int) -> Counter[str]:
    """Answer requests both ways; counts by status.

    Raises
    ------
    Differs : with the first request whose answers differ.
    """
    maker, rng, told = Maker(seed), random.Random(seed), Counter[str]()
    for number in range(count):
        name, raw = maker.request()
        if number % LARGE == 0:
            name = rng.choice([one for one in OFFERS if one.startswith("nof1-order")])
            raw = _asked(body(number, AT), OFFERS[name].hook)
        raw = _written(raw, rng)
        quick = service.answer(name, raw, AT)
        with slowly():
            slow = service.answer(name, raw, AT)
        if quick != slow:
            raise Differs(raw)
        told[str(quick.status)] += 1
    return told


def _asked(raw: bytes, hook: str) -> bytes:
    """The request of an order-sign as one of another hook."""
    whole = json.loads(raw)
    draft = whole["context"]["draftOrders"]["entry"][0]["resource"]
    whole["hook"] = hook
    whole["context"]["selections"] = [f"{draft['resourceType']}/{draft['id']}"]
    return msgspec.json.encode(whole)


def _written(raw: bytes, rng: random.Random) -> bytes:
    """The same request as another program would write it; what is damaged stays as it is."""
    kind = rng.randrange(6)
    try:
        whole = json.loads(raw)
    except ValueError:
        return raw
    if kind == 0:
        return json.dumps(whole, indent=2).encode()
    if kind == 1:
        short = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        return short.encode("utf-8", "surrogatepass")
    return raw.replace(b'"display"', b'"displa\\u0079"') if kind == 2 else raw


def main(arguments: list[str]) -> None:
    """Run, and print the counts as JSON."""
    parser = argparse.ArgumentParser(prog="hooks_same")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args([one for one in arguments if one != "--"])
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Room(create(Path(folder) / "ws", synthetic=True)))
        try:
            told = run(service, given.seed, given.count)
        except Differs as found:
            print(found.request.decode(errors="replace"))
            raise
    seconds = round(time.process_time() - begun, 1)
    print(json.dumps({"requests": given.count, **told, "cpu_s": seconds}))
