"""One way to work on many shards: in this process, on local processes, or on a Dask cluster.

``Engine.map`` calls a function once for each item and returns the results in the order of the
items, the same on every engine. Functions and items travel to other processes, so a function must
be importable there (defined at the top of a module, or a ``functools.partial`` of such a one).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from multiprocessing import get_context
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from nof1.core.errors import Nof1Error, UsageError
from nof1.core.extras import require

Item = TypeVar("Item")
Result = TypeVar("Result")

# One thread a library in every worker: the processes are the parallelism.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
FORMS = ("local", "local:2", "dask:tcp://127.0.0.1:8786", "dask:tls://host:8786")


class EngineError(Nof1Error):
    """The work on one item failed, or a worker was lost."""


class Engine(Protocol):
    """Anything that can work on many items."""

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        names: Sequence[str] | None = None,
    ) -> list[Result]:
        """Results of ``function(item)`` in the order of ``items``.

        Parameters
        ----------
        names : what to call each item in errors, for example the shard's file name.

        Raises
        ------
        EngineError : when a worker was lost, or the function failed with an unforeseen error.
        Nof1Error : what the function itself raised, with the item's name in ``where``.
        """
        ...


@dataclass(frozen=True)
class LocalEngine:
    """This process (``workers=1``) or a pool of fresh local processes.

    Workers are spawned, never forked: a forked copy of a process with threads may lock up.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"{self.workers} workers cannot work.", allowed="1 or more")

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        names: Sequence[str] | None = None,
    ) -> list[Result]:
        """See ``Engine.map``."""
        work = list(_named(items, names))
        if self.workers == 1 or len(work) < 2:
            return [_call(function, named) for named in work]
        _check_travels(function, work[0])
        workers = min(self.workers, len(work))
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_one_thread)
        try:
            return _collect([pool.submit(_call, function, named) for named in work], work)
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class DaskEngine:
    """A Dask cluster that already runs (extra ``scale``).

    Whoever reaches a Dask scheduler can run code on its workers. So the connection must be
    encrypted (``tls://``) unless it stays on this machine.

    Parameters
    ----------
    address : of the scheduler, ``tls://host:port``, or ``tcp://127.0.0.1:port``.
    ca_file, certificate, key : PEM files for TLS; by default Dask's own configuration is used.
    timeout_seconds : how long to wait for the scheduler.
    """

    address: str
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        _check_address(self.address)

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        names: Sequence[str] | None = None,
    ) -> list[Result]:
        """See ``Engine.map``."""
        distributed = require("distributed", "scale")
        work = list(_named(items, names))
        with self._client(distributed) as client:
            call = partial(_call, function)
            # pure=False: the same path may hold other data than in an earlier run.
            return _collect(client.map(call, work, pure=False, retries=0), work)

    def _client(self, distributed: Any) -> Any:
        try:
            return distributed.Client(
                self.address,
                timeout=self.timeout_seconds,
                security=self._security(distributed),
                set_as_default=False,
            )
        except OSError as error:
            raise EngineError(
                f"The Dask scheduler did not answer within {self.timeout_seconds:g} s.",
                where=self.address,
                next_step="Check that dask-scheduler runs there and that its certificates fit.",
            ) from error
        except TypeError as error:  # what distributed raises when certificates are not configured
            raise EngineError(
                "The connection to the Dask scheduler has no certificates.",
                where=self.address,
                next_step="Configure distributed.comm.tls, or give all three TLS files.",
            ) from error

    def _security(self, distributed: Any) -> Any:
        if not self.address.startswith("tls:"):
            return None
        given = {
            "tls_ca_file": self.ca_file,
            "tls_client_cert": self.certificate,
            "tls_client_key": self.key,
        }
        files = {name: file for name, file in given.items() if file}
        for name, file in files.items():
            if not os.path.isfile(file):
                raise UsageError(f"The file for {name} does not exist.", where=file)
        return distributed.Security(require_encryption=True, **files)


def engine_from(text: str) -> Engine:
    """The engine that a user wrote: ``local``, ``local:2`` or ``dask:ADDRESS``.

    Raises
    ------
    UsageError : when the text is none of these, or the address is not safe.

    >>> engine_from("local:2")
    LocalEngine(workers=2)
    """
    kind, colon, rest = text.strip().partition(":")
    if kind == "local" and (not colon or rest.isdecimal()):
        return LocalEngine(int(rest or 1))
    if kind == "dask" and rest:
        return DaskEngine(rest)
    raise UsageError(f"{text!r} is not an engine.", where="engine", allowed=FORMS)


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    try:
        complete = bool(parts.hostname and parts.port)
    except ValueError:  # the port is no number
        complete = False
    if not complete or parts.scheme not in ("tcp", "tls"):
        raise UsageError(f"{address!r} is no Dask address.", where="engine", allowed=FORMS[2:])
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname or ""):
        raise UsageError(
            f"{address} is not encrypted and not on this machine.",
            where="engine",
            allowed="tls:// for another machine, tcp:// for 127.0.0.1 only",
            next_step="Give the scheduler certificates and use tls://, or use an SSH tunnel.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named(items: Iterable[Item], names: Sequence[str] | None) -> Iterable[tuple[str, Item]]:
    everything = list(items)
    labels = names or [f"item {number}" for number in range(1, len(everything) + 1)]
    if len(labels) != len(everything):
        raise UsageError(f"There are {len(labels)} names for {len(everything)} items.")
    return zip(labels, everything, strict=True)


def _one_thread() -> None:
    for name in THREADS:
        os.environ[name] = "1"


def _call(function: Callable[[Item], Result], named: tuple[str, Item]) -> Result:
    """Run in the worker. The text of a foreign error stays there: it may hold patients' values."""
    name, item = named
    try:
        return function(item)
    except Nof1Error as error:
        if name not in (error.where or ""):
            error.where = f"{name}, {error.where}" if error.where else name
        raise
    except Exception as error:
        raise EngineError(
            f"The work on {name} stopped with {type(error).__name__} {_place(error)}.",
            where=name,
            next_step="Check this file; if it is in order, report this as an error of nof1.",
        ) from error


def _place(error: BaseException) -> str:
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None:
        return "at an unknown place"
    code = step.tb_frame.f_code
    return f"in {os.path.basename(code.co_filename)}, line {step.tb_lineno}"


def _collect(futures: Sequence[Any], work: Sequence[tuple[str, Any]]) -> list[Any]:
    done = []
    for future, (name, _) in zip(futures, work, strict=True):
        try:
            done.append(future.result())
        except Nof1Error:
            raise
        except Exception as error:  # the function's own errors became Nof1Errors in the worker
            raise _not_done(name, error) from error
    return done


def _check_travels(function: Callable[..., object], first: object) -> None:
    """Refuse early: a pool that meets unsendable work while it closes may wait for ever (3.11)."""
    try:
        ForkingPickler.dumps((function, first))
    except Exception as error:  # whatever the objects' own reducers raise
        raise _not_done("the first item", error) from error


def _not_done(name: str, error: Exception) -> EngineError:
    kind = type(error).__name__
    if isinstance(error, (BrokenProcessPool, OSError)) or kind == "KilledWorker":
        return EngineError(
            f"A worker was lost during the work on {name} or a shard beside it ({kind}).",
            where=name,
            next_step="Most often memory ran out: try fewer workers or smaller shards.",
        )
    return EngineError(
        f"The work on {name} could not be sent to a worker or back ({kind}).",
        where=name,
        next_step="Use a function at the top of a module, and items and results that can travel.",
    )
