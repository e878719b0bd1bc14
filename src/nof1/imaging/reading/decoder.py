"""Our side of the guarded process: start it, ask it, and never wait for it without end.

One process serves many files, because starting it costs more than most files do. It is ended, and a
new one started, when it dies, hangs, or runs out of memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import MissingExtra, Nof1Error
from nof1.imaging.reading import protocol
from nof1.imaging.reading.description import Decoded, Description
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Unreadable

# The package's folder comes last: nothing in it can take the place of Python's own modules.
START = (
    "import sys; sys.path.append(sys.argv[1]); from nof1.imaging.reading.worker import main; main()"
)
ROOT = str(Path(__file__).resolve().parents[3])
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
START_SECONDS = 120.0  # a cold disk and a busy machine; nothing of a stranger runs in this time
MOST_HEADER = 32 * 2**20
NO_MEMORY = "no memory"
DAMAGED = "The file may be damaged or hostile; copy or export it again."


class _Answer(msgspec.Struct):
    description: Description | None = None
    decoded: Decoded | None = None
    reason: str | None = None
    missing: str | None = None
    next_step: str = ""


class Decoder:
    """A guarded process that describes and decodes files.

    with Decoder() as decoder:
        description, header = decoder.describe(path)
        stored, notes = decoder.pixels(path, description)
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._late = False
        self._greeted = False
        self._owner = 0
        self._lock = threading.RLock()

    def __enter__(self) -> Decoder:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, if it does not run, and do not wait until it is ready.

        Raises
        ------
        MissingExtra : when pydicom is not installed.
        """
        if self._owner != os.getpid():
            self._process = None  # after a fork: the pipes belong to the parent
        if self._process is not None:
            return
        if find_spec("pydicom") is None:
            raise MissingExtra(
                "This needs the package 'pydicom', which is not installed.",
                next_step='Run: pip install "nof1[imaging]"',
            )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-c", START, ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,
        )
        self._greeted, self._owner = False, os.getpid()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            _close(stream)
        process.wait()

    def describe(self, path: str | Path) -> tuple[Description, bytes]:
        """What a file is, and (DICOM) the bytes of its header without pixels.

        Raises
        ------
        Unreadable : the reason why it cannot be used.
        """
        answer, content = self._ask({"do": "describe", "path": _name(path)}, MOST_HEADER)
        if answer.description is None:
            raise Unreadable("The decoding process gave no answer.", DAMAGED)
        return answer.description, bytes(content)

    def pixels(
        self, path: str | Path, description: Description
    ) -> tuple[NDArray[Any], tuple[str, ...]]:
        """The stored numbers of a described file, and what decoding found out.

        Raises
        ------
        Unreadable : the reason why it cannot be decoded, or that it was changed in between.
        """
        size = int(np.prod(description.shape, dtype=np.int64))
        request = {"do": "decode", "path": _name(path), "sha256": description.sha256}
        answer, content = self._ask(request, 4 * size)
        decoded = answer.decoded
        if decoded is None or decoded.shape not in allowed_shapes(description):
            raise Unreadable("Its pixels do not fill the rows and columns it states.", DAMAGED)
        dtype = np.dtype(decoded.dtype)
        if len(content) != int(np.prod(decoded.shape, dtype=np.int64)) * dtype.itemsize:
            raise Unreadable("Its pixels do not fill the rows and columns it states.", DAMAGED)
        return np.frombuffer(content, dtype=dtype).reshape(decoded.shape), decoded.notes

    def _ask(self, request: dict[str, str], most: int) -> tuple[_Answer, bytearray]:
        with self._lock:  # one question at a time, whichever thread asks
            return self._ask_alone(request, most)

    def _ask_alone(self, request: dict[str, str], most: int) -> tuple[_Answer, bytearray]:
        self.start()
        if not self._greeted:
            self._greet()
        try:
            text, content = self._exchange(msgspec.json.encode(request), most, self.limits.seconds)
            answer = msgspec.json.decode(text, type=_Answer)
        except (protocol.Broken, OSError, msgspec.MsgspecError):
            raise self._lost() from None
        except BaseException:  # Ctrl-C: the answer that is on its way must not meet the next file
            self.close()
            raise
        if answer.missing is not None:
            raise MissingExtra(answer.missing, next_step=answer.next_step)
        if answer.reason == NO_MEMORY:
            self.close()  # what it holds is not known any more
            raise self._too_much_memory()
        if answer.reason is not None:
            raise Unreadable(answer.reason, answer.next_step)
        return answer, content

    def _greet(self) -> None:
        """Hand over the limits, and wait until the process has taken them."""
        try:
            self._exchange(msgspec.json.encode(asdict(self.limits)), 0, START_SECONDS)
        except (protocol.Broken, OSError):
            self.close()
            raise Nof1Error(
                "The process that decodes pictures did not start.",
                next_step="Run `nof1 doctor`, and install the extra `imaging` again.",
            ) from None
        self._greeted = True

    def _exchange(self, text: bytes, most: int, seconds: float) -> tuple[bytes, bytearray]:
        """Send a message and take the answer; after ``seconds`` the process is killed."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        self._late = False
        clock = threading.Timer(seconds, self._too_late, [process])
        clock.daemon = True
        clock.start()
        try:
            protocol.send(process.stdin, text)  # type: ignore[arg-type]
            return protocol.receive(process.stdout, most)  # type: ignore[arg-type]
        finally:
            clock.cancel()

    def _too_late(self, process: subprocess.Popen[bytes]) -> None:
        self._late = True
        process.kill()

    def _lost(self) -> Unreadable:
        """Why the process gave no answer; it is gone afterwards."""
        process, late = self._process, self._late
        code = _wait(process) if process is not None else None
        self.close()
        spent = code == -getattr(signal, "SIGXCPU", 0)
        if late or spent:
            kind = "processor time" if spent else "time"
            return Unreadable(
                f"Decoding it took more than {self.limits.seconds:g} seconds of {kind}.",
                "Raise the limit `seconds` if you trust this file.",
            )
        return Unreadable("Decoding it ended the decoding process.", DAMAGED)

    def _too_much_memory(self) -> Unreadable:
        return Unreadable(
            f"Decoding it asks for more than {self.limits.memory_bytes // 2**20:,} MiB of memory.",
            "Raise the limit `memory_bytes` if you trust this file.",
        )


def _name(path: str | Path) -> str:
    """A path as text that JSON can hold, whatever bytes it is made of."""
    return os.fsencode(os.path.abspath(path)).decode("latin-1")


def allowed_shapes(description: Description) -> tuple[tuple[int, ...], ...]:
    """The shapes that its pixels may have: colour may turn out to be grey."""
    shape = description.shape
    return (shape, shape[:-1]) if shape[-1] == 3 and len(shape) > 2 else (shape,)


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        return None


def _close(stream: IO[bytes] | None) -> None:
    try:
        if stream is not None:
            stream.close()
    except OSError:
        return  # the other side is gone already
