"""DICOM bytes as a pydicom data set and back, with limits, and silent about values.

pydicom's warnings quote values, so they are off while a file is read. A deflated data set is
inflated here, because pydicom knows no limit. The preamble of what is written is zero.

Source: DICOM PS3.10 section 7, PS3.5 section 10.
"""

from __future__ import annotations

import logging
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from nof1.core.extras import require
from nof1.record.deidentify.tally import Refused

LARGEST = 2 * 2**30  # bytes of one file, also after inflating
IMPLEMENTATION = "NOF1_DEIDENT_1"
IMPLEMENTATION_UID = "2.25.196230154863409164838225617013357432811"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_DAMAGED = "It is damaged, or no DICOM file."


def looks_like_dicom(start: bytes) -> bool:
    """By the first bytes: the mark after the preamble, or a data set that starts at once."""
    if start[128:132] == b"DICM":
        return True
    explicit = start[:2] in (b"\x02\x00", b"\x08\x00") and start[4:6].isalpha()
    implicit = start[:2] == b"\x08\x00" and start[2:4] < b"\x20\x01" and start[5:8] == b"\0\0\0"
    return len(start) > 8 and (start[4:6].isupper() if explicit else implicit)


@contextmanager
def silent() -> Iterator[Any]:
    """pydicom with no warning, no log line and no check that quotes a value."""
    pydicom = require("pydicom", "imaging")
    settings, log = pydicom.config.settings, logging.getLogger("pydicom")
    before = settings.reading_validation_mode, log.disabled
    settings.reading_validation_mode, log.disabled = pydicom.config.IGNORE, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield pydicom
    finally:
        settings.reading_validation_mode, log.disabled = before


def read(content: bytes, *, pixels: bool) -> Any:
    """The data set of a file's bytes, with its file meta group.

    Raises
    ------
    Refused : damaged, too large, nested too deeply, or no DICOM.
    MissingExtra : pydicom is not installed.
    """
    if len(content) > LARGEST:
        raise Refused(f"It is larger than {LARGEST:,} bytes.")
    with silent() as pydicom:
        try:
            content = _inflated(content, pydicom)
            dataset = pydicom.dcmread(BytesIO(content), force=True, stop_before_pixels=not pixels)
            if not len(dataset):
                raise Refused(_DAMAGED)
            return dataset
        except Refused:
            raise
        except RecursionError:
            raise Refused("Its sequences are nested too deeply.") from None
        except Exception:  # pydicom raises whatever a damaged file leads it to
            raise Refused(_DAMAGED) from None


def _inflated(content: bytes, pydicom: Any) -> bytes:
    if content[128:132] != b"DICM" or DEFLATED.encode() not in content[132:4096]:
        return content
    stream = BytesIO(content)
    stream.seek(132)
    meta = pydicom.filereader._read_file_meta_info(stream)
    if meta.get("TransferSyntaxUID") != DEFLATED:
        return content
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = inflater.decompress(content[stream.tell() :], LARGEST // 4)
    except zlib.error:
        raise Refused("Its compressed data set is damaged.") from None
    if inflater.unconsumed_tail or not inflater.eof:
        raise Refused("Its compressed data set is too large or ends too early.")
    meta.TransferSyntaxUID = EXPLICIT
    out = BytesIO()
    out.write(b"\0" * 128 + b"DICM")
    pydicom.filewriter.write_file_meta_info(out, meta, enforce_standard=False)
    return out.getvalue() + plain


def syntax_of(dataset: Any) -> str:
    """The transfer syntax that the bytes have, stated or seen."""
    implicit, little = dataset.original_encoding
    said = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", "") or "")
    if said.startswith("1.2.840.10008.1.2") and said != DEFLATED:
        return said
    return BIG_ENDIAN if little is False else IMPLICIT if implicit else EXPLICIT


def write(dataset: Any, syntax: str) -> bytes:
    """The bytes of a cleaned data set under a file meta group made anew.

    Raises
    ------
    Refused : it cannot be written as a DICOM file.
    """
    with silent() as pydicom:
        try:
            meta = pydicom.dataset.FileMetaDataset()
            meta.MediaStorageSOPClassUID = dataset.SOPClassUID
            meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            meta.TransferSyntaxUID = syntax
            meta.ImplementationClassUID = IMPLEMENTATION_UID
            meta.ImplementationVersionName = IMPLEMENTATION
            dataset.file_meta = meta
            dataset.preamble = b"\0" * 128
            out = BytesIO()
            dataset.save_as(out, enforce_file_format=True)
            return out.getvalue()
        except Exception:  # a value that pydicom refuses to write: its text must not be told
            raise Refused("It cannot be written as a DICOM file after cleaning.") from None
