"""Damaged files, 300 at random: each is read or refused by name; no traceback, no hang."""

import random

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from imaging.reading.dicom_files import GREY, dataset
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.limits import MIB, Limits
from nof1.imaging.reading.study import open_study

CASES = 300
SMALL = GREY[:32, :32].copy()


def starts(folder):
    plain = dataset(SMALL, BitsStored=12, HighBit=11, WindowCenter=40, WindowWidth=400)
    made = [plain]
    for syntax, plugin in (
        (RLELossless, "pylibjpeg"),
        (JPEG2000Lossless, "pylibjpeg"),
        (JPEGLSLossless, "pyjpegls"),
    ):
        packed = dataset(SMALL, BitsStored=12, HighBit=11)
        packed.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
        made.append(packed)
    for number, one in enumerate(made):
        pydicom.dcmwrite(folder / f"{number}", one, enforce_file_format=True)
        yield (folder / f"{number}").read_bytes()


def damaged(content, chance, head=132):
    content = bytearray(content)
    kind = chance.randrange(4)
    for _ in range(chance.choice((1, 2, 8, 40))):
        content[chance.randrange(head if kind else 0, len(content))] = chance.randrange(256)
    if kind == 3:
        at = chance.randrange(head, len(content))
        del content[at : at + chance.randrange(1, 60)]
    return bytes(content)


def pictures(folder):
    """One PNG, one JPEG, one plain and one packed NIfTI file."""
    volume = nibabel.Nifti1Image(GREY[:30].reshape(10, 12, 12).astype(np.int16), np.eye(4))
    for name in ("a.nii", "a.nii.gz"):
        nibabel.save(volume, folder / name)
        yield (folder / name).read_bytes()
    for name in ("a.png", "a.jpg"):
        Image.fromarray(SMALL.astype(np.uint8)).save(folder / name)
        yield (folder / name).read_bytes()


def test_random_damage_of_other_files(tmp_path):
    chance = random.Random(7)
    originals = list(pictures(tmp_path))
    path = tmp_path / "damaged"
    with Decoder(Limits(seconds=60, memory_bytes=256 * MIB)) as decoder:
        for case in range(120):
            path.write_bytes(damaged(originals[case % len(originals)], chance, head=0))
            study = open_study(path, decoder=decoder)
            assert len(study.refused) == 1 or study.images
            for image in study.images:
                assert np.isfinite(image.pixels).all()


def test_random_damage(tmp_path):
    chance = random.Random(5)
    originals = list(starts(tmp_path))
    path, outcomes = tmp_path / "damaged", {"read": 0, "refused": 0}
    with Decoder(Limits(seconds=60, memory_bytes=256 * MIB)) as decoder:
        for case in range(CASES):
            path.write_bytes(damaged(originals[case % len(originals)], chance))
            study = open_study(path, decoder=decoder)
            assert len(study.images) + len(study.refused) == 1
            for refused in study.refused:
                assert refused.reason.endswith(".")
                assert "CANARY" not in refused.reason
            for image in study.images:
                assert np.isfinite(image.pixels).all()
            outcomes["read" if study.images else "refused"] += 1
    assert min(outcomes.values()) > 20  # else the damage was too little or too much to tell
