"""``nof1 knowledge rules``, ``own`` and ``review`` as people and programs meet them."""

import json

import pytest

from nof1.cli import main
from nof1.core import audit
from nof1.core.workspace import create


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in ("knowledge", *arguments)])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws")


REVIEW = ("--by", "A. Person", "--role", "clinical pharmacist", "--until", "2099-11-25")


def test_rules_counts_what_is_reviewed_and_shows_rows(capsys, workspace):
    code, out, _ = run(capsys, "rules", "--json", "-w", workspace.root)
    tables = json.loads(out)["tables"]
    assert code == 0
    assert tables["laboratory.tsv"]["rules"] > 100
    assert {one["reviewed"] for one in tables.values()} == {0}
    code, out, _ = run(
        capsys, "rules", "laboratory.tsv", "--find", "thyroid hormone", "--json", "-w",
        workspace.root,
    )  # fmt: skip
    (row,) = json.loads(out)["rows"]
    assert (row["row"]["measurement"], row["reviewer"], len(row["key"])) == ("TSH", "", 12)
    assert row["valid_until"] > "2026"
    _, out, _ = run(capsys, "rules", "laboratory.tsv", "--find", "TSH", "-w", workspace.root)
    assert "reviewed by  nobody" in out


def test_a_review_is_recorded_and_logged_without_its_name(capsys, workspace):
    code, out, _ = run(
        capsys, "review", "laboratory.tsv", "--find", "TSH", *REVIEW, "-w", workspace.root
    )
    assert code == 0
    assert "reviews of laboratory.tsv recorded" in out
    *_, entry = audit.entries(workspace.audit)
    assert entry["action"] == "knowledge review"
    assert "A. Person" not in str(entry)
    _, out, _ = run(capsys, "rules", "laboratory.tsv", "--find", "TSH", "-w", workspace.root)
    assert "A. Person (clinical pharmacist)" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("review", "laboratory.tsv", *REVIEW),
        ("review", "laboratory.tsv", "--find", "TSH", "--whole", *REVIEW),
        ("review", "laboratory.tsv", "--find", "zorblax", *REVIEW),
        ("review", "nosuch.tsv", "--find", "TSH", *REVIEW),
        ("review", "laboratory.tsv", "--find", "TSH", *REVIEW[:-1], "1999-01-01"),
        ("own", "../nof1.toml"),
        ("rules", "nosuch.tsv"),
    ],
)
def test_what_cannot_be_is_refused_by_name(capsys, workspace, arguments):
    code, _, err = run(capsys, *arguments, "-w", workspace.root)
    assert code == 2
    assert "Traceback" not in err
    assert not (workspace.knowledge / "reviews.tsv").exists()


def test_a_table_of_the_workspace_is_not_written_over(capsys, workspace):
    assert run(capsys, "own", "age.tsv", "-w", workspace.root)[0] == 0
    code, _, err = run(capsys, "own", "age.tsv", "-w", workspace.root)
    assert (code, "already" in err) == (2, True)
