"""DICOM and other pictures: programs in the preamble, depth, impossible sizes, broken ends."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from bench.hostile.cases import Build, Case, Place, at

DOORS = ("imaging read", "privacy deidentify")
DX = "1.2.840.10008.5.1.4.1.1.1.1"
EXPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"


def cases() -> Iterator[Case]:
    """Each fault in one picture, and a DICOMDIR that leads out of its folder."""
    for name, change in CHANGES.items():
        yield from at("DICOM", name, _dicom(change), *DOORS)
    for name, change in RAW.items():
        yield from at("DICOM", name, _raw(change), *DOORS)
    yield from at("DICOM", "DICOMDIR to another folder", _dicomdir, *DOORS, "ingest")
    for name, content in OTHERS.items():
        yield from at("picture", name, _other(content), "imaging read", "privacy deidentify")


def _plain(place: Place) -> Any:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import generate_uid

    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = DX, generate_uid(), "DX"
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.PatientName = made.PatientID = place.canary
    made.Rows = made.Columns = 16
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelData = bytes(512)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.file_meta.MediaStorageSOPClassUID = DX
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _written(made: Any) -> bytes:
    import pydicom

    out = BytesIO()
    pydicom.dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def _huge(made: Any) -> None:
    made.Rows = made.Columns = 65_535


def _frames(made: Any) -> None:
    made.NumberOfFrames = 2**31 - 1


def _no_pixels(made: Any) -> None:
    made.PixelData = b""


def _bits(made: Any) -> None:
    made.BitsAllocated, made.BitsStored, made.HighBit = 64, 65, 200


def _samples(made: Any) -> None:
    made.SamplesPerPixel, made.PhotometricInterpretation = 60_000, "RGB"


def _script(made: Any) -> None:
    made.StudyDescription = "<script>alert(1)</script>\x1b[2J"
    made.Rows = 0


def _window(made: Any) -> None:
    made.add_new(0x00281050, "DS", "1e400")
    made.add_new(0x00281051, "DS", "-0")
    made.RescaleSlope, made.RescaleIntercept = "1e300", "nan"
    made.Rows = 17


def _deflate_bomb(made: Any) -> None:
    made.file_meta.TransferSyntaxUID = DEFLATED
    made.PixelData = bytes(100 * 2**20)


CHANGES: dict[str, Callable[[Any], None]] = {
    "65,535 rows and columns": _huge, "two thousand million frames": _frames,
    "no pixels": _no_pixels, "65 bits of 64": _bits, "60,000 samples": _samples,
    "script and control signs": _script, "numbers that are none": _window,
    "deflated bomb": _deflate_bomb,
}  # fmt: skip


def _dicom(change: Callable[[Any], None]) -> Build:
    def build(place: Place) -> Path:
        made = _plain(place)
        change(made)
        path = place.given / "a.dcm"
        path.write_bytes(_written(made))
        return path

    return build


def _program(content: bytes, place: Place) -> bytes:
    """A script in the preamble; below it a picture that lost its pixels."""
    head = f"#!/bin/sh\n#{place.canary}\ntouch {place.trap}\n".encode()[:128]
    return head.ljust(128, b"\n") + content[128:-300]


def _windows_program(content: bytes, place: Place) -> bytes:
    return b"MZ\x90\0".ljust(128, b"\0") + content[128:-300]


def _deep(content: bytes, place: Place) -> bytes:
    """Sequences 10,000 deep, of undefined length."""
    start = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    end = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    depth = 10_000
    return content[:-540] + (start + item) * depth + end * depth


def _unknown_syntax(content: bytes, place: Place) -> bytes:
    return content.replace(EXPLICIT.encode(), b"1.2.840.99999.1.2.1")


def _half(content: bytes, place: Place) -> bytes:
    return content[: len(content) // 2]


def _no_end(content: bytes, place: Place) -> bytes:
    return content[:-200]


def _long_value(content: bytes, place: Place) -> bytes:
    """A value that says it is 4 GiB long."""
    return content[:200] + struct.pack("<HH2sHI", 0x0009, 0x0010, b"OB", 0, 0xFFFFFFF0) + b"x"


def _noise(content: bytes, place: Place) -> bytes:
    chance = place.chance
    made = bytearray(content)
    for _ in range(400):
        made[chance.randrange(132, len(made))] = chance.randrange(256)
    return bytes(made[:-100])


RAW: dict[str, Callable[[bytes, Place], bytes]] = {
    "a shell script in the preamble": _program,
    "a Windows program in the preamble": _windows_program,
    "sequences 10,000 deep": _deep, "half a file": _half, "pixels without end": _no_end,
    "a value of 4 GiB": _long_value, "an unknown transfer syntax": _unknown_syntax,
    "400 changed bytes": _noise,
}  # fmt: skip


def _raw(change: Callable[[bytes, Place], bytes]) -> Build:
    def build(place: Place) -> Path:
        path = place.given / "a.dcm"
        path.write_bytes(change(_written(_plain(place)), place))
        return path

    return build


def _dicomdir(place: Place) -> Path:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import MediaStorageDirectoryStorage, generate_uid

    (place.root / "secret.dcm").write_bytes(_written(_plain(place)))
    made, record = Dataset(), Dataset()
    record.OffsetOfTheNextDirectoryRecord = record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.RecordInUseFlag, record.DirectoryRecordType = 0xFFFF, "IMAGE"
    record.ReferencedFileID = ["..", "..", "secret.dcm"]
    record.ReferencedSOPClassUIDInFile, record.ReferencedSOPInstanceUIDInFile = DX, generate_uid()
    made.FileSetID, made.DirectoryRecordSequence = "X", [record]
    made.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    made.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    made.FileSetConsistencyFlag = 0
    made.SOPClassUID, made.SOPInstanceUID = MediaStorageDirectoryStorage, generate_uid()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = EXPLICIT
    made.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    folder = place.given / "disc"
    folder.mkdir()
    (folder / "DICOMDIR").write_bytes(_written(made))
    return folder


def _png(place: Place) -> bytes:
    """A PNG whose header claims 60,000 by 60,000."""
    import zlib

    def part(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    text = b"Comment\0" + place.canary.encode()
    body = zlib.compress(bytes(2**20))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"tEXt", text)
            + part(b"IDAT", body) + part(b"IEND", b""))  # fmt: skip


def _svg(place: Place) -> bytes:
    return (f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            f"<svg><text>&x;{place.canary}</text><script>1</script></svg>").encode()  # fmt: skip


def _nifti(place: Place) -> bytes:
    """A NIfTI header that claims 32,767 voxels along seven axes."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 7, *[32_767] * 7)
    struct.pack_into("<hh", head, 70, 16, 32)
    struct.pack_into("<f", head, 108, 352)
    head[148 : 148 + len(place.canary)] = place.canary.encode()
    head[344:348] = b"n+1\0"
    return bytes(head) + bytes(64)


def _cut_jpeg(place: Place) -> bytes:
    return b"\xff\xd8\xff\xe0" + place.canary.encode() + bytes(40)


OTHERS: dict[str, tuple[str, Callable[[Place], bytes]]] = {
    "PNG of 60,000 by 60,000": ("a.png", _png), "SVG with an entity": ("a.svg", _svg),
    "NIfTI of seven huge axes": ("a.nii", _nifti), "JPEG that is cut off": ("a.jpg", _cut_jpeg),
}  # fmt: skip


def _other(content: tuple[str, Callable[[Place], bytes]]) -> Build:
    def build(place: Place) -> Path:
        path = place.given / content[0]
        path.write_bytes(content[1](place))
        return path

    return build
