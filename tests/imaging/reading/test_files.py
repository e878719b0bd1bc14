"""Finding pictures in folders: by their bytes, with links refused and the rest counted."""

import os

import pytest

from imaging.reading.dicom_files import write
from nof1.imaging.reading.files import find
from nof1.imaging.reading.limits import Limits
from nof1.imaging.reading.sniff import form, words
from nof1.imaging.reading.study import open_study


def test_thousands_of_other_files_are_counted(tmp_path, decoder):
    for number in range(3000):
        (tmp_path / f"{number}.txt").write_text("words")
    (tmp_path / "archive.zip").write_bytes(b"PK\x03\x04" + bytes(30))
    (tmp_path / "text.dcm").write_text("no picture")
    write(tmp_path / "film")
    study = open_study(tmp_path, decoder=decoder)
    assert len(study.images) == 1
    said = {refused.source: refused.reason for refused in study.refused}
    assert said["3,000 other files"] == "Each is text."
    assert said["text.dcm"] == "It is text."
    assert said["1 other file"] == "It is a zip archive."


def test_too_many_files(tmp_path):
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text("words")
    study = open_study(tmp_path, limits=Limits(files=5))
    assert "more than 5 files" in " ".join(refused.reason for refused in study.refused)


def test_pictures_that_do_not_fit_together(tmp_path):
    for number in range(3):
        write(tmp_path / f"{number}.dcm", uid=f"1.2.{number}")
    study = open_study(tmp_path, limits=Limits(study_voxels=7000))  # 3,072 numbers each
    assert len(study.images) == 2
    assert "together ask for more than 7,000 numbers" in study.refused[0].reason


def test_links_are_refused_by_name(tmp_path, decoder):
    outside = write(tmp_path / "secret.dcm")
    folder = tmp_path / "folder"
    film = write(folder.joinpath("film.dcm") if folder.mkdir() is None else folder, uid="1.2.9")
    (folder / "out.dcm").symlink_to(outside)
    (folder / "in.dcm").symlink_to(film)
    (folder / "round").symlink_to(folder)
    (folder / "dead").symlink_to(tmp_path / "nowhere")
    study = open_study(folder, decoder=decoder)
    assert [image.sources for image in study.images] == [("film.dcm",)]
    said = {refused.source: refused.reason for refused in study.refused}
    assert "leads out of the folder" in said["out.dcm"]
    assert "in the same folder" in said["in.dcm"]
    assert set(said) == {"out.dcm", "in.dcm", "round", "dead"}
    (tmp_path / "named").symlink_to(film)
    assert open_study(tmp_path / "named", decoder=decoder).images  # named by the user


def test_an_empty_folder_gives_nothing(tmp_path, decoder):
    study = open_study(tmp_path, decoder=decoder)
    assert study.images == study.refused == ()


def test_order_is_that_of_names(tmp_path):
    for name in ("b", "a", "c"):
        write(tmp_path / name)
    assert [path.name for path in find(tmp_path, 10).paths] == ["a", "b", "c"]


def test_special_files_are_refused(tmp_path, decoder):
    os.mkfifo(tmp_path / "pipe")
    study = open_study(tmp_path, decoder=decoder)
    assert "no regular file" in study.refused[0].reason


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (bytes(128) + b"DICM", "dicom"),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", "dicom"),
        (b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 100", "dicom"),
        (b"\x00\x08\x00\x05CS\x00\x0aISO_IR 100", "dicom"),
        (b"\x5c\x01\0\0" + bytes(340) + b"n+1\0", "nifti"),
        (b"\x1f\x8b" + bytes(20), "gzip"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"", "other"),
        (b"The patient was well.", "other"),
    ],
)
def test_form(start, kind):
    assert form(start) == kind


def test_words():
    assert words(b"") == "an empty file"
    assert words(b"\x7fELF\x02") == "a program"
    assert words(bytes(30)) == "no picture that nof1 knows"
