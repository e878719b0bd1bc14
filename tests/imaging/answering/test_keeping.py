"""Whose picture it is, when it was taken, and the way into the record and out of it again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from film_samples import AT
from nof1.advice.hospital import Hospital
from nof1.core.errors import InputError
from nof1.core.finding import Kind, Subject
from nof1.core.workspace import create, open_workspace
from nof1.imaging.answering import keeping
from nof1.imaging.answering.study import answered
from nof1.imaging.importer import recognises
from nof1.imaging.readings import append

TAKEN = datetime(2025, 6, 1, 8, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def picture(reader, films):
    done = [answered(film, [reader], Subject(id="p1"), AT) for film in films[:4]]
    return next(one for one in done if one.findings[0].value is not None)


def test_a_film_of_another_patient_is_refused_without_naming_either(picture):
    keeping.check_patient([picture], "SYN-9")
    with pytest.raises(InputError, match="another patient") as stop:
        keeping.check_patient([picture], "p1")
    assert "SYN-9" not in str(stop.value)


def test_the_time_is_the_files_or_must_be_said(picture):
    from dataclasses import replace

    bare = replace(picture, image=replace(picture.image, datasets=()))
    assert keeping.readings([bare], "p1", TAKEN)[0].taken == TAKEN
    with pytest.raises(InputError, match="when this picture was taken"):
        keeping.readings([bare], "p1")


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("20240506", "070809.123", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("20240506", "", datetime(2024, 5, 6, tzinfo=UTC)),
        ("", "070809", None),
        ("2024-05-06", "07", None),
    ],
)
def test_dates_of_dicom_are_read_or_left_open(day, clock, expected):
    assert keeping._moment(day, clock) == expected


@pytest.fixture(scope="module")
def kept(picture, tmp_path_factory):
    workspace = create(tmp_path_factory.mktemp("ws") / "ws", site="site-a", shards=1)
    from dataclasses import replace

    bare = replace(picture, image=replace(picture.image, datasets=()))
    keeping.keep(workspace, keeping.readings([bare], "p1", TAKEN))
    return open_workspace(workspace.root)


def test_advice_holds_the_answer_of_the_picture_and_the_way_back(kept, picture):
    found = Hospital(kept).patient("p1").advise(datetime(2026, 6, 1))
    (told,) = [one for one in found if one.kind is Kind.IMAGE]
    original = picture.findings[0]
    assert told.value == original.value
    assert told.subject.id == "p1"
    (event,) = told.evidence[-1].events
    assert event.time == TAKEN
    assert event.source_file.endswith(".ndjson")


def test_before_it_was_read_the_answer_is_not_known(kept):
    early = TAKEN.replace(tzinfo=None) + timedelta(days=1)
    assert early < AT.replace(tzinfo=None)
    found = Hospital(kept).patient("p1").advise(early)
    assert [one for one in found if one.kind is Kind.IMAGE] == []


def test_kept_twice_it_stands_once(kept, picture):
    from dataclasses import replace

    bare = replace(picture, image=replace(picture.image, datasets=()))
    keeping.keep(kept, keeping.readings([bare], "p1", TAKEN))
    events = Hospital(kept).patient("p1").events
    assert events["code"].to_list().count(picture.findings[0].what.code) == 1


def test_a_damaged_line_of_readings_is_quarantined_with_its_row(tmp_path, picture):
    from dataclasses import replace

    from nof1.imaging.importer import read

    bare = replace(picture, image=replace(picture.image, datasets=()))
    path = tmp_path / "r.ndjson"
    append(path, keeping.readings([bare], "p1", TAKEN))
    with path.open("ab") as target:
        target.write(b'{"patient": "Jane"}\n')
    assert recognises(path)
    (batch,) = read(path, {})
    assert batch.events.height == 1
    assert [(one.row, "Jane" in one.reason) for one in batch.quarantined] == [(2, False)]


def test_a_withheld_answer_is_an_event_without_a_number(reader, films, tmp_path):
    from dataclasses import replace

    from nof1.imaging.importer import read

    blank = replace(films[0], pixels=np.zeros((64, 64), dtype=np.float32))
    done = answered(blank, [reader], Subject(id="p1"), AT)
    path = tmp_path / "r.ndjson"
    append(path, keeping.readings([done], "p1", TAKEN))
    (batch,) = read(path, {})
    assert batch.events["numeric_value"].to_list() == [None]
    assert sum(batch.notes.values()) == 1
