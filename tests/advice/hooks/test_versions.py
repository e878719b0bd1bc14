"""Versions: each changes with what it names, and with nothing else."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from nof1 import __version__
from nof1.advice.hooks import versions
from nof1.core.artefacts import save
from nof1.core.workspace import create
from nof1.knowledge.base import Base


@pytest.fixture
def source(tmp_path):
    """A tree like that of the package."""
    for name in ("advice/a.py", "advice/orders/t.tsv", "knowledge/k.py", "knowledge/data/d.tsv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one\n")
    (tmp_path / "cli").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ["advice/a.py", "advice/orders/t.tsv", "knowledge/k.py"])
def test_the_code_has_another_hash_when_a_file_that_answers_is_changed(source, name):
    before = versions.code_on_disk(source)
    (source / name).write_text("one\r\n")
    assert versions.code_on_disk(source) != before
    (source / name).write_text("one\n")
    assert versions.code_on_disk(source) == before
    (source / name).unlink()
    assert versions.code_on_disk(source) != before


def test_a_file_that_is_renamed_or_whose_end_moves_into_the_next_is_seen(source):
    seen = {versions.code_on_disk(source)}
    (source / "advice/a.py").rename(source / "advice/b.py")
    seen.add(versions.code_on_disk(source))
    (source / "advice/b.py").write_text("on")
    (source / "advice/orders/t.tsv").write_text("eone\n")
    seen.add(versions.code_on_disk(source))
    assert len(seen) == 3


def test_facts_other_rooms_and_compiled_files_do_not_count(source):
    before = versions.code_on_disk(source)
    for name in ("knowledge/data/d.tsv", "cli/c.py", "advice/a.pyc", "advice/readme.md"):
        (source / name).write_text("other")
    assert versions.code_on_disk(source) == before


def test_the_code_of_a_process_is_looked_at_once(monkeypatch):
    found = versions.code()
    monkeypatch.setattr(versions, "code_on_disk", lambda: "changed since")
    assert versions.code() == found


def test_code_that_was_changed_while_the_process_ran_is_equal_to_no_other(source, monkeypatch):
    monkeypatch.setattr(versions, "ROOT", source)
    file = source / "advice/a.py"
    begun = versions._begun()
    os.utime(file, (begun - 10, begun - 10))
    for other in versions._sources(source):
        os.utime(other, (begun - 10, begun - 10))
    once = versions.code.__wrapped__
    assert once() == versions.code_on_disk() == once()
    os.utime(file, (begun + 1, begun + 1))
    assert once().startswith(versions.UNSURE)
    assert once() != once()
    later = time.time() + 3600  # of a file system whose clock is ahead nobody knows
    os.utime(file, (later, later))
    assert once() == versions.code_on_disk()


def test_the_beginning_of_a_process_is_known():
    command = "from nof1.advice.hooks import versions; print(versions._begun())"
    before = time.time()
    told = float(subprocess.run([sys.executable, "-c", command], capture_output=True).stdout)
    assert before - 1 < told < time.time()


def test_facts_are_marked_by_name_time_and_size(tmp_path):
    assert versions.mark(tmp_path / "knowledge") == ()
    (tmp_path / "alleles").mkdir()
    seen = {versions.mark(tmp_path)}
    for text in ("one", "two!", "six"):
        (tmp_path / "alleles/A.json").write_text(text)
        seen.add(versions.mark(tmp_path))
    assert len(seen) == 4


def test_the_libraries_are_named_with_python():
    names = [one.partition("=")[0] for one in versions.libraries().split(",")]
    assert names == ["python", *versions.LIBRARIES]
    assert " " not in versions.libraries()


def test_settings_that_stand_in_answers_count(tmp_path):
    made = create(tmp_path / "ws")
    seen = {versions.settings(made), versions.settings(replace(made, site="b"))}
    seen.add(versions.settings(replace(made, synthetic=True)))
    assert len(seen) == 3
    assert versions.settings(replace(made, shards=9)) == versions.settings(made)


def test_a_record_that_is_imported_anew_has_another_version_under_the_same_number(tmp_path):
    folder = tmp_path / "1"
    (folder / "metadata").mkdir(parents=True)
    seen = set()
    for moment in ("2026-05-01T00:00:00", "2026-05-02T00:00:00"):
        (folder / "imports.json").write_text(json.dumps([{"imported_at": moment}]))
        seen.add(versions.record(folder))
    assert len(seen) == 2
    assert all(one.startswith("1-") for one in seen)


def test_all_that_is_fixed_is_named_and_facts_of_the_workspace_count(tmp_path):
    made = create(tmp_path / "ws")
    before = versions.fixed(made, Base(made.knowledge))
    assert set(before) == {"nof1", "code", "libraries", "settings", "knowledge"}
    assert before["nof1"] == __version__
    made.knowledge.mkdir()
    shipped = Base().text("sources.tsv")
    (made.knowledge / "sources.tsv").write_text(shipped + "\n")
    after = versions.fixed(made, Base(made.knowledge))
    assert {name for name in before if before[name] != after[name]} == {"knowledge"}


def test_models_of_risks_and_of_effects_are_named_by_their_content(tmp_path):
    workspace = create(tmp_path / "ws")
    risk = save(workspace.models, "one", {"model.json": b"{}"})
    effect = save(workspace.effects, "one", {"effect_model.json": b"[]"})
    found = versions.fixed(workspace, Base(workspace.knowledge))
    assert found["model/one"] == risk.content_hash
    assert found["effect/one"] == effect.content_hash != risk.content_hash


def test_governance_is_named_where_something_was_decided():
    assert versions.of({"nof1": "1"}, "unused") == {"nof1": "1", "record": "unused"}
    assert versions.of({}, "1-a", "h") == {"record": "1-a", "governance": "h"}
