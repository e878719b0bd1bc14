"""How far a training is, on a terminal only: a log file gets no bars."""

from __future__ import annotations

import sys
from typing import TextIO

from nof1.imaging.training.course import Epoch, OnEpoch

WIDTH = 24


def bar(members: int, stream: TextIO | None = None) -> OnEpoch | None:
    """What ``fit`` calls after every pass; None when ``stream`` (standard error) is no terminal."""
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        return None
    seeds: list[int] = []

    def show(epoch: Epoch) -> None:
        if epoch.seed not in seeds:
            seeds.append(epoch.seed)
        out.write("\r" + line(epoch, len(seeds), members))
        out.flush()

    return show


def line(epoch: Epoch, member: int, members: int) -> str:
    """One line of text.

    >>> line(Epoch(1, 11, 24, 0.1, 0.2, True), 2, 5)
    'member 2 of 5 [############............] pass 12 of 24, inner loss 0.200 *'
    """
    done = (epoch.number + 1) * WIDTH // epoch.of
    drawn = "#" * done + "." * (WIDTH - done)
    star = " *" if epoch.best else "  "
    return (
        f"member {member} of {members} [{drawn}] pass {epoch.number + 1} of {epoch.of}, "
        f"inner loss {epoch.inner_loss:.3f}{star}"
    )
