"""Counts and times of the service in Prometheus' text format; no patient, card or client in them.

Reference: Prometheus exposition formats, text version 0.0.4.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The counters of one process. Label values come from fixed lists, never from a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._refused: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._slots: dict[str, list[int]] = {}

    def answered(self, service: str, status: int, seconds: float) -> None:
        """Count one answer of a service and how long it took."""
        with self._lock:
            self._requests[service, status] += 1
            self._times[service] += seconds  # type: ignore[assignment]
            slots = self._slots.setdefault(service, [0] * (len(SECONDS) + 1))
            slots[bisect_left(SECONDS, seconds)] += 1

    def refused(self, why: str) -> None:
        """Count a request that reached no service (``token``, ``size``, ``slow``, ``type``)."""
        with self._lock:
            self._refused[why] += 1

    def text(self) -> str:
        """All of it, one line a number."""
        with self._lock:
            lines = [
                "# HELP nof1_answers_total Answers by service and HTTP status.",
                "# TYPE nof1_answers_total counter",
                *(
                    f'nof1_answers_total{{service="{service}",status="{status}"}} {count}'
                    for (service, status), count in sorted(self._requests.items())
                ),
                "# HELP nof1_refused_total Requests that reached no service, by reason.",
                "# TYPE nof1_refused_total counter",
                *(f'nof1_refused_total{{why="{w}"}} {n}' for w, n in sorted(self._refused.items())),
                "# HELP nof1_answer_seconds Time to an answer.",
                "# TYPE nof1_answer_seconds histogram",
            ]
            for service, slots in sorted(self._slots.items()):
                lines += _histogram(service, slots, float(self._times[service]))
        return "\n".join(lines) + "\n"


def _histogram(service: str, slots: list[int], total: float) -> list[str]:
    lines, so_far = [], 0
    for edge, count in zip((*map(str, SECONDS), "+Inf"), slots, strict=True):
        so_far += count
        lines.append(f'nof1_answer_seconds_bucket{{service="{service}",le="{edge}"}} {so_far}')
    lines.append(f'nof1_answer_seconds_sum{{service="{service}"}} {total:.6f}')
    lines.append(f'nof1_answer_seconds_count{{service="{service}"}} {so_far}')
    return lines
