"""The guarded process: opens one file at a time, within limits, and answers over a pipe.

It is started anew by ``decoder.Decoder``, never forked, and imports nothing of the user's program.
Bytes of strangers are parsed and decoded only here. Before the first file it takes limits upon
itself: memory, processor time, no file written, no core dump.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1.core.errors import MissingExtra
from nof1.imaging.reading import dicom, dicompixels, nifti, picture, protocol
from nof1.imaging.reading.description import Decoded, Description
from nof1.imaging.reading.dicomfile import MOST_HEADER, DicomFile, parse, pydicom
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.refusal import Unreadable
from nof1.imaging.reading.sniff import SNIFFED, form, words

try:
    import resource
except ImportError:  # Windows has no such limits; the clock of the other side still holds
    resource = None  # type: ignore[assignment]

NO_MEMORY = "no memory"  # the other side puts the limit into words
TYPES = {"u1": "u1", "i1": "i1", "u2": "<u2", "i2": "<i2", "u4": "<u4", "i4": "<i4"}


class Opened:
    """The file that was opened last: its bytes, and what they were understood as."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.path = path
        self.content = _read(path, limits)
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.dicom: DicomFile | None = None
        self.description = self._describe(limits)

    def _describe(self, limits: Limits) -> Description:
        kind = form(self.content[:SNIFFED])
        if kind == "dicom":
            self.dicom = parse(self.content, limits.memory_bytes // 4)  # it is held three times
            return dicom.describe(self.dicom, self.sha256, limits)
        if kind in ("nifti", "gzip"):
            return nifti.describe(self.content, self.sha256, limits)
        if kind == "picture":
            return picture.describe(self.content, self.sha256, limits)
        raise Unreadable(f"It is {words(self.content[:SNIFFED])}.", "Name a DICOM or NIfTI file.")

    def header_bytes(self) -> bytes:
        """The DICOM file without pixels; empty for other files and for endless headers."""
        head = self.dicom.header_bytes if self.dicom is not None else b""
        return head if len(head) <= MOST_HEADER else b""

    def decode(self) -> tuple[Decoded, NDArray[Any]]:
        """The pixels in a plain type, grey where the colours are all grey."""
        if self.dicom is not None:
            pixels, notes = dicompixels.decode(self.dicom, self.description.shape)
        elif self.description.kind == "nifti":
            pixels, notes = nifti.decode(self.content)
        else:
            pixels, notes = picture.decode(self.content)
        pixels, more = _grey(pixels, self.description.shape)
        pixels = _plain(pixels)
        dtype = TYPES.get(pixels.dtype.str[1:], "<f4")
        return Decoded(dtype=dtype, shape=pixels.shape, notes=notes + more), pixels  # type: ignore[arg-type]


def main() -> None:
    """Answer requests on standard input until it closes."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # a decoder that prints must not write into our answers
        os.dup2(silence, stream)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    limits = msgspec.json.decode(protocol.receive(source, 0)[0], type=Limits)
    _take_limits(limits)
    protocol.send(target, b"{}")
    try:
        _serve(source, target, limits)
    except (protocol.Broken, BrokenPipeError):
        return


def _serve(source: BinaryIO, target: BinaryIO, limits: Limits) -> None:
    opened: Opened | None = None
    while True:
        request = msgspec.json.decode(protocol.receive(source, 0)[0], type=dict[str, str])
        _allow_seconds(limits.seconds)
        try:
            if opened is None or opened.path != request["path"] or request["do"] == "describe":
                opened = None
                opened = Opened(request["path"], limits)
            _answer(target, opened, request)
        except Exception as error:
            opened = None
            protocol.send(target, msgspec.json.encode(_refusal(error)))


def _answer(target: BinaryIO, opened: Opened, request: dict[str, str]) -> None:
    if request["do"] == "describe":
        text = msgspec.json.encode({"description": opened.description})
        protocol.send(target, text, opened.header_bytes())
        return
    if opened.sha256 != request["sha256"]:
        raise Unreadable("It was changed while it was read.", "Read it again.")
    decoded, pixels = opened.decode()
    text = msgspec.json.encode({"decoded": decoded})
    protocol.send(target, text, pixels.data.cast("B"))


def _refusal(error: Exception) -> dict[str, Any]:
    """An error as a reason. The words of a library may quote the file, so they are not used."""
    if isinstance(error, Unreadable):
        return {"reason": error.reason, "next_step": error.next_step}
    if isinstance(error, MissingExtra):
        return {"missing": error.message, "next_step": error.next_step or ""}
    if isinstance(error, MemoryError):
        return {"reason": NO_MEMORY, "next_step": ""}
    if isinstance(error, OSError):
        return {"reason": f"It cannot be opened: {os.strerror(error.errno or 5)}.", "next_step": ""}
    kind = type(error).__name__
    return {
        "reason": f"Its data are damaged, or contradict one another ({kind}).",
        "next_step": "Copy or export the file again.",
    }


def _read(path: str, limits: Limits) -> bytes:
    """The bytes of a regular file, within the size limit."""
    handle = os.open(
        path.encode("latin-1"),
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0),
    )
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(stream.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise Unreadable("It is no regular file.", "Name a DICOM or NIfTI file.")
        if state.st_size > limits.file_bytes:
            raise Unreadable(
                f"It has {state.st_size:,} bytes; the limit is {limits.file_bytes:,}.",
                "Raise the limit `file_bytes` if you trust this file.",
            )
        return stream.read(state.st_size)  # not the limit: all that is asked for is taken


def _grey(pixels: NDArray[Any], shape: tuple[int, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """A colour picture whose three colours agree everywhere, as the grey picture that it is."""
    if len(shape) < 3 or shape[-1] != 3 or pixels.shape != shape:
        return pixels, ()
    first = pixels[..., :1]
    if not (pixels[..., 1:] == first).all():
        return pixels, ()
    return pixels[..., 0], ("The colours are all grey; it was read as a grey picture.",)


def _plain(pixels: NDArray[Any]) -> NDArray[Any]:
    """Little-endian and contiguous; what is no small whole number becomes float32."""
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8)
    if pixels.dtype.kind not in "iu" or pixels.dtype.itemsize > 4:
        return np.ascontiguousarray(pixels, dtype="<f4")
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))


def _take_limits(limits: Limits) -> None:
    if resource is None:
        return
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", 0)
    size = _data_bytes()
    if size is not None:  # Linux counts what is really asked for here
        _limit("RLIMIT_DATA", size + limits.memory_bytes)
    else:
        _limit("RLIMIT_AS", 2**30 + limits.memory_bytes)


def _limit(name: str, value: int) -> None:
    try:
        resource.setrlimit(getattr(resource, name), (value, value))
    except (AttributeError, ValueError, OSError):
        return  # this system has no such limit


def _data_bytes() -> int | None:
    """Memory of this process that counts for RLIMIT_DATA, in bytes; None where Linux is not."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    line = next((line for line in status.splitlines() if line.startswith("VmData")), "")
    return int(line.split()[1]) * 1024 if line else None


def _allow_seconds(seconds: float) -> None:
    """Move the limit of processor time to ``seconds`` from now."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
