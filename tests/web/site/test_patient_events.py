"""Source rows: what the record holds, no more and no less, by filters in the address."""

import csv
import io
from datetime import datetime

import polars as pl
import pytest

from nof1.record.store import Record
from nof1.web.site.kinds import KINDS, kind_of
from nof1.web.site.patient_events import ROWS


@pytest.fixture(scope="module")
def events(site, site_workspace, places):
    """What is known of the patient at the demo's moment."""
    record = Record(site_workspace.record)
    whole = record.patient_events(record.subject(places["patient"]))
    told = site.get(f"/patients/{places['patient']}/events?format=json").json()
    now = datetime.fromisoformat(told["as_of"].removesuffix("Z"))
    return whole.filter(pl.max_horizontal("time", "recorded").fill_null(now) <= now)


@pytest.fixture
def told(site, places):
    def ask(query=""):
        address = f"/patients/{places['patient']}/events?format=json&{query}"
        return site.get(address).json()["events"]

    return ask


def test_all_rows_are_there_newest_first(told, events):
    rows = told()
    assert len(rows) == events.height
    dated = [one["time"] for one in rows if one["time"]]
    assert dated == sorted(dated, reverse=True)
    assert all(one["time"] is None for one in rows[len(dated) :])
    assert {(one["source_file"], one["source_row"]) for one in rows} == set(
        events.select("source_file", "source_row").iter_rows()
    )


def test_sorts_share_the_rows_among_them(told, events):
    assert sum(len(told(f"kind={one.name}")) for one in KINDS) == events.height
    labs = told("kind=measurements")
    assert labs
    assert {kind_of(one["code"]).name for one in labs} == {"measurements"}


def test_codes_words_and_days_filter(told, events):
    code = "LOINC//8480-6"
    rows = told(f"code={code}")
    assert len(rows) == events.filter(pl.col("code") == code).height > 0
    assert {one["code"] for one in told("q=systolic")} == {code}
    day = rows[-1]["time"][:10]
    same = told(f"code={code}&since={day}&until={day}")
    assert {one["time"][:10] for one in same} == {day}
    assert told(f"code={code}&until=1900-01-01") == []
    two = told(f"code={code}|LOINC//8462-4")
    assert {one["code"] for one in two} == {code, "LOINC//8462-4"}


def test_pages_follow_each_other_without_a_gap(site, places, events):
    first = site.get(f"/patients/{places['patient']}/events").text
    assert first.count('class="when"') == min(ROWS, events.height)
    assert ("Older rows" in first) == (events.height > ROWS)
    seen = sum(
        site.get(f"/patients/{places['patient']}/events?after={n}").text.count('class="when"')
        for n in range(0, events.height, ROWS)
    )
    assert seen == events.height


def test_the_table_holds_the_whole_text(site, places, events):
    text = site.get(f"/patients/{places['patient']}/events?format=csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == events.height
    longest = max((one for one in events["text_value"] if one), key=len, default="")
    assert longest in {one["text_value"].removeprefix("'") for one in rows}


def test_the_page_shows_its_filters_again(site, places):
    page = site.get(
        f"/patients/{places['patient']}/events?kind=medicines&since=2020-01-01&q=a"
    ).text
    assert '<option value="medicines" selected>' in page
    assert 'name="since" type="date" value="2020-01-01"' in page
    assert "Show all rows" in page


@pytest.mark.parametrize(
    "query",
    ["kind=secrets", "after=-1", "after=x", "since=soon", "until=2020-02-31", "q=" + "a" * 201,
     "code=" + "%7C".join("abcdefghij" * 6), "format=xml"],
)  # fmt: skip
def test_what_cannot_be_read_is_told(site, places, query):
    answer = site.get(f"/patients/{places['patient']}/events?{query}")
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("query", ["q=%3Cscript%3E", "code=%3Cscript%3E", "after=999999", "q=%00"])
def test_a_hostile_filter_finds_nothing(site, places, query):
    answer = site.get(f"/patients/{places['patient']}/events?{query}")
    assert answer.status_code == 200
    assert "No row fits" in answer.text
    assert "<script>" not in answer.text
