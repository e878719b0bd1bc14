"""``nof1 surveillance report``: kept answers in, a page with its twins out."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import surveillance_samples as samples
from nof1.cli import printing
from nof1.cli.surveillance_report import report
from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import create
from nof1.surveillance import answers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace in which all commands but forecast were run."""
    made = create(tmp_path / "ws", synthetic=True).root
    data = samples.country()
    for name, document in data["documents"].items():
        if name != "forecast":
            answers.keep(made / "surveillance", document)
    (made / "surveillance" / "map.geojson").write_text(json.dumps(data["map"]), encoding="utf-8")
    return made


def told(root: Path, *arguments: str) -> str:
    done = CliRunner().invoke(report, ["fever", "--workspace", str(root), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def error(root: Path, *arguments: str) -> Any:
    return CliRunner().invoke(report, [*arguments, "--workspace", str(root)]).exception


def test_page_json_and_csv_are_written_into_the_reports(root: Path) -> None:
    text = told(root)
    page = root / "reports" / "surveillance-fever.html"
    html = page.read_text(encoding="utf-8")
    data = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    with page.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert data["schema"] == "nof1/surveillance-report/1"
    assert set(data["documents"]) == {"nowcast", "transmission", "alarms", "allocation"}
    assert rows[0]["place"] == "TOTAL"
    assert len(rows) == 41
    assert 'href="surveillance-fever.csv"' in html
    assert "Outlines: map.geojson" in html
    assert "nof1 surveillance forecast fever" in text
    assert "Level (estimated)" in text
    assert max(map(len, text.splitlines())) <= 80 + len(str(page))


def test_text_fits_eighty_columns(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    text = told(root, "--out", "r.html")
    assert max(map(len, text.splitlines())) <= 80
    assert "Written: r.csv" in text


def test_json_names_the_files_and_what_is_missing(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "week 2.html"
    data = json.loads(told(root, "--out", str(out), "--json"))
    assert data["schema"] == "nof1/surveillance-report-files/1"
    assert data["missing"] == ["forecast", "activity"]
    assert data["synthetic"]
    assert data["as_of"] == "2024-01-13"
    assert all(Path(data[name]).is_file() for name in ("page", "data", "table"))


def test_a_page_for_two_places(root: Path) -> None:
    told(root, "--place", "R03", "--place", "R05")
    with (root / "reports" / "surveillance-fever.csv").open(encoding="utf-8") as file:
        assert {row["place"] for row in csv.DictReader(file)} == {"TOTAL", "R03", "R05"}
    assert isinstance(error(root, "fever", "--place", "R99"), UsageError)


def test_an_unknown_signal_and_one_without_answers(root: Path) -> None:
    assert "There is no signal" in str(error(root, "cholera"))
    assert "characters" in str(error(root, "../../etc"))


def test_a_damaged_answer_or_map_is_named(root: Path) -> None:
    place = root / "surveillance" / "map.geojson"
    for text in ("{", '{"type": "Feature"}', "[]"):
        place.write_text(text, encoding="utf-8")
        assert isinstance(error(root, "fever"), InputError)
    place.unlink()
    kept = root / "surveillance" / "answers" / "fever" / "alarms.json"
    kept.write_text('{"rows": [{}]}', encoding="utf-8")
    found = error(root, "fever")
    assert isinstance(found, InputError)
    assert "alarms" in str(found)


def test_the_pdf_is_printed_from_the_page(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Path]] = []
    monkeypatch.setattr(printing, "to_pdf", lambda page, pdf: asked.append((page, pdf)))
    text = told(root, "--pdf", str(tmp_path / "r.pdf"))
    assert asked == [(root / "reports" / "surveillance-fever.html", tmp_path / "r.pdf")]
    assert "r.pdf" in text
