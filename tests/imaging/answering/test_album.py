"""Drawings of kept answers: found by their finding, never another one's."""

import base64
from dataclasses import replace as changed
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from film_samples import AT
from nof1.advice.hospital import Hospital
from nof1.cli.advise import advice, drawings, write_page
from nof1.core.finding import Kind, Subject
from nof1.core.workspace import create
from nof1.imaging.answering import album, keeping
from nof1.imaging.answering.study import answered

TAKEN = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)
LATER = datetime(2026, 6, 1)


@pytest.fixture(scope="module")
def picture(reader, films):
    done = [answered(film, [reader], Subject(id="p1"), AT) for film in films[:6]]
    return next(one for one in done if one.findings[0].value is not None)


@pytest.fixture(scope="module")
def bedside(picture, tmp_path_factory):
    workspace = create(tmp_path_factory.mktemp("album") / "ws", shards=1, synthetic=True)
    bare = changed(picture, image=changed(picture.image, datasets=()))
    keeping.keep(workspace, keeping.readings([bare], "p1", TAKEN), [picture])
    return Hospital(workspace).patient("p1")


def of_picture(bedside):
    return [one for one in bedside.advise(LATER) if one.kind is Kind.IMAGE]


def test_the_page_of_advice_shows_the_kept_drawing(bedside, tmp_path):
    found = of_picture(bedside)
    shown = drawings(bedside.hospital.workspace, found)
    code = found[0].what.code
    png = base64.b64decode(shown[code])
    assert png.startswith(album.PNG_MARK)
    data = advice("p1", None, LATER, found, synthetic=True) | {"drawings": shown}
    write_page(tmp_path / "p1.html", data, bedside.events, LATER, found)
    assert f"data:image/png;base64,{shown[code]}" in (tmp_path / "p1.html").read_text()


def test_another_model_or_a_withheld_answer_has_no_drawing(bedside):
    (found,) = of_picture(bedside)
    images = bedside.hospital.workspace.images
    assert album.find(images, found) is not None
    other = replace(found, basis=replace(found.basis, content_hash="0" * 64))
    assert album.find(images, other) is None
    assert album.find(images, replace(found, evidence=())) is None
    assert album.drawings(images, [found, other]) == {}


def test_a_name_that_leads_elsewhere_is_not_followed(bedside):
    (found,) = of_picture(bedside)
    evidence = found.evidence[-1]
    for name in ("../../secret.ndjson", "0123.ndjson", None):
        events = tuple(replace(one, source_file=name) for one in evidence.events)
        moved = replace(found, evidence=(replace(evidence, events=events),))
        assert album.find(bedside.hospital.workspace.images, moved) is None


def test_a_damaged_drawing_is_left_out(bedside):
    (found,) = of_picture(bedside)
    images = bedside.hospital.workspace.images
    path = album.find(images, found)
    content = path.read_bytes()
    path.write_bytes(b"<svg onload='x'>")
    assert album.drawings(images, [found]) == {}
    path.write_bytes(content)
    assert set(album.drawings(images, [found])) == {found.what.code}


def test_what_was_refused_is_not_drawn(reader, films, tmp_path):
    blank = changed(films[0], pixels=np.zeros((512, 512), dtype=np.float32))
    done = answered(blank, [reader], Subject(id="p1"), AT)
    assert album.save(tmp_path, [done]) == []
