"""A federation in one process, a thread a site; checks and masks are those of a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nof1.core.errors import ModelError, UsageError
from nof1.federation.link import Link
from nof1.federation.roster import Roster, member
from nof1.federation.rounds import PATIENCE, Rounds

Result = TypeVar("Result")
Site = Callable[[Link], Result]


def run(
    sites: Mapping[str, Site[Result]],
    *,
    job: str = "local",
    patience: float = PATIENCE,
    keys: Mapping[str, Ed25519PrivateKey] | None = None,
) -> dict[str, Result]:
    """Run one function a site; each gets its own link to the others.

    Parameters
    ----------
    sites : name -> function. All must exchange messages and add vectors equally often.
    job : name of the job.
    patience : seconds that a site waits for the others.
    keys : identity keys of the sites; default: new ones.

    Raises
    ------
    UsageError : fewer than three sites. Otherwise the first error of a site; the others are
        released.
    """
    identities = keys or {name: Ed25519PrivateKey.generate() for name in sites}
    roster = Roster.of(member(name, identities[name]) for name in sites)
    hub = Hub(roster.names, patience)
    errors: list[BaseException] = []  # in the order of time: the first is the cause

    def one(name: str) -> Result:
        try:
            return sites[name](Link(roster, name, job, identities[name], hub.channel(name)))
        except BaseException as error:
            errors.append(error)
            hub.stop(f"The site {name} stopped.")
            raise

    with ThreadPoolExecutor(len(sites)) as pool:
        jobs = {name: pool.submit(one, name) for name in roster.names}
        try:
            wait(jobs.values())
        except BaseException:  # Ctrl-C: the sites must not wait for each other to the end
            hub.stop("The run was stopped.")
            raise
    if errors:
        raise errors[0]
    return {name: job.result() for name, job in jobs.items()}


@dataclass
class Hub:
    """The coordinator of one process: everybody's messages, and the rounds of the sum."""

    sites: tuple[str, ...]
    patience: float
    _messages: dict[str, bytes] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rounds = Rounds(self.sites, self.patience)
        self._laid, self._taken = (threading.Barrier(len(self.sites)) for _ in range(2))

    def channel(self, site: str) -> _Channel:
        """The line of one site."""
        return _Channel(self, site)

    def exchange(self, site: str, message: bytes, number: int | None = None) -> dict[str, bytes]:
        """All sites' messages, when all have come.

        Parameters
        ----------
        number : which message of the site it is, from 0; None: the next one.

        Raises
        ------
        UsageError : a site's message stands twice or out of turn; only this call fails.
        ModelError : the session is over.
        """
        step = self._steps.get(site, 0)
        if site not in self.sites or number not in (None, step):
            raise UsageError("A message came twice or out of turn.", where="federation")
        self._steps[site] = step + 1
        self._messages[site] = message
        self._meet(self._laid)
        found = dict(self._messages)
        self._meet(self._taken)
        return found

    def _meet(self, barrier: threading.Barrier) -> None:
        try:
            barrier.wait(self.patience)
        except threading.BrokenBarrierError:
            why = self.rounds.broken or "Not every site has sent its message in time."
            self.stop(why)
            raise ModelError(why, where="federation") from None

    def stop(self, why: str) -> None:
        """Release everybody who waits."""
        self.rounds.stop(why)
        self._laid.abort()
        self._taken.abort()


@dataclass(frozen=True)
class _Channel:
    hub: Hub
    site: str

    def exchange(self, message: bytes) -> Mapping[str, bytes]:
        return self.hub.exchange(self.site, message)

    def lay(self, number: int, payload: bytes) -> bytes:
        return self.hub.rounds.lay(self.site, number, payload)
