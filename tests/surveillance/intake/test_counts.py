"""Tables of numbers in the layouts that people have."""

from datetime import date

import pytest

from intake_samples import write
from nof1.core.errors import InputError
from nof1.surveillance.intake import counts
from nof1.surveillance.intake.tables import read
from shared_data import needs


def numbers(tmp_path, text, said=None, **more):
    return counts.read(read(write(tmp_path, text)), said or {}, **more)


def cells(done):
    return [(r["place"], str(r["date"]), r["value"]) for r in done.rows.to_dicts()]


def test_target_data(tmp_path):
    done = numbers(tmp_path, "date,location,value\n2024-01-06,06,5\n2024-01-06,US,NA\n")
    assert cells(done) == [("06", "2024-01-06", 5.0), ("US", "2024-01-06", None)]
    assert not done.has_report


def test_hubverse_time_series_with_versions(tmp_path):
    text = (
        "target_end_date,location,target,observation,as_of\n"
        "2024-01-06,06,wk inc flu hosp,5,2024-01-10\n2024-01-06,06,wk inc flu hosp,6,2024-01-17\n"
        "2024-01-06,06,wk inc covid hosp,9,2024-01-10\n"
    )
    done = numbers(tmp_path, text, target="wk inc flu hosp")
    assert done.rows["value"].to_list() == [5, 6]
    assert done.rows["known_on"].to_list() == [date(2024, 1, 10), date(2024, 1, 17)]
    with pytest.raises(InputError, match="several targets") as caught:
        numbers(tmp_path, text)
    assert caught.value.allowed == ["wk inc covid hosp", "wk inc flu hosp"]
    with pytest.raises(InputError, match="no such target"):
        numbers(tmp_path, text, target="flu")


def test_a_forecast_is_no_data(tmp_path):
    text = (
        "reference_date,location,horizon,target,target_end_date,output_type,output_type_id,value\n"
        "2024-01-06,06,0,wk inc flu hosp,2024-01-06,quantile,0.5,7\n"
    )
    with pytest.raises(InputError, match="This is a forecast"):
        numbers(tmp_path, text)


def test_a_triangle_by_report_day_or_by_delay(tmp_path):
    by_day = "reference_date,location,count,report_date\n2024-01-06,A,5,2024-01-08\n"
    by_delay = "reference_date,location,count,delay\n2024-01-06,A,5,2\n"
    for text in (by_day, by_delay):
        done = numbers(tmp_path, text)
        assert done.has_report
        assert done.rows["reported"].to_list() == [date(2024, 1, 8)]


def test_the_german_file(tmp_path):
    table = read(needs("surveillance/nowcast/germany_covid19_hosp.csv.gz"))
    done = counts.read(table, {})
    assert done.rows.height == 63_140
    assert done.has_report
    assert done.own_total  # "00+" is the total
    assert done.rows["stratum"].n_unique() == 7
    assert done.aside.height == 0


def test_years_and_weeks_are_mmwr_weeks_by_default(tmp_path):
    text = "year,week,location,cases\n2020,53,A,5\n2021,53,A,6\n2021,1,A,7\n"
    done = numbers(tmp_path, text)
    assert cells(done) == [("A", "2021-01-02", 5.0), ("A", "2021-01-09", 7.0)]
    assert done.aside["reason"].to_list() == ["the year has no such week"]
    iso = numbers(tmp_path, text, system="iso")
    assert cells(iso)[0] == ("A", "2021-01-03", 5.0)


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("ILINet", "%UNWEIGHTED ILI", 26_273),
        ("WHO_NREVSS_Clinical_Labs", "PERCENT POSITIVE", 12_366),
    ],
)
def test_files_of_fluview(name, value, rows):
    done = counts.read(read(needs(f"surveillance/ili/{name}.csv.gz")), {})
    assert done.rows.height == rows
    assert done.unit == "%"
    assert any(f"value={value}" in note for note in done.notes)
    assert any("passed over 1 title line" in note for note in done.notes)
    alabama = done.rows.filter(done.rows["place"] == "Alabama").sort("date")
    assert alabama["date"][0] in (date(2010, 10, 9), date(2015, 10, 10))  # week 40 of both years


def test_an_unreadable_number_is_set_aside(tmp_path):
    done = numbers(tmp_path, "date,location,value\n2024-01-06,A,many\n2024-01-13,A,5\n")
    assert done.aside.rows() == [("file.csv", 1, "the value is no number")]


def test_reports_are_whole_and_values_are_possible(tmp_path):
    text = (
        "date,location,count,report_date\n2024-01-06,A,5.5,2024-01-07\n2024-01-06,B,5,2024-01-07\n"
    )
    done = numbers(tmp_path, text)
    assert done.aside["reason"].to_list() == ["the number of reports is not whole"]
    done = numbers(tmp_path, "date,location,value\n2024-01-06,A,1e13\n2024-01-13,A,5.5\n")
    assert done.aside["reason"].to_list() == ["the value is too large"]


def test_reported_before_the_day_it_is_about(tmp_path):
    text = "date,location,count,report_date\n2024-01-06,A,5,2024-01-05\n2024-01-06,A,5,2024-01-07\n"
    assert numbers(tmp_path, text).aside["reason"].to_list() == [
        "reported before the day it is about"
    ]


def test_a_repeated_number_counts_once_and_a_conflict_is_set_aside(tmp_path):
    rows = "".join(f"2024-01-06,P{n},{n}\n" for n in range(20))
    done = numbers(tmp_path, "date,location,value\n" + rows + "2024-01-06,P3,3\n2024-01-06,P4,9\n")
    assert done.rows.height == 19
    assert done.aside["row"].to_list() == [5, 22]
    assert any("1 rows repeat a number" in note for note in done.notes)


def test_a_column_that_splits_the_numbers_is_asked_for(tmp_path):
    rows = "".join(f"2024-01-06,P{n},m,{n}\n2024-01-06,P{n},f,{n + 1}\n" for n in range(9))
    text = "date,location,who,value\n" + rows
    with pytest.raises(InputError, match="9 combinations") as caught:
        numbers(tmp_path, text)
    assert "--column stratum=NAME" in caught.value.next_step
    done = numbers(tmp_path, text, {"stratum": "who"})
    assert done.rows["stratum"].unique().sort().to_list() == ["f", "m"]
    assert not done.own_total
