import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import pytest

from nof1.core import audit
from nof1.core.errors import WorkspaceError


@pytest.fixture
def log(tmp_path):
    for number in range(5):
        audit.append(tmp_path, "advise", model="bleed", number=number)
    return tmp_path


def test_an_untouched_log_holds(log):
    verdict = audit.verify(log)
    assert verdict.intact
    assert verdict.entries == 5
    assert verdict.head == audit.head(log) == list(audit.entries(log))[-1]["hash"]


def test_an_empty_log_holds(tmp_path):
    assert audit.verify(tmp_path) == audit.Verdict(0, None, audit.START)


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "rehash", "cut"])
def test_every_change_is_seen(log, change):
    path = log / audit.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    anchor = audit.head(log)
    if change == "edit":
        lines[2] = lines[2].replace(b"bleed", b"blood")
    elif change == "remove":
        del lines[2]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "rehash":
        entry = json.loads(lines[2]) | {"action": "nothing"}
        entry.pop("hash")
        lines[2] = audit._line(entry)
    else:
        lines = lines[:3]
    path.write_bytes(b"".join(lines))
    verdict = audit.verify(log)
    if change == "cut":  # only the anchor kept elsewhere shows this one
        assert verdict.intact
        assert verdict.head != anchor
    else:
        assert verdict.broken_line in (2, 3, 4)


def test_a_damaged_end_is_not_written_over(log):
    with (log / audit.FILE).open("ab") as file:
        file.write(b'{"torn": ')
    with pytest.raises(WorkspaceError, match="damaged"):
        audit.append(log, "advise")


def test_two_processes_may_write_at_once(tmp_path):
    # spawned, not forked: a fork of a process with threads may hang
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(audit.append, repeat(tmp_path, 40), repeat("advise", 40)))
    verdict = audit.verify(tmp_path)
    assert (verdict.entries, verdict.intact) == (40, True)


def test_long_entries_are_chained_too(tmp_path):
    audit.append(tmp_path, "ingest", files=["x" * 50] * 1000)
    audit.append(tmp_path, "ingest", files=["y" * 50] * 1000)
    assert audit.verify(tmp_path).entries == 2


def test_pseudonyms_are_stable_here_and_different_elsewhere(tmp_path):
    here = audit.pseudonym(tmp_path / "a", 1)
    assert here == audit.pseudonym(tmp_path / "a", 1) != audit.pseudonym(tmp_path / "a", 2)
    assert here != audit.pseudonym(tmp_path / "b", 1)


@pytest.mark.parametrize("spoil", [lambda p: p.write_bytes(b""), lambda p: p.chmod(0o640)])
def test_a_damaged_or_open_key_of_pseudonyms_is_refused(tmp_path, spoil):
    first = audit.pseudonym(tmp_path, 7)
    assert audit.pseudonym(tmp_path, 7) == first
    assert (tmp_path / "pseudonym.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pseudonym.key"]
    spoil(tmp_path / "pseudonym.key")
    with pytest.raises(WorkspaceError, match="pseudonyms"):
        audit.pseudonym(tmp_path, 7)


def test_a_full_disk_leaves_no_half_entry(log, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    before = audit.head(log)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        audit.append(log, "advise", model="bleed")
    monkeypatch.undo()
    assert audit.head(log) == before
    audit.append(log, "advise", model="bleed")
    assert (audit.verify(log).entries, audit.verify(log).intact) == (6, True)
