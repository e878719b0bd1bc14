"""``nof1 surveillance import|quality|publish`` as people and programs meet them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from intake_samples import FIVE_CASES, weekly, write
from nof1.cli.surveillance_intake import import_, publish, quality
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import create

WEEKS = {"2024-01-06": {"6": 5, "36": 1}, "2024-01-13": {"6": 70, "36": 20}}
PLACES = "location,location_name,population\n06,California,39000000\n36,New York,20000000\n"


@pytest.fixture
def folder(tmp_path):
    create(tmp_path / "ws")
    return tmp_path


def call(command, folder, *arguments):
    done = CliRunner().invoke(command, ["-w", str(folder / "ws"), *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def as_json(command, folder, *arguments):
    done = call(command, folder, "--json", *arguments)
    return done.exit_code, json.loads(done.stdout)


def test_import_of_a_target_file_with_places(folder):
    target, listed = write(folder, weekly(WEEKS)), write(folder, PLACES, "l.csv")
    options = ("--signal", "flu", "--title", "flu admissions", "--locations", listed)
    code, data = as_json(import_, folder, target, *options)
    assert code == 0
    assert data["schema"] == "nof1/surveillance-import/1"
    assert [place["id"] for place in data["places"]] == ["06", "36"]
    assert (data["new"], data["changed"], data["set_aside"]) == (4, 0, 0)
    assert data["title"] == "flu admissions"
    text = call(import_, folder, target, *options)
    assert "Nothing changed: the store knew all of it." in text.stdout
    assert max(map(len, text.stdout.splitlines())) <= 80


def test_rows_set_aside_give_exit_code_1_and_are_shown_without_values(folder):
    rows = FIVE_CASES + "SECRET,2024-03-09,2024-03-01,A,4,no\n"
    path = write(folder, rows)
    code, data = as_json(import_, folder, path, "--signal", "cases")
    assert code == 1
    assert data["reasons"] == [
        {"file": "file.csv", "reason": "reported before the onset day", "rows": 1, "first": [6]}
    ]
    kept = folder / "ws" / "surveillance" / data["quarantine"]
    assert kept.read_text().splitlines()[1] == "file.csv,6,reported before the onset day"
    text = call(import_, folder, path, "--signal", "cases")
    assert "SET ASIDE" in text.stdout
    assert "SECRET" not in text.stdout + json.dumps(data)
    audit = (folder / "ws" / "audit" / "audit.jsonl").read_text()
    assert "surveillance import" in audit
    assert "SECRET" not in audit


def test_the_map_is_kept(folder):
    shape = '{"type":"FeatureCollection","features":[{"properties":{"id":"A"}}]}'
    borders = write(folder, shape, "m.geojson")
    call(import_, folder, write(folder, FIVE_CASES), "--signal", "s", "--map", borders)
    assert (folder / "ws" / "surveillance" / "map.geojson").read_text() == shape


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--column", "sun=x", "role=name"),
        ("--count-on", "birthday", "A day is not known"),
        ("--ages", "0,x", "no numbers"),
        ("--ages", "5,10", "ascend"),
        ("--date-format", "american", "date format"),
        ("--signal", "a/b", "characters"),
        ("--known-on", "2999-01-01", "lies in the future"),
    ],
)
def test_wrong_options_are_refused(folder, option, value, words):
    path = write(folder, FIVE_CASES)
    with pytest.raises(UsageError, match=words):
        call(import_, folder, path, "--signal", "s", option, value)


def test_a_synthetic_workspace_marks_its_signals(tmp_path):
    create(tmp_path / "ws", synthetic=True)
    code, data = as_json(import_, tmp_path, write(tmp_path, FIVE_CASES), "--signal", "s")
    assert (code, data["synthetic"]) == (0, True)
    assert "SYNTHETIC" in call(quality, tmp_path, "s").stdout


def test_quality_is_kept_and_told_in_80_columns(folder):
    call(import_, folder, write(folder, FIVE_CASES), "--signal", "s")
    code, data = as_json(quality, folder, "s")
    assert code == (1 if data["attention"] else 0) == 1
    kept = folder / "ws" / "surveillance" / "answers" / "s" / "quality.json"
    assert json.loads(kept.read_text()) == data
    text = call(quality, folder, "s").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "WARNING short history" in text
    assert "-> forecast:" in text
    with pytest.raises(InputError, match="Nothing of this signal was known"):
        call(quality, folder, "s", "--as-of", "2024-01-01")


def test_publish_hides_or_adds_noise_and_says_so(folder):
    call(import_, folder, write(folder, FIVE_CASES), "--signal", "s")
    out = folder / "out.csv"
    code, data = as_json(publish, folder, "s", "--out", out)
    assert code == 0
    assert data["privacy"]["k"] == 5
    assert data["privacy"]["hidden"] > 0
    assert out.read_text().splitlines()[0] == "place,stratum,date,count,status"
    assert json.loads(Path(f"{out}.about.json").read_text()) == data
    assert "are hidden" in call(publish, folder, "s", "--out", out).stdout
    for total in (0.5, 1.0):
        _, data = as_json(publish, folder, "s", "--out", out, "--epsilon", "0.5")
        assert data["privacy"]["epsilon"] <= 0.5
        assert data["privacy"]["epsilon_all_releases"] == pytest.approx(total, rel=1e-3)
        assert "one case" in data["privacy"]["unit_of_privacy"]
    text = call(publish, folder, "s", "--out", out, "--epsilon", "0.5").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "OpenDP" in text
    with pytest.raises(UsageError, match="epsilon"):
        call(publish, folder, "s", "--out", out, "--epsilon", "0")
    with pytest.raises(UsageError, match="folder of the file"):
        call(publish, folder, "s", "--out", folder / "none" / "x.csv", "--epsilon", "1")
