"""What the coordinator knows at a moment: who is there, and the one job that runs.

A job goes through three steps: every site decides, all train, every site reports. Whatever goes
wrong at one site ends the job for all, because its masks must not be used again.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from nof1.core.errors import ModelError, UsageError
from nof1.federation.local import Hub
from nof1.federation.network.wire import plain

CLOSE = 1e-6  # figures of two processors may differ in their last digits


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says to a manifest: yes, or which rules forbid it and why."""

    accepted: bool
    rule: str = ""
    why: str = ""


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site reports after training: the model's name and hash, and figures of all sites.

    ``figures`` is the same at all sites, as it comes from sums.
    """

    model: str
    version: str
    content_hash: str
    figures: dict[str, Any]


class Failed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a site could not go on: a rule of its own, or words that hold no figure."""

    rule: str
    why: str


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job as the lead sees it.

    Attributes
    ----------
    step : deciding, running, finished, refused or failed. sums : masked sums so far.
    """

    job: str
    step: str
    sums: int
    why: str
    decisions: dict[str, Decision]
    done: dict[str, Done]

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.step in ("finished", "refused", "failed")


@dataclass
class Job:
    """One job at the coordinator; every site's connection has a thread that walks through it.

    Attributes
    ----------
    tag : a number that all its messages carry. raw : the signed manifest as it came.
    rounds, entries : most sums, and most entries of one, that the manifest asks for.
    """

    name: str
    tag: int
    raw: bytes = field(repr=False)
    sites: tuple[str, ...]
    rounds: int
    entries: int
    patience: float
    decisions: dict[str, Decision] = field(default_factory=dict)
    done: dict[str, Done] = field(default_factory=dict)
    why: str = ""
    _left: set[str] = field(default_factory=set)
    _forbidden: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self.sites, self.patience)

    def decide(self, site: str, decision: Decision) -> bool:
        """Note a site's decision and wait for all others'; returns whether the job begins."""
        with self._changed:
            self.decisions[site] = decision
            self._changed.notify_all()
            came = self._changed.wait_for(lambda: self.why or self._all_decided, self.patience)
            if not came:
                self._stop("Not every site has decided in time.")
            elif not self.why and not self._all_accept:
                self._stop("Not every site takes part.")
            return not self.why

    def report(self, site: str, end: Done | Failed) -> None:
        """Note how it ended at a site; a failure ends it for all."""
        with self._changed:
            if isinstance(end, Failed):
                self._forbidden = self._forbidden or bool(end.rule)
                rule = f" ({plain(end.rule)})" if end.rule else ""
                self._stop(f"{site}{rule}: {plain(end.why)}")
            else:
                self.done[site] = end
                others = [one for name, one in self.done.items() if name != site]
                if any(one.content_hash != end.content_hash for one in others):
                    self._stop("The sites hold different models.")
                elif not all(_alike(one.figures, end.figures) for one in others):
                    self._stop("The sites report different figures.")

    def stop(self, why: str) -> None:
        """End the job for all sites."""
        with self._changed:
            self._stop(why)

    def leave(self, site: str) -> None:
        """A site's thread has ended its part; without a report the site is lost."""
        with self._changed:
            if site not in self.done:
                self._stop(f"The site {site} is not there any more.")
            self._left.add(site)
            self._changed.notify_all()

    def state(self) -> State:
        """The job as it stands."""
        with self._changed:
            return State(self.name, self._step, self.hub.rounds.number, self.why,
                         dict(self.decisions), dict(self.done))  # fmt: skip

    def wait(self, seconds: float) -> State:
        """The job's state when it is over, or after some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.over, seconds)
        return self.state()

    @property
    def over(self) -> bool:
        """Whether every site has left."""
        return len(self._left) == len(self.sites)

    @property
    def _all_decided(self) -> bool:
        return len(self.decisions) == len(self.sites)

    @property
    def _all_accept(self) -> bool:
        return all(one.accepted for one in self.decisions.values())

    @property
    def _step(self) -> str:
        if not self.over:
            return "running" if self._all_decided and self._all_accept else "deciding"
        if not self.why:
            return "finished"
        return "refused" if self._forbidden or not self._all_accept else "failed"

    def _stop(self, why: str) -> None:
        self.why = self.why or why
        self.hub.stop(self.why)
        self._changed.notify_all()


def _alike(first: Any, second: Any) -> bool:
    """Whether two sites say the same, but for the last digits of a number."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_alike(v, second[k]) for k, v in first.items())
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_alike, first, second))
    if isinstance(first, float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(first) is type(second) and bool(first == second)


@dataclass
class Board:
    """Sites that are there, and the current job."""

    sites: tuple[str, ...]
    patience: float
    job: Job | None = None
    _here: set[str] = field(default_factory=set)
    _waiting: set[str] = field(default_factory=set)
    _given: dict[str, Job] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def enter(self, site: str) -> None:
        """A site's resident has come.

        Raises
        ------
        UsageError : it is there already.
        """
        with self._changed:
            if site in self._here:
                raise UsageError("This site is connected already.", where=site)
            self._here.add(site)

    def leave(self, site: str) -> None:
        """A site's resident has gone."""
        with self._changed:
            self._here.discard(site)
            self._waiting.discard(site)
            given = self._given.pop(site, None)
        if given is not None:  # it went before it could take the job
            given.leave(site)

    def next(self, site: str, seconds: float) -> Job | None:
        """A job for a site that has nothing to do; None when none came within some seconds."""
        with self._changed:
            if site not in self._given:  # a job may have been given between two calls
                self._waiting.add(site)
            self._changed.wait_for(lambda: site in self._given, seconds)
            return self._given.pop(site, None)

    def start(self, job: Job) -> None:
        """Give a job to all sites.

        Raises
        ------
        ModelError : a site is not there, or busy.
        """
        with self._changed:
            missing = [site for site in self.sites if site not in self._waiting]
            if missing:
                raise ModelError(
                    f"Not ready: {', '.join(missing)}.",
                    where="federation",
                    next_step="Every site runs: nof1 federation site. Try again when all are idle.",
                )
            self.job, self._given = job, dict.fromkeys(self.sites, job)
            self._waiting.clear()
            self._changed.notify_all()

    def idle(self) -> Iterable[str]:
        """Sites that wait for a job."""
        with self._changed:
            return sorted(self._waiting)

    def here(self) -> Iterable[str]:
        """Sites that are connected."""
        with self._changed:
            return sorted(self._here)
