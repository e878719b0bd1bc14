"""Activity in the record: who lives there gets it, from the end of the day it was known on."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from nof1.core.errors import UsageError
from nof1.record.ingest import ingest
from nof1.record.patient import Patient
from nof1.record.store import Record
from nof1.surveillance.activity import LEVELS, NOT_KNOWN, Activity
from nof1.surveillance.activity_files import TRENDS, disease_word, table, write

MAPPING = """\
schema: nof1/mapping/1
tables:
  - file: homes.csv
    patient: pid
    record: id
    events: [{code: "REGION//{region}", time: since}]
"""
HOMES = """\
id,pid,region,since
1,ann,A,2019-01-01
2,bob,B,2020-01-01
3,bob,A,2024-01-12
4,eve,C,2019-01-01
"""


def told(day: date, **kinds: str) -> list[Activity]:
    return [
        Activity(place, day, date(2024, 1, 6), level, "rising", 42.0, 84.25)
        for place, level in kinds.items()
    ]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A record of three people with homes."""
    homes = tmp_path / "homes"
    homes.mkdir()
    (homes / "mapping.yaml").write_text(MAPPING)
    (homes / "homes.csv").write_text(HOMES)
    ingest(tmp_path / "record", [homes], site="s", settings={"shards": 1})
    return tmp_path / "record"


def exposures(root: Path) -> pl.DataFrame:
    record = Record(root)
    rows = record.scan().filter(pl.col("code").str.starts_with("EXPOSURE//")).collect()
    return rows.join(record.subjects().select("subject_id", "patient"), on="subject_id")


def test_who_lives_there_gets_it_when_it_was_known(root: Path, tmp_path: Path) -> None:
    day = date(2024, 1, 10)
    write(tmp_path / "out", "influenza", [told(day, A="high", B="very high")], synthetic=True)
    done = ingest(root, [tmp_path / "out"], site="s", settings={})
    assert done.quarantined_rows == 0
    rows = exposures(root)
    ann = rows.filter(patient="ann").select("code", "numeric_value").rows()
    assert sorted(ann) == [
        ("EXPOSURE//influenza_activity//high", 1.0),
        ("EXPOSURE//influenza_data_age", 4.0),
        ("EXPOSURE//influenza_incidence", 84.25),
        ("EXPOSURE//influenza_trend//rising", 1.0),
    ]
    assert rows.filter(patient="eve").is_empty()
    bob = rows.filter(patient="bob")["code"].to_list()
    assert "EXPOSURE//influenza_activity//very_high" in bob  # of where he lived on that day
    assert set(rows["time"]) == {datetime(2024, 1, 10)}
    assert set(rows["recorded"]) == {datetime(2024, 1, 11)}


def test_it_is_not_seen_on_the_day_before_it_was_known(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "out", "influenza", [told(date(2024, 1, 10), A="high")], synthetic=True)
    ingest(root, [tmp_path / "out"], site="s", settings={})
    record = Record(root)
    who = record.subjects().filter(patient="ann")["subject_id"][0]
    events = record.patient_events(who)
    code = "EXPOSURE//influenza_activity//high"
    assert not Patient(events, datetime(2024, 1, 10, 23, 59)).has(code)
    assert Patient(events, datetime(2024, 1, 11)).has(code)


def test_later_days_add_and_the_same_day_replaces_itself(root: Path, tmp_path: Path) -> None:
    out, later = tmp_path / "out", tmp_path / "later"
    first, second = date(2024, 1, 3), date(2024, 1, 10)
    write(out, "influenza", [told(first, A="low")], synthetic=True)
    ingest(root, [out], site="s", settings={})
    again = ingest(root, [out], site="s", settings={})
    assert (again.added, again.removed) == (0, 0)
    write(later, "influenza", [told(second, A="high")], synthetic=True)
    ingest(root, [later], site="s", settings={})
    levels = exposures(root).filter(
        pl.col("code").str.contains("activity"), pl.col("patient") == "ann"
    )
    assert sorted(levels.select("time", "code").rows()) == [
        (datetime(2024, 1, 3), "EXPOSURE//influenza_activity//low"),
        (datetime(2024, 1, 10), "EXPOSURE//influenza_activity//high"),
    ]


def test_a_folder_describes_all_its_days(tmp_path: Path) -> None:
    days = [told(date(2024, 1, 3), A="low"), told(date(2024, 1, 10), A="high")]
    paths = write(tmp_path, "influenza", days, synthetic=True)
    write(tmp_path, "rsv", [told(date(2024, 1, 17), A=NOT_KNOWN)], synthetic=False)
    text = (tmp_path / "exposures.yaml").read_text()
    assert [path.name for path in paths] == [
        "influenza-activity-2024-01-03.csv",
        "influenza-activity-2024-01-10.csv",
    ]
    assert text.count("- file:") == 3
    assert '"rsv_activity//not_known": "1"' in text


def test_every_row_has_one_level_and_one_trend() -> None:
    places = {f"P{at}": level for at, level in enumerate((*LEVELS, NOT_KNOWN))}
    rows = table("influenza", told(date(2024, 1, 10), **places), synthetic=True)
    levels = rows.select(pl.col("^influenza_activity//.*$"))
    assert levels.sum_horizontal().to_list() == [1] * 5
    assert [levels[name].sum() for name in levels.columns] == [1] * 5
    trends = rows.select(pl.col("^influenza_trend//.*$"))
    assert len(trends.columns) == len(TRENDS)
    assert trends["influenza_trend//rising"].to_list() == [1] * 5
    assert set(rows["origin"]) == {"SYNTHETIC"}


def test_names_of_diseases() -> None:
    assert disease_word("RSV-A (lab)") == "rsv_a_lab"
    for wrong in ("", "42", "   "):
        with pytest.raises(UsageError, match="No name of a disease"):
            disease_word(wrong)
