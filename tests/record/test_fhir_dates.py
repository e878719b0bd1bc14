"""Dates: spans in UTC, the rule for partial dates, and fhir.resources as an independent check."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.observation import Observation
from hypothesis import given
from hypothesis import strategies as st

from nof1.record.importers.fhir_dates import BadDate, Span, microseconds, settle, span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(microsecond: int) -> datetime:
    return EPOCH + timedelta(microseconds=microsecond)


def oracle(text: str) -> object:
    """What fhir.resources makes of a dateTime."""
    minimal = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return Observation.model_validate(minimal | {"effectiveDateTime": text}).effectiveDateTime


@given(
    st.datetimes(datetime(1801, 1, 1), datetime(2298, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
)
def test_instants_agree_with_fhir_resources(moment, offset_minutes, digits):
    sign, size = "-" if offset_minutes < 0 else "+", abs(offset_minutes)
    fraction = f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{sign}{size // 60:02d}:{size % 60:02d}"
    first, last = span(text)
    assert first == last
    assert at(first) == oracle(text)


@given(st.dates(date(1801, 1, 1), date(2298, 12, 31)))
def test_days_agree_with_fhir_resources(day):
    first, last = span(day.isoformat())
    assert at(first).date() == at(last).date() == oracle(day.isoformat())
    assert last - first == 86_400_000_000 - 1


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("2015", "2015-01-01T00:00:00", "2016-01-01T00:00:00"),
        ("2015-02", "2015-02-01T00:00:00", "2015-03-01T00:00:00"),
        ("2015-12", "2015-12-01T00:00:00", "2016-01-01T00:00:00"),
        ("2016-02-29", "2016-02-29T00:00:00", "2016-03-01T00:00:00"),
    ],
)
def test_partial_dates_cover_their_whole_period(text, first, end):
    found = span(text)
    assert at(found.first).isoformat() == first + "+00:00"
    assert at(found.last + 1).isoformat() == end + "+00:00"


@pytest.mark.parametrize(
    "text",
    ["2015-02-30", "2015-13", "20150203", "2015-2-3", "2015-02-03T10:11Z", "2015-02-03T24:00:00Z",
     "2015-02-03T10:11:12+15:00", " 2015", "2015 ", "2015-02-03 10:11:12", "", "2015-W05", "٢٠١٥"],
)  # fmt: skip
def test_what_fhir_resources_refuses_we_refuse(text):
    with pytest.raises(ValueError, match=r"(?s).+"):
        oracle(text)
    with pytest.raises(BadDate) as refusal:
        span(text)
    assert not text.strip() or text.strip() not in str(refusal.value)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999", "1799-12-31T23:59:59Z"])
def test_placeholder_years_are_refused(text):
    with pytest.raises(BadDate, match="outside 1800 to 2299"):
        span(text)


def test_a_leap_second_is_the_next_second():
    assert span("2016-12-31T23:59:60Z") == span("2017-01-01T00:00:00Z")
    assert span("2017-01-01T00:59:60.75+01:00") == span("2017-01-01T00:00:00Z")


def test_clock_times_without_offset_are_read_in_the_given_zone():
    berlin = ZoneInfo("Europe/Berlin")
    assert span("2020-07-01T12:00:00", berlin) == span("2020-07-01T10:00:00Z")
    assert span("2020-07-01T12:00:00+00:00", berlin) == span("2020-07-01T12:00:00Z")
    assert span("2020-07-01", berlin).first == span("2020-06-30T22:00:00Z").first


@given(st.integers(0, 50), st.integers(0, 50), st.lists(st.none() | st.integers(-5, 110)))
def test_settle_stays_inside_the_span_and_takes_the_tightest_bound(first, length, bounds):
    last = first + length
    inside = [bound for bound in bounds if bound is not None and first <= bound <= last]
    assert settle(Span(first, last), *bounds) == min(inside, default=last)


def test_microseconds_of_naive_and_aware_moments():
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000
    assert microseconds(datetime(1970, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))) == -3_600_000_000
