"""Hub rows: written, read back, refused."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from hub_samples import REFERENCE, forecast
from nof1.core.errors import InputError
from nof1.surveillance.hub import rows
from nof1.surveillance.hub.validate import validate


def test_the_table_has_the_hubs_columns_and_dates():
    made = rows.table(forecast())
    assert tuple(made.columns) == rows.COLUMNS
    assert made.height == 3 * 4 * 23
    row = made.filter((pl.col("location") == "06") & (pl.col("horizon") == 2)).row(11, named=True)
    assert row["target_end_date"] == date(2024, 1, 20)
    assert (row["output_type_id"], row["target"]) == ("0.5", "wk inc flu hosp")
    assert row["value"] == 300.0


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_written_reads_back_and_passes_the_validator(tmp_path, ending):
    path = rows.write([forecast()], tmp_path / f"{REFERENCE}-team-flat.{ending}")
    (back,) = rows.read(path)
    assert (back.model, back.reference_date) == ("team-flat", REFERENCE)
    assert (back.places, back.horizons) == (("US", "01", "06"), (0, 1, 2, 3))
    assert back.quantiles == pytest.approx(forecast().quantiles, abs=1e-4)
    assert validate(path).faults == []


def test_leading_zeros_survive_the_file(tmp_path):
    path = rows.write([forecast()], tmp_path / "a.csv")
    assert ",06," in path.read_text()
    assert rows.read(path)[0].places[2] == "06"


def test_several_reference_dates_come_oldest_first(tmp_path):
    later = forecast(reference=date(2024, 1, 13))
    path = rows.write([later, forecast()], tmp_path / "season.csv")
    assert [one.reference_date.day for one in rows.read(path)] == [6, 13]


def test_rows_of_other_types_are_left_alone(tmp_path):
    path = rows.write([forecast()], tmp_path / "a.csv")
    extra = "2024-01-06,01,0,wk flu hosp rate change,2024-01-06,pmf,stable,0.4\n"
    path.write_text(path.read_text() + extra)
    assert len(rows.read(path)) == 1


def test_a_forecast_that_lacks_a_horizon_is_nan_there(tmp_path):
    path = rows.write([forecast()], tmp_path / "a.csv")
    kept = [
        line for line in path.read_text().splitlines() if not line.startswith("2024-01-06,01,3")
    ]
    path.write_text("\n".join(kept) + "\n")
    (back,) = rows.read(path)
    assert np.isnan(back.quantiles[1, 3]).all()
    assert not np.isnan(back.quantiles[1, 2]).any()


def test_a_horizon_that_is_not_there_is_named():
    assert forecast().at(1).shape == (3, 23)
    with pytest.raises(InputError, match="no horizon 7"):
        forecast().at(7)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda q: np.where(q > 0, np.nan, q), "missing"),
        (lambda q: -q - 1, "negative"),
        (lambda q: q[:, :, ::-1], "crossing"),
    ],
)
def test_quantiles_that_no_hub_takes_are_not_written(spoil, word):
    bad = replace(forecast(), quantiles=spoil(forecast().quantiles))
    with pytest.raises(InputError, match=f"3 places have {word} quantiles: US, 01, 06"):
        rows.table(bad)


def test_a_reference_date_must_be_a_saturday():
    with pytest.raises(InputError, match="2024-01-03 is not a Saturday"):
        rows.table(forecast(reference=date(2024, 1, 3)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "lacks the columns reference_date"),
        (",".join(rows.COLUMNS) + "\n", "no quantile forecasts"),
        (
            ",".join(rows.COLUMNS) + "\n2024-01-06,01,one,t,2024-01-06,quantile,0.5,3\n",
            "cannot be read",
        ),
        (
            ",".join(rows.COLUMNS) + "\n2024-01-06,01,1,t,2024-01-13,quantile,0.5,3\n",
            "1 forecasts lack some of the 23 quantiles",
        ),
    ],
)
def test_unreadable_files_name_the_validator(tmp_path, text, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        rows.read(path)
    assert "nof1 surveillance validate a.csv" in caught.value.next_step


def test_files_of_takes_files_and_folders(tmp_path):
    rows.write([forecast()], tmp_path / "in" / "a.csv")
    found = rows.files_of([tmp_path / "in", tmp_path / "in" / "a.csv"])
    assert [one.name for one in found] == ["a.csv", "a.csv"]
    with pytest.raises(InputError, match="no such file"):
        rows.files_of([tmp_path / "nowhere.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no forecast file"):
        rows.files_of([tmp_path / "empty"])
