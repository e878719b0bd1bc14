"""``nof1 knowledge`` as people and programs meet it."""

import json

import pytest

import release_samples as samples
from nof1.cli import main
from nof1.core import audit
from nof1.core.workspace import create
from nof1.knowledge.base import sources
from nof1.knowledge.renewal import forget
from release_samples import edit


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in ("knowledge", *arguments)])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


@pytest.fixture
def workspace(tmp_path):
    return create(tmp_path / "ws")


@pytest.fixture
def release(tmp_path):
    made = samples.write(tmp_path / "release")
    path = made / "phenotype/CYP2C19.json"
    edit(path, '"name": "*30", "functionValue": "Uncertain', '"name": "*30", "functionValue": "No')
    edit(path, '"*30": "Uncertain function"', '"*30": "No function"')
    return made


def bring(capsys, workspace, release, *options):
    return run(
        capsys, "import", release, "--published", "2026-05-20", "-w", workspace.root, *options
    )


def test_list_shows_every_source_and_marks_the_expired(capsys, workspace):
    code, out, _ = run(capsys, "list", "-w", workspace.root)
    assert code == 0
    assert all(name in out for name in sources())
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "EXPIRED" in lines["cpic-2023-08"]
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run(capsys, "list", "--json", "-w", workspace.root)
    data = json.loads(out)
    assert (code, data["schema"]) == (0, "nof1/knowledge-list/1")
    assert {row["id"]: row["expired"] for row in data["sources"]}["dpwg-2023-08"]
    assert {row["from"] for row in data["files"]} == {"shipped"}
    assert sum(row["facts"] for row in data["sources"]) > 3_000


def test_without_a_workspace_the_shipped_facts_are_meant(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "list")[0] == 0
    assert run(capsys, "diff")[:2] == (0, "Nothing changes.\n")
    code, _, err = run(capsys, "list", "-w", tmp_path)
    assert (code, "no workspace" in err) == (2, True)


def test_check_asks_for_attention_while_sources_are_past_their_date(capsys, workspace):
    code, out, _ = run(capsys, "check", "-w", workspace.root)
    assert code == 1
    assert "warning: sources.tsv, cpic-2023-08: Expired on 2025-07-31" in out
    assert "Next step:" in out
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = run(capsys, "check", "--json", "-w", workspace.root)
    data = json.loads(out)
    assert (code, data["schema"], data["attention"]) == (1, "nof1/knowledge-check/1", True)
    assert data["counts"]["critical"] == 0


def test_diff_shows_what_a_release_would_change_and_changes_nothing(capsys, workspace, release):
    before = sorted(path.name for path in workspace.root.iterdir())
    code, out, _ = run(capsys, "diff", release, "-w", workspace.root)
    assert code == 0
    assert out.startswith("FUNCTION CHANGED: 1\n  CYP2C19 *30: Uncertain function -> No function")
    code, out, _ = run(capsys, "diff", release, "--json", "-w", workspace.root)
    data = json.loads(out)
    assert data["counts"] == {"function changed": 1, "source": 1}
    assert data["changes"][0]["where"] == "CYP2C19 *30"
    assert sorted(path.name for path in workspace.root.iterdir()) == before


def test_import_puts_the_facts_into_the_workspace_and_the_log(capsys, workspace, release):
    code, out, _ = bring(capsys, workspace, release)
    assert code == 0
    assert "CYP2C19 *30: Uncertain function -> No function" in out
    assert "In use now: pharmcat-2026-05." in out
    (entry,) = audit.entries(workspace.audit)
    assert entry["action"] == "knowledge import"
    assert entry["details"]["sources"] == ["pharmcat-2026-05"]
    assert entry["details"]["changes"] == {"function changed": 1, "source": 1}
    assert len(entry["details"]["content_hash"]) == 64
    assert run(capsys, "diff", "-w", workspace.root)[1].startswith("FUNCTION CHANGED: 1")
    _, out, _ = run(capsys, "list", "-w", workspace.root, "--json")
    data = json.loads(out)
    assert "pharmcat-2026-05" in {row["id"] for row in data["sources"]}
    origin = {row["file"]: row["from"] for row in data["files"]}
    assert (origin["alleles/CYP2C19.json"], origin["drugs.tsv"]) == ("workspace", "shipped")
    left = {path.name for path in workspace.root.iterdir()}
    assert left == {"nof1.toml", "knowledge", "audit", ".knowledge.lock"}


def test_import_for_programs(capsys, workspace, release):
    guideline = samples.cpic_guideline(("Tomorrow.", {"CYP2C19": "Poor Metabolizer"}))
    samples.dump(release / "guidelines/cpic/samplol.json", guideline)
    code, out, _ = bring(capsys, workspace, release, "--valid-until", "2027-01-31", "--json")
    data = json.loads(out)
    assert (code, data["schema"]) == (0, "nof1/knowledge-import/1")
    assert data["sources"] == ["cpic-2026-05", "pharmcat-2026-05"]
    assert data["unread"][0]["drugs"] == ["samplol"]
    assert data["files"]["alleles/TPMT"].endswith("alleles")
    code, out, _ = run(capsys, "check", "-w", workspace.root, "--json")
    unread = [one for one in json.loads(out)["problems"] if "nobody has read" in one["what"]]
    assert (code, len(unread)) == (1, 1)


def test_people_are_told_which_medicines_are_unread(capsys, workspace, release):
    guideline = samples.cpic_guideline(("Tomorrow.", {"CYP2C19": "Poor Metabolizer"}))
    samples.dump(release / "guidelines/cpic/samplol.json", guideline)
    _, out, _ = bring(capsys, workspace, release)
    assert "UNREAD: 1 guideline texts" in out
    assert "samplol" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_refused_release_changes_nothing_and_is_no_traceback(capsys, workspace, release):
    bring(capsys, workspace, release)
    edit(release / "alleles/TPMT_translation.json", "GRCh38.p14", "GRCh37")
    before = sorted(workspace.root.rglob("*"))
    code, out, err = bring(capsys, workspace, release, "--json")
    assert (code, out) == (2, "")
    assert json.loads(err)["where"] == "TPMT"
    assert sorted(workspace.root.rglob("*")) == before
    actions = [one["action"] for one in audit.entries(workspace.audit)]
    assert actions == ["knowledge import", "refused"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "nowhere", "--published", "2026-05-20"],
        ["import", ".", "--published", "2026-05-20"],
        ["import", "."],
        ["import", ".", "--published", "May 2026"],
        ["diff", "nowhere"],
    ],
)
def test_what_cannot_be_meant_is_refused(capsys, workspace, arguments):
    code, out, err = run(capsys, *arguments, "-w", workspace.root)
    assert (code, out) == (2, "")
    assert "Error:" in err
    assert "Traceback" not in err


def test_import_needs_a_workspace(capsys, tmp_path, release):
    code, _, err = run(
        capsys, "import", release, "--published", "2026-05-20", "-w", tmp_path / "no"
    )
    assert (code, "nof1 init" in err) == (2, True)


def test_doctor_tells_of_old_facts_and_fails_on_damaged_ones(capsys, workspace):
    def verdict():
        with pytest.raises(SystemExit) as stop:
            main(["doctor", "--json", "-w", str(workspace.root)])
        checks = json.loads(capsys.readouterr().out)["checks"]
        return stop.value.code, next(one for one in checks if one["name"] == "knowledge")

    code, found = verdict()
    assert (code, found["verdict"]) == (0, "note")
    assert "cpic-2023-08" in found["detail"]
    workspace.knowledge.mkdir()
    (workspace.knowledge / "sources.tsv").write_text("id\tpublished\tvalid_until\nx\ty\tz\n")
    forget()
    code, found = verdict()
    assert (code, found["verdict"]) == (1, "FAIL")
