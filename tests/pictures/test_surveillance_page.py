"""The surveillance report: made from answers only, never surer than they are."""

from __future__ import annotations

import copy
import gzip
import re
from datetime import date, timedelta
from typing import Any

import pytest

import page_samples
import surveillance_samples as samples
from nof1.core.errors import InputError, UsageError
from nof1.pictures import pages
from nof1.pictures.views import surveillance
from nof1.pictures.views.surveillance_data import COMMANDS, Report
from nof1.pictures.views.surveillance_words import direction, what_now

US, COUNTRY = samples.us(), samples.country()
PARTS = ("now", "map", "curves", "spread", "alarms", "plan", "past", "misread", "sources")


def page(data: dict[str, Any]) -> str:
    return pages.render("surveillance", data)


def changed(data: dict[str, Any], **documents: Any) -> dict[str, Any]:
    """The data with other documents; None takes one away."""
    kept = {**data["documents"], **documents}
    return {**data, "documents": {k: v for k, v in kept.items() if v is not None}}


def only(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**data, "documents": {name: data["documents"][name] for name in names}}


def line(data: dict[str, Any], head: str) -> dict[str, str]:
    return next(one for one in what_now(Report.of(data)) if one["head"] == head)


@pytest.mark.parametrize("data", [US, COUNTRY], ids=["states", "regions"])
def test_the_page_holds_every_part_in_order_and_is_small(data: dict[str, Any]) -> None:
    text = page(data)
    places = [text.index(f'aria-labelledby="{name}"') for name in PARTS]
    assert places == sorted(places)
    assert "<script" not in text  # nothing to run: it also opens where scripts are forbidden
    assert len(gzip.compress(text.encode())) < 400_000
    assert "SYNTHETIC DATA" in text
    assert "Research and education use; not a medical device." in text


def test_places_with_an_alarm_come_first_and_every_place_is_drawn() -> None:
    text = page(US)
    cards = re.findall(r'<figure class="small-card( fired)?">\s*<figcaption><strong>([^<]*)', text)
    drawn = [name for fired, name in cards]
    assert [bool(fired) for fired, _ in cards[:5]] == [True] * 5
    assert {one["name"] for one in samples.states()} <= set(drawn)
    assert "40 more places" in text


def test_the_united_states_are_drawn_only_for_their_own_codes() -> None:
    assert "us-atlas" in page(US)
    assert "us-atlas" not in page(COUNTRY)
    other = copy.deepcopy(US)
    for document in other["documents"].values():
        document["places"] = [{**one, "name": f"Region {one['id']}"} for one in document["places"]]
    text = page(other)
    assert "us-atlas" not in text
    assert "surveillance/map.geojson" in text  # what to do for a map


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_answer_says_which_command_makes_it(name: str) -> None:
    text = page(changed(US, **{name: None}))
    run = "allocate" if name == "allocation" else name
    assert f"<code>nof1 surveillance {run} influenza-admissions" in text
    assert surveillance.EMPTY[name] in text


@pytest.mark.parametrize("name", COMMANDS)
def test_one_answer_alone_makes_a_page(name: str) -> None:
    text = page(only(US, name))
    assert text.count("make this report again") == 4
    assert text.count("<h1>") == 1


def test_no_answer_at_all_is_refused_with_a_next_step() -> None:
    with pytest.raises(UsageError) as error:
        page({**US, "documents": {}})
    assert "nof1 surveillance nowcast" in str(error.value.next_step)


def test_answers_of_different_days_are_named() -> None:
    old = {**US["documents"]["alarms"], "as_of": "2024-01-06"}
    text = page(changed(US, alarms=old))
    assert "not of the same day" in text
    assert "alarms (6 Jan 2024)" in text
    assert "not of the same day" not in page(US)


def test_level_is_an_interval_and_says_what_is_reported() -> None:
    said = line(US, "Level")["text"]
    assert re.match(r"[\d,]+ to [\d,]+ \(95 % interval; best estimate [\d,]+\)", said)
    assert "in the week to 13 Jan 2024" in said
    assert "per 100,000 people" in said
    assert re.search(r"So far [\d,]+ are reported", said)


def test_days_are_added_up_to_a_week_and_the_interval_is_called_what_it_is() -> None:
    said = line(COUNTRY, "Level")["text"]
    assert "sum of daily 95 % intervals" in said
    assert "in the 7 days to 13 Jan 2024" in said
    rows = [r for r in COUNTRY["documents"]["nowcast"]["rows"] if r["place"] == "TOTAL"][-7:]
    level = Report.of(COUNTRY).level("TOTAL")
    assert level is not None
    assert level["value"] == pytest.approx(sum(row["estimate"] for row in rows))
    assert level["reported"] == sum(row["reported"] for row in rows)


def test_a_nowcast_of_days_that_has_its_week_is_taken_at_its_word() -> None:
    week = {"stratum": "", "first": "2024-01-07", "last": "2024-01-13", "reported": 900.0}
    week |= {"estimate": 1000.0, "low95": 950.0, "high95": 1100.0}
    old = {"place": "R01", **week, "estimate": None}
    made = {**COUNTRY["documents"]["nowcast"], "last_week": [{"place": "TOTAL", **week}, old]}
    data = changed(COUNTRY, nowcast=made)
    said = line(data, "Level")["text"]
    assert said.startswith("950 to 1,100 (95 % interval; best estimate 1,000) in the 7 days")
    assert Report.of(data).level("R01") is None  # not known; never the sum of what is known


def test_without_a_nowcast_the_level_warns_of_late_reports() -> None:
    said = line(changed(US, nowcast=None), "Level")
    assert said["word"] == "as reported"
    assert "Late reports are not estimated" in said["text"]


@pytest.mark.parametrize(
    ("r", "growth", "word"),
    [
        ((1.05, 1.2), (0.01, 0.06), "growing"),
        ((0.7, 0.9), (-0.09, -0.02), "shrinking"),
        ((0.95, 1.3), (0.01, 0.06), "not clear"),  # the reproduction number does not agree
        ((1.05, 1.2), (-0.01, 0.06), "not clear"),
        ((1.05, 1.2), (-0.06, -0.01), "not clear"),  # they contradict each other
        ((1.05, 1.2), None, "growing"),
        (None, (-0.09, -0.02), "shrinking"),
        (None, None, "not known"),
    ],
)
def test_a_trend_is_named_only_when_all_that_is_known_says_so(
    r: tuple[float, float] | None, growth: tuple[float, float] | None, word: str
) -> None:
    row: dict[str, Any] = {"r": None, "probability_growing": 0.96}
    if r:
        row |= {"r": sum(r) / 2, "low": r[0], "high": r[1]}
    if growth:
        row |= {
            "growth_per_day": sum(growth) / 2,
            "growth_low": growth[0],
            "growth_high": growth[1],
        }
    assert direction(row)[1] == word


def test_an_old_window_is_not_taken_for_now() -> None:
    made = copy.deepcopy(US["documents"]["transmission"])
    made["rows"] = [
        row
        for row in made["rows"]
        if row["place"] != "08" or row["date"] < samples.LAST.isoformat()
    ]
    report = Report.of(changed(US, transmission=made))
    assert report.windows["08"]
    assert report.window("08") is None
    assert "1 not known" in line(changed(US, transmission=made), "Trend")["text"]


def test_windows_without_a_reproduction_number_say_so() -> None:
    made = copy.deepcopy(US["documents"]["transmission"])
    for row in made["rows"]:
        row |= {"r": None, "low": None, "high": None, "probability_growing": 0.7}
    data = changed(US, transmission=made)
    said = line(data, "Trend")["text"]
    assert "too few cases for a reproduction number" in said
    assert "with a probability of 70 %" in said
    assert "how many each case infects" not in page(data)


def test_an_unclear_trend_has_no_doubling_time() -> None:
    rows = [
        {**row, "r": 1.1, "low": 0.5, "high": 2.0}
        for row in US["documents"]["transmission"]["rows"]
    ]
    made = {**US["documents"]["transmission"], "rows": rows}
    said = line(changed(US, transmission=made), "Trend")
    assert said["word"] == "not clear"
    assert "double" not in said["text"]


def test_no_alarm_is_never_called_safe() -> None:
    rows = [
        {**row, "status": "quiet" if row["status"] == "alarm" else row["status"]}
        for row in US["documents"]["alarms"]["rows"]
    ]
    said = line(changed(US, alarms={**US["documents"]["alarms"], "rows": rows}), "Alarms")
    assert said["word"] == "no alarm"
    assert "does not show that nothing is going on" in said["text"]
    assert "3 could not be tested" in said["text"]
    assert said["severity"] != "good"


def test_nothing_tested_is_not_no_alarm() -> None:
    rows = [{**row, "status": "not_checked"} for row in US["documents"]["alarms"]["rows"]]
    said = line(changed(US, alarms={**US["documents"]["alarms"], "rows": rows}), "Alarms")
    assert said["word"] == "not checked"


def test_alarms_say_what_would_make_them_false_and_what_was_not_tested() -> None:
    text = page(US)
    assert "These alarms would be false if:" in text
    assert text.count("Reports of two weeks came in one batch.") == 1  # told once, by letter
    assert text.count('<td data-head="false if">a, b') == 5
    assert "Fewer than 3 years of history." in text
    assert "What came before" in text


def test_a_place_that_stopped_reporting_is_not_known_on_the_map() -> None:
    nowcast = copy.deepcopy(US["documents"]["nowcast"])
    for row in nowcast["rows"]:
        if row["place"] == "08" and row["date"] == samples.LAST.isoformat():
            row |= dict.fromkeys(("estimate", "low50", "high50", "low95", "high95"))
    pictures = surveillance.maps(
        Report.of(changed(US, nowcast=nowcast)), surveillance._sheet(Report.of(US), None)
    )
    assert "Colorado: not known" in pictures[0].svg
    assert "known for 51 of 52 places" in pictures[0].description


def test_hub_files_name_the_total_us_and_it_is_the_same_total() -> None:
    other = copy.deepcopy(US)
    for row in other["documents"]["forecast"]["rows"]:
        row["place"] = "US" if row["place"] == "TOTAL" else row["place"]
    assert Report.of(other).places == Report.of(US).places
    assert line(other, "Trend") == line(US, "Trend")


def test_a_daily_nowcast_and_a_weekly_forecast_are_two_charts() -> None:
    weekly = copy.deepcopy(COUNTRY["documents"]["forecast"])
    weekly["observed"] = [
        {"place": "TOTAL", "date": (samples.LAST - timedelta(days=7 * i)).isoformat(), "value": 900}
        for i in range(20)
    ]
    weekly["rows"] = [
        {**row, "target_end_date": (samples.LAST + timedelta(days=7 * row["horizon"])).isoformat()}
        for row in weekly["rows"]
        if row["horizon"] <= 3
    ]
    data = changed(COUNTRY, forecast=weekly)
    charts = surveillance.fans(Report.of(data), samples.LAST)
    assert [len(chart.table.rows) for chart in charts] == [60, 23]
    assert charts[1].title == "All places: forecast by week"
    assert "The forecast counts weeks and is in the table." in page(data)


def test_a_forecast_that_begins_before_the_newest_estimate_is_cut_to_what_is_new() -> None:
    report = Report.of(US)
    past, _ = report.curve("TOTAL")
    early = [
        {**row, "target_end_date": past[-1]["date"].isoformat()} for row in report.rows("forecast")
    ]
    made = {**US["documents"]["forecast"], "rows": early}
    assert Report.of(changed(US, forecast=made)).curve("TOTAL")[1] == []


def test_places_asked_for_narrow_tables_but_not_the_total() -> None:
    text = page({**US, "only": ["08", "56"]})
    cards = re.findall(r'<figure class="small-card[^"]*">\s*<figcaption><strong>([^<]*)', text)
    assert set(cards) == {"Colorado", "Wyoming"}
    assert "Tables and small curves show only" in text
    assert line({**US, "only": ["08"]}, "Level") == line(US, "Level")
    with pytest.raises(UsageError, match="'XX'"):
        page({**US, "only": ["XX"]})


def test_a_single_place_is_its_own_total() -> None:
    one = {}
    for name, document in US["documents"].items():
        rows = [row for row in document["rows"] if row["place"] == "48"]
        one[name] = {
            **document,
            "rows": rows,
            "places": [p for p in document["places"] if p["id"] == "48"],
        }
    said = line({**US, "documents": one}, "Level")
    assert said["word"] == "estimated"


def test_performance_is_said_in_counts_and_too_narrow_is_a_warning() -> None:
    text = page(US)
    assert "91 of 100" in text
    assert "too narrow: trust them less" in text
    assert "does not help" in text  # the member without which the score is better
    forecast = {**US["documents"]["forecast"], "past": None, "members": []}
    nowcast = {**US["documents"]["nowcast"], "past": None}
    assert "Nothing here says how good" in page(changed(US, forecast=forecast, nowcast=nowcast))


def test_the_plan_stands_beside_others_and_its_regret() -> None:
    text = page(US)
    assert text.count('class="need"') == 52
    assert "proportional to population" in text
    assert "Regret in past weeks" in text
    assert "fairness floor" in text


def test_activity_against_past_seasons_joins_the_level() -> None:
    rows = [{"place": "08", "level": "very high"}, {"place": "56", "level": "low"}]
    made = {
        "signal": "x",
        "as_of": "2024-01-13",
        "rows": [*rows, {"place": "48", "level": "not known"}],
    }
    said = line(changed(US, activity=made), "Level")["text"]
    assert "Against their own past seasons 1 of 2 places are high or very high." in said


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("nowcast", {"rows": [{"place": "a"}]}),
        ("nowcast", {"step_days": 3}),
        ("transmission", {"rows": None}),
        ("alarms", {"rows": [{"place": "a", "date": "2024-01-13"}]}),
        ("forecast", {"rows": [{"place": "a", "quantiles": {}}]}),
        ("allocation", {"rows": [{"place": "a", "need_median": 3}]}),
    ],
)
def test_an_answer_that_lacks_something_is_refused_by_name(name: str, broken: Any) -> None:
    bad = {**US["documents"][name], **broken}
    with pytest.raises(InputError) as error:
        page(changed(US, **{name: bad}))
    assert error.value.where == f"{name}.json"
    assert "nof1 surveillance" in str(error.value.next_step)


def test_a_date_that_is_none_is_refused() -> None:
    bad = copy.deepcopy(US["documents"]["nowcast"])
    bad["rows"][0]["date"] = "yesterday"
    with pytest.raises(InputError, match="date"):
        page(changed(US, nowcast=bad))


def test_empty_rows_make_a_page_and_no_promise() -> None:
    none = {**US, "documents": {k: {**v, "rows": []} for k, v in US["documents"].items()}}
    for key in ("history", "clusters"):
        none["documents"]["alarms"][key] = []
    none["documents"]["forecast"] |= {"observed": [], "members": []}
    text = page(none)
    assert "not known" in text
    assert "nof1 surveillance nowcast" in text


def test_the_listing_has_a_row_for_the_total_and_each_place() -> None:
    head, rows = surveillance.listing(US)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["place"] for row in table[:1]] == ["TOTAL"]
    assert len(table) == 53
    colorado = next(row for row in table if row["name"] == "Colorado")
    assert colorado["week_to"] == samples.LAST
    assert colorado["forecast_day"] == date(2024, 2, 3)
    assert colorado["forecast_low90"] <= colorado["forecast_median"] <= colorado["forecast_high90"]
    assert {row["alarm"] for row in table} == {"alarm", "quiet", "not_checked", None}


def test_three_thousand_places_make_a_page_that_still_opens() -> None:
    places = [{"id": f"C{i:04d}", "name": f"County {i}", "population": 1000} for i in range(3000)]
    rows = [
        {
            "place": one["id"],
            "stratum": "",
            "date": "2024-01-13",
            "observed": i % 7,
            "estimate": None,
        }
        | {"expected": 2.0, "upper": 6.0, "p": 0.2, "q": 0.5, "status": "quiet", "false_if": []}
        for i, one in enumerate(places)
    ]
    for row in rows[:200]:
        row["status"] = "alarm"
    document = {**US["documents"]["alarms"], "places": places, "rows": rows, "history": []}
    text = page({**only(US, "alarms"), "documents": {"alarms": {**document, "clusters": []}}})
    assert "140 more alarms are in the JSON" in text
    assert len(gzip.compress(text.encode())) < 400_000


def test_the_sample_of_the_shared_tests_is_the_invented_country() -> None:
    assert page_samples.ALL["surveillance"]()["signal"] == "fever"
