"""Every fault a newcomer makes is named, counted and explained; a good file passes."""

import polars as pl
import pytest

from hub_samples import REFERENCE, forecast
from nof1.core.errors import InputError
from nof1.surveillance.hub import rows
from nof1.surveillance.hub.tasks import flusight
from nof1.surveillance.hub.validate import validate

NAME = "2024-01-06-team-flat.csv"


@pytest.fixture
def good(tmp_path):
    return rows.write([forecast(flusight().locations)], tmp_path / NAME)


def spoiled(path, change):
    """The file with ``change`` applied to its text."""
    path.write_text(change(path.read_text()))
    return validate(path)


def cells(change):
    """A change of the table, written as text again."""

    def apply(text):
        table = pl.read_csv(text.encode(), infer_schema=False)
        return change(table).write_csv()

    return apply


def first(column, value, count=1):
    """The first ``count`` cells of a column set to ``value``."""
    spot = pl.int_range(pl.len()) < count
    return cells(
        lambda t: t.with_columns(pl.when(spot).then(pl.lit(value)).otherwise(column).alias(column))
    )


def test_a_good_file_passes(good):
    report = validate(good)
    assert report.ok
    assert (report.rows, report.forecasts) == (53 * 4 * 23, 53 * 4)
    assert report.to_dict()["faults"] == []
    assert report.notes == []


FAULTS = [
    ("column_missing", cells(lambda t: t.drop("target")), "'target' is missing"),
    ("column_extra", cells(lambda t: t.with_columns(note=pl.lit("x"))), "extra column 'note'"),
    ("column_name", cells(lambda t: t.rename({"location": "Location "})), "named 'location'"),
    ("column_name", cells(lambda t: t.rename({"horizon": "horizn"})), "named 'horizon'"),
    ("column_name", cells(lambda t: t.rename({"output_type_id": "quantile"})), "output_type_id"),
    ("column_extra", cells(lambda t: t.with_row_index("X")), "row numbers"),
    ("not_saturday", lambda s: s.replace("2024-01-06,", "2024-01-03,"), "not a Saturday"),
    ("end_date", first("target_end_date", "2024-01-13", 4), "4 rows have a target_end_date"),
    ("date_format", first("reference_date", "06/01/2024"), "'06/01/2024'"),
    ("date_format", first("target_end_date", "2024-13-45"), "'2024-13-45'"),
    ("date_format", first("reference_date", "0000-01-01"), "'0000-01-01'"),
    ("many_dates", first("reference_date", "2024-01-13", 23), "2 reference dates"),
    ("file_date", lambda s: s.replace("2024-01-06,", "2024-01-13,"), "name says 2024-01-06"),
    ("horizon_text", first("horizon", "1 wk ahead"), "'1 wk ahead'"),
    ("horizon_text", first("horizon", "1.0"), "'1.0'"),
    ("horizon_range", first("horizon", "9", 23), "23 values of horizon"),
    ("leading_zero", cells(lambda t: t.with_columns(pl.col("location").str.strip_chars_start("0"))),
     "without their leading zero: '1', '2', '4' and 4 other values"),
    ("location", first("location", "California"), "'California'"),
    ("location", first("location", "us"), "'us'"),
    ("levels_missing", cells(lambda t: t.filter(pl.col("output_type_id") != "0.975")),
     "212 forecasts lack quantile levels, 212 in all"),
    ("level_rounding", first("output_type_id", "0.0100000001"), "'0.0100000001'"),
    ("spaces", first("output_type_id", "0.01 "), "'0.01 '"),
    ("level", first("output_type_id", "10%"), "'10%'"),
    ("crossing", first("value", "99999"), "1 forecasts have quantiles that cross"),
    ("negative", first("value", "-3"), "1 values of value below 0"),
    ("value_missing", first("value", "NaN"), "missing or not finite: 'NaN'"),
    ("value_missing", first("value", ""), "missing or not finite: ''"),
    ("value_missing", first("value", "Inf"), "'Inf'"),
    ("decimal_comma", first("value", "0,5"), "'0,5'"),
    ("value_text", first("value", "12 people"), "'12 people'"),
    ("duplicate", cells(lambda t: pl.concat([t, t.head(5)])), "5 rows repeat"),
    ("target", first("target", "wk inc flu hosps"), "'wk inc flu hosps'"),
    ("output_type", first("output_type", "quantiles"), "'quantiles'"),
    ("separator", lambda s: s.replace(",", ";"), "separated by semicolons"),
    ("separator", lambda s: s.replace(",", "\t"), "separated by tabs"),
    ("cells", lambda s: s.replace(",0.01,", ",0,01,", 2), "2 rows do not have the header's 8"),
    ("empty", lambda s: "", "The file is empty"),
    ("no_rows", lambda s: s.splitlines()[0] + "\n", "no rows of quantiles"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "change", "words"), FAULTS, ids=[f"{f[0]}-{i}" for i, f in enumerate(FAULTS)]
)
def test_each_fault_is_named(good, code, change, words):
    report = spoiled(good, change)
    faults = [one for one in report.faults if one.code == code]
    assert faults, [one.code for one in report.faults]
    assert words in faults[0].what
    assert faults[0].allowed
    assert faults[0].next_step
    assert faults[0].where


@pytest.mark.parametrize(
    ("code", "change"),
    [(f[0], f[1]) for f in FAULTS if f[0] in ("horizon_text", "spaces", "negative", "separator")],
)
def test_one_mistake_is_one_fault(good, code, change):
    """A bad cell is told once: the rules that build on it stay silent."""
    codes = {one.code for one in spoiled(good, change).faults}
    assert codes - {"levels_missing"} == {code}


def test_all_faults_are_collected_and_counted(good):
    text = good.read_text().replace(",06,", ",6,").replace("wk inc flu hosp", "flu hosp")
    good.write_text(text.replace("quantile,0.1,", "quantile,0.10000001,"))
    found = {one.code: one.count for one in validate(good).faults}
    assert found == {"target": 4876, "leading_zero": 92, "level_rounding": 212}


def test_lines_are_those_an_editor_shows(good):
    lines = good.read_text().splitlines()
    at = 100
    lines[at - 1] = lines[at - 1].rpartition(",")[0] + ",-1"
    good.write_text("\n".join(lines) + "\n")
    (where,) = [one.where for one in validate(good).faults if one.code == "negative"]
    assert where == "column value, line 100"


@pytest.mark.parametrize(
    "name", ["forecast.csv", "2024-01-06-team.csv", "2024-1-6-team-a.csv", "2024-01-06-a-b-c.csv"]
)
def test_file_names_follow_the_pattern(tmp_path, name):
    path = rows.write([forecast(flusight().locations)], tmp_path / name)
    assert [one.code for one in validate(path).faults] == ["file_name"]


def test_missing_places_are_a_note_not_a_fault(tmp_path):
    report = validate(rows.write([forecast()], tmp_path / NAME))
    assert report.ok
    assert "50 of 53 places (02, 04" in report.notes[0]


def test_other_output_types_are_noted(good):
    extra = "2024-01-06,01,0,wk flu hosp rate change,2024-01-06,pmf,stable,0.4\n"
    report = spoiled(good, lambda text: text + extra)
    assert report.ok
    assert "1 rows of other output types (pmf)" in report.notes[0]


def test_trailing_zeros_of_levels_are_a_note(good):
    report = spoiled(good, lambda text: text.replace("quantile,0.1,", "quantile,0.10,"))
    assert report.ok
    assert "'0.10'" in report.notes[0]


def test_other_places_can_be_allowed(tmp_path):
    path = rows.write([forecast(("north", "south"))], tmp_path / NAME)
    assert not validate(path).ok
    assert validate(path, flusight().for_places(("north", "south"))).ok
    assert validate(path, flusight().for_places(None)).ok


def test_an_excel_file_and_latin_1_are_named(tmp_path):
    book = tmp_path / "2024-01-06-team-a.csv"
    book.write_bytes(b"PK\x03\x04" + b"\0" * 40)
    assert "an Excel workbook" in validate(book).faults[0].what
    book.write_bytes("reference_date,location\n2024-01-06,Região\n".encode("latin-1"))
    assert validate(book).faults[0].code == "not_utf8"
    book.write_bytes(b"reference_date,location\n\0\0\n")
    assert validate(book).faults[0].code == "not_text"


def test_parquet_is_checked_too(tmp_path):
    path = tmp_path / "2024-01-06-team-flat.parquet"
    table = rows.table(forecast(flusight().locations)).with_columns(
        pl.col("output_type_id").cast(pl.Float64)
    )
    table.write_parquet(path)
    assert validate(path).ok
    table.with_columns(value=-pl.col("value") - 1).write_parquet(path)
    assert "negative" in {one.code for one in validate(path).faults}
    path.write_text("nothing")
    assert validate(path).faults[0].code == "not_parquet"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        validate(tmp_path / f"{REFERENCE}-team-none.csv")
