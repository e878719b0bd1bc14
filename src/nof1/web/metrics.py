"""Counts and times of the service in Prometheus' text format; no patient, card or client in them.

Several processes behind one address add theirs up: each writes its counts into a folder they share,
and whichever is asked reads them all.

Reference: Prometheus exposition formats, text version 0.0.4.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SHARED = "counts-*.json"


class Counts(msgspec.Struct):
    """The counters of one process. Keys are ``service status``, a reason, and a service."""

    requests: dict[str, int] = {}
    refused: dict[str, int] = {}
    times: dict[str, float] = {}
    slots: dict[str, list[int]] = {}


class Metrics:
    """The counters of one process. Label values come from fixed lists, never from a request.

    Parameters
    ----------
    folder : where processes of one address share their counts; None: there is only this one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._own = Counts({}, {}, {}, {})
        self._folder, self._written = folder, ""

    def answered(self, service: str, status: int, seconds: float) -> None:
        """Count one answer of a service and how long it took."""
        with self._lock:
            _add(self._own.requests, f"{service} {status}", 1)
            self._own.times[service] = self._own.times.get(service, 0.0) + seconds
            slots = self._own.slots.setdefault(service, [0] * (len(SECONDS) + 1))
            slots[bisect_left(SECONDS, seconds)] += 1

    def refused(self, why: str) -> None:
        """Count a request that reached no service (``token``, ``size``, ``slow``, ``type``)."""
        with self._lock:
            _add(self._own.refused, why, 1)

    def share(self) -> None:
        """Write the counts of this process for the others; call it about once a second."""
        if self._folder is None:
            return
        with self._lock:
            text = msgspec.json.encode(self._own).decode()
            if text == self._written:
                return
            self._written = text
        path = self._folder / SHARED.replace("*", str(os.getpid()))
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)  # whoever reads sees the whole of it

    def text(self) -> str:
        """All of it, one line a number; of other processes as of a second ago."""
        self.share()
        with self._lock:
            counts = [self._own] if self._folder is None else _shared(self._folder)
            return _text(_sum(counts))


def _add(counts: dict[str, int], key: str, more: int) -> None:
    counts[key] = counts.get(key, 0) + more


def _shared(folder: Path) -> list[Counts]:
    files = sorted(folder.glob(SHARED))
    return [msgspec.json.decode(one.read_bytes(), type=Counts) for one in files]


def _sum(counts: Iterable[Counts]) -> Counts:
    requests, refused, times = Counter[str](), Counter[str](), dict[str, float]()
    slots: dict[str, list[int]] = {}
    for one in counts:
        requests.update(one.requests)
        refused.update(one.refused)
        for service, seconds in one.times.items():
            times[service] = times.get(service, 0.0) + seconds
            before = slots.get(service, [0] * (len(SECONDS) + 1))
            slots[service] = [a + b for a, b in zip(before, one.slots[service], strict=True)]
    return Counts(dict(requests), dict(refused), times, slots)


def _text(counts: Counts) -> str:
    answers = sorted((*key.split(" "), count) for key, count in counts.requests.items())
    lines = [
        "# HELP nof1_answers_total Answers by service and HTTP status.",
        "# TYPE nof1_answers_total counter",
        *(
            f'nof1_answers_total{{service="{service}",status="{status}"}} {count}'
            for service, status, count in answers
        ),
        "# HELP nof1_refused_total Requests that reached no service, by reason.",
        "# TYPE nof1_refused_total counter",
        *(f'nof1_refused_total{{why="{w}"}} {n}' for w, n in sorted(counts.refused.items())),
        "# HELP nof1_answer_seconds Time to an answer.",
        "# TYPE nof1_answer_seconds histogram",
    ]
    for service, slots in sorted(counts.slots.items()):
        lines += _histogram(service, slots, counts.times[service])
    return "\n".join(lines) + "\n"


def _histogram(service: str, slots: list[int], total: float) -> list[str]:
    lines, so_far = [], 0
    for edge, count in zip((*map(str, SECONDS), "+Inf"), slots, strict=True):
        so_far += count
        lines.append(f'nof1_answer_seconds_bucket{{service="{service}",le="{edge}"}} {so_far}')
    lines.append(f'nof1_answer_seconds_sum{{service="{service}"}} {total:.6f}')
    lines.append(f'nof1_answer_seconds_count{{service="{service}"}} {so_far}')
    return lines
