"""Silence for warnings that may quote a patient's file, also when several threads ask for it.

``warnings.catch_warnings`` swaps a list of the whole process: of two threads in such blocks the one
that ends first brings back what stood before, and the other one's warnings are printed. Here the
first one in swaps it and the last one out brings it back.

Source: Python 3.11 documentation, ``warnings.catch_warnings``: not thread-safe.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_first: list[warnings.catch_warnings[None]] = []  # the swap, while a thread is inside
_count = [0]  # threads inside


@contextmanager
def quiet() -> Iterator[None]:
    """A block whose warnings, and those of all other threads meanwhile, are not shown."""
    with _lock:
        if not _count[0]:
            block = warnings.catch_warnings()
            block.__enter__()
            warnings.simplefilter("ignore")
            _first.append(block)
        _count[0] += 1
    try:
        yield
    finally:
        with _lock:
            _count[0] -= 1
            if not _count[0]:
                _first.pop().__exit__(None, None, None)
