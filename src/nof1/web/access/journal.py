"""What the door writes into the audit log: who came in, who was refused, which roles changed.

No password, token, session or word that a person typed gets in. A name that nobody has is not
written down either: people type passwords into the wrong field. Refusals that come in a row are
counted and written once a minute, so that nobody can fill the disk with them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nof1.core import audit

EVERY_S, MOST = 60.0, 4096  # between two records of one refusal; refusals that are remembered
LOG = logging.getLogger("nof1.web")


class Journal:
    """Writes records; ``folder`` is the workspace's ``audit``."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[float, int]] = {}

    def note(self, action: str, **details: Any) -> None:
        """Write one record; when it cannot be written, what it speaks of must not happen."""
        audit.append(self._folder, action, **details)

    def loud(self, action: str, **details: Any) -> None:
        """As ``note``, and into the server's log as a warning."""
        self.note(action, **details)
        LOG.warning("%s by %s", action, details.get("account", "unknown"))

    def refused(self, action: str, **details: str) -> None:
        """Write a refusal, once a minute for the same one; ``before`` counts those between."""
        key = (action, *(f"{name}={value}" for name, value in sorted(details.items())))
        now = self._clock()
        with self._lock:
            last, more = self._seen.get(key, (float("-inf"), 0))
            if now - last < EVERY_S:
                self._seen[key] = (last, more + 1)
                return
            if len(self._seen) >= MOST:
                self._seen = {k: v for k, v in self._seen.items() if now - v[0] < EVERY_S}
            if len(self._seen) >= MOST:
                return  # a flood of different ones: the metrics count them
            self._seen[key] = (now, 0)
        self.note(action, **details, **({"before": more} if more else {}))
