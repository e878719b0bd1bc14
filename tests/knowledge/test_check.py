"""The check of the facts: each kind of fault is found, with its severity and a next step."""

import json
import shutil
from datetime import date

import pytest

from nof1.knowledge import check as checks
from nof1.knowledge import cpic, prescribing
from nof1.knowledge.base import DATA, SHIPPED, Base, sources
from nof1.knowledge.check import Problem, check, facts
from nof1.knowledge.prescribing import to_row
from nof1.knowledge.release import MANIFEST, PREVIOUS, write_manifest, write_table
from release_samples import RULE, edit

IN_DATE = date(2025, 7, 1)
TODAY = date(2026, 11, 25)


def own(tmp_path, name):
    """A workspace copy of one shipped file."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DATA / name, path)
    return path


def found(folder, severity="critical", today=TODAY):
    return [one for one in check(Base(folder), today).problems if one.severity == severity]


def test_the_shipped_facts_have_no_critical_problem():
    done = check(SHIPPED, TODAY)
    assert [one for one in done.problems if one.severity == "critical"] == []
    assert all(one.where and one.what and one.next_step for one in done.problems)
    assert [checks.SEVERITIES.index(one.severity) for one in done.problems] == sorted(
        checks.SEVERITIES.index(one.severity) for one in done.problems
    )


def test_every_shipped_file_is_the_one_of_the_manifest(tmp_path):
    """After a change of a table run: python tools/compile_knowledge.py"""
    shutil.copytree(DATA, tmp_path / "data")
    write_manifest(tmp_path / "data")
    assert (tmp_path / "data" / MANIFEST).read_text() == (DATA / MANIFEST).read_text()


@pytest.mark.parametrize("fault", ["changed", "missing", "put there by hand"])
def test_shipped_files_that_are_not_those_of_the_manifest(tmp_path, monkeypatch, fault):
    shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr(checks, "DATA", tmp_path / "data")
    path = tmp_path / "data" / "alleles" / "CYP2C19.json"
    if fault == "changed":
        edit(path, '"*2"', '"*2x"')
    elif fault == "missing":
        path.unlink()
    else:
        path = tmp_path / "data" / "alleles" / "NEW.json"
        path.write_text("{}")
    (problem,) = [one for one in check(SHIPPED, TODAY).problems if one.severity == "critical"]
    assert problem.where == f"shipped: alleles/{path.name}"
    assert fault in problem.what


def test_a_missing_manifest_is_no_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "DATA", tmp_path)
    assert Problem("critical", f"shipped: {MANIFEST}", "It is missing.", checks.RESTORE) in (
        check(SHIPPED, TODAY).problems
    )


def test_workspace_files_are_held_against_their_own_manifest(tmp_path):
    own(tmp_path, "drugs.tsv")
    write_manifest(tmp_path)
    assert found(tmp_path) == []
    (tmp_path / "drugs.tsv").write_text((tmp_path / "drugs.tsv").read_text() + "\n")
    assert [one.where for one in found(tmp_path)] == ["workspace: drugs.tsv"]
    own(tmp_path, "modulators.tsv")
    assert "workspace: modulators.tsv" in [one.where for one in found(tmp_path, "info")]


def test_an_import_that_was_cut_off_is_told(tmp_path):
    (tmp_path / PREVIOUS).mkdir()
    (problem,) = found(tmp_path / "knowledge")
    assert "cut off" in problem.what
    (tmp_path / "knowledge").mkdir()
    assert found(tmp_path / "knowledge") == []


def test_sources_past_their_date_are_named_with_the_facts_that_hang_on_them():
    done = check(SHIPPED, TODAY)
    old = [one for one in done.problems if "Expired" in one.what]
    expected = [source.id for source in sources().values() if source.valid_until < TODAY]
    assert [one.where for one in old] == [f"sources.tsv, {name}" for name in expected]
    assert "cpic-2023-08" in expected
    assert f"{facts()['dpwg-2023-08']:,} facts" in old[1].what
    assert done.attention


def test_the_last_day_of_a_source_still_counts(tmp_path):
    path = own(tmp_path, "sources.tsv")
    edit(path, "2023-08-01\t2025-07-31", "2023-08-01\t2026-11-25")
    assert not any("Expired" in one.what for one in found(tmp_path, "warning"))
    later = found(tmp_path, "warning", date(2026, 11, 26))
    assert [one.where for one in later[:2]] == [
        "sources.tsv, cpic-2023-08",
        "sources.tsv, dpwg-2023-08",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2023-08-01\t2025-07-31", "2027-08-01\t2028-07-31"),
        ("2023-08-01\t2025-07-31", "2023-08-01\t2023-08-01"),
    ],
)
def test_dates_that_cannot_be_right(tmp_path, old, new):
    edit(own(tmp_path, "sources.tsv"), old, new)
    assert {one.where for one in found(tmp_path)} == {
        "sources.tsv, cpic-2023-08",
        "sources.tsv, dpwg-2023-08",
    }


def test_a_date_that_cannot_be_read_stops_only_its_own_part(tmp_path):
    edit(own(tmp_path, "sources.tsv"), "2025-11-05\t2027", "5 Nov 2025\t2027")
    problems = found(tmp_path)
    assert {one.where for one in problems} == {"knowledge/sources.tsv, pharmcat-2025-11"}
    assert found(tmp_path, "info") != []


def test_facts_of_an_unknown_source_and_facts_without_one(tmp_path):
    path = own(tmp_path, "drugs.tsv")
    edit(path, "cpic-2023-08|who-atc", "cpic-2023-08|somebody")
    edit(path, "rxnav-2026|who-atc", "")
    assert {(one.where, one.what.split(" ", 1)[1]) for one in found(tmp_path)} == {
        ("sources.tsv", "facts name the source 'somebody', which has no row."),
        ("drugs.tsv", "rows name no source."),
    }


def test_a_gene_of_an_unknown_source(tmp_path):
    edit(own(tmp_path, "alleles/TPMT.json"), "pharmcat-2025-11", "hearsay")
    (problem,) = found(tmp_path)
    assert "'hearsay'" in problem.what


def test_medicines_that_no_list_of_medicines_can_find(tmp_path):
    write_table(tmp_path / prescribing.FILE, [to_row(RULE)])
    (problem,) = [one for one in found(tmp_path, "warning") if "samplol" in one.what]
    assert problem.where == prescribing.FILE


def test_unread_texts_ask_for_attention_by_source(tmp_path):
    rules = [RULE._replace(drug=name, action="unread") for name in ("aspirin", "warfarin")]
    write_table(tmp_path / prescribing.FILE, [to_row(rule) for rule in rules])
    done = check(Base(tmp_path), IN_DATE)
    (problem,) = [one for one in done.problems if "nobody has read" in one.what]
    assert problem.what.startswith("2 rules hold a text")
    assert "aspirin, warfarin" in problem.what
    assert done.attention


def test_rules_that_can_hold_for_nobody(tmp_path):
    dead = RULE._replace(drug="aspirin", when=(("CYP2C19", ("Slow Metabolizer",)),))
    write_table(tmp_path / prescribing.FILE, [to_row(dead)])
    texts = [one.what for one in found(tmp_path, "warning")]
    assert "Rules for aspirin can hold for nobody: no result of CYP2C19 fits." in texts
    infos = [one.what for one in found(tmp_path, "info")]
    assert "1 results that nobody can have: Slow Metabolizer." in infos


def test_alleles_and_genes_without_phenotype_are_told():
    texts = {one.where: one.what for one in check(SHIPPED, TODAY).problems}
    assert "no table says what they do" in texts["alleles/CYP4F2.json"]
    assert "other programs only" in texts["phenotypes/MT-RNR1.json"]
    assert "(2), thus without phenotype: *40, *41" in texts["phenotypes/CYP2C19.json"]


def test_what_differs_between_the_guidelines_is_told_and_no_fault():
    told = [one for one in check(SHIPPED, TODAY).problems if "says" in one.what]
    assert len(told) > 20
    assert {one.severity for one in told} == {"info"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prescribing.tsv", "source\tdrug\nx\ty\n"),
        ("prescribing.tsv", ""),
        ("drugs.tsv", "name\nx\n"),
        ("alleles/CYP2C19.json", "{"),
        ("alleles/CYP2C19.json", '{"gene": "CYP2C19"}'),
        ("phenotypes/CYP2C19.json", "[]"),
        ("sources.tsv", "id\nx\n"),
        (MANIFEST, "x\ny\n"),
    ],
)
def test_a_damaged_file_is_a_critical_problem_and_never_a_crash(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    done = check(Base(tmp_path), TODAY)
    assert done.counts()["critical"] >= 1
    assert done.attention


def test_the_number_of_facts_of_a_source():
    count = facts()
    made = [rule for rule in prescribing.rules() if rule.source == "dpwg-2023-08"]
    assert count["dpwg-2023-08"] == len(made)
    assert count["cpic-warfarin-2017"] == sum(
        row["source"] == "cpic-warfarin-2017" for row in SHIPPED.rows(cpic.EXTRA)
    )
    assert set(count) <= set(sources())


def test_the_json_form():
    data = json.loads(json.dumps(check(SHIPPED, TODAY).to_dict()))
    assert set(data) == {"today", "attention", "counts", "problems"}
    assert data["counts"]["critical"] == 0
    assert set(data["problems"][0]) == {"severity", "where", "what", "next_step"}
