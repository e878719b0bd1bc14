"""Rotation: the old key opens nothing new, a removed recipient is out, all the bytes stay."""

import pytest

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.sealing import rotation, vault
from sealing_samples import KEY, MINE, OTHER, THEIRS, inside, sealed


@pytest.fixture
def opened(tmp_path):
    return sealed(tmp_path / "ws", who=(MINE, THEIRS))


def objects(opened):
    return {path.name: path.read_bytes() for path in opened.objects.iterdir()}


def test_a_quick_rotation_changes_the_key_and_no_file(tmp_path, opened):
    before, key = objects(opened), opened.key
    content = inside(opened, tmp_path / "before")
    rotation.rotate(opened)
    after = objects(opened)
    assert len(set(before) & set(after)) == len(before) - 1  # all but the manifest
    assert opened.key != key
    again = vault.open_vault(opened.root, OTHER)
    assert inside(again, tmp_path / "after") == content
    assert again.manifest.history[-1]["action"] == "rotate"


def test_a_full_rotation_leaves_no_old_byte(tmp_path, opened):
    before = objects(opened)
    content = inside(opened, tmp_path / "before")
    keys = {one.key for one in opened.manifest.files}
    rotation.rotate(opened, everything=True)
    after = objects(opened)
    assert not set(before) & set(after)
    assert not {data[72:] for data in before.values()} & {data[72:] for data in after.values()}
    assert not keys & {one.key for one in opened.manifest.files}
    assert inside(vault.open_vault(opened.root, KEY), tmp_path / "after") == content


def test_who_is_removed_is_out_and_who_is_added_is_in(opened):
    rotation.rotate(opened, remove=["officer-b"])
    with pytest.raises(WorkspaceError, match="does not open"):
        vault.open_vault(opened.root, OTHER)
    rotation.rotate(opened, add=[THEIRS])
    assert vault.open_vault(opened.root, OTHER).verify()


def test_an_old_head_with_the_old_key_opens_nothing_after_a_rotation(opened):
    head = opened.raw
    rotation.rotate(opened, remove=["officer-b"])
    (opened.root / "nof1.sealed").write_bytes(head)
    with pytest.raises(WorkspaceError, match="missing"):
        vault.open_vault(opened.root, OTHER)


def test_what_a_removed_recipient_kept_still_opens_old_files_until_all_is_rotated(opened):
    """The limit that the page states: a quick rotation leaves the data keys as they are."""
    kept = list(opened.manifest.files)
    rotation.rotate(opened, remove=["officer-b"])
    assert opened.verify(kept) > 0
    rotation.rotate(opened, everything=True)
    with pytest.raises(WorkspaceError, match="missing"):
        opened.verify(kept)


@pytest.mark.parametrize(
    "changes",
    [{"remove": ["nobody"]}, {"remove": ["officer-a", "officer-b"]}, {"add": [MINE]}],
    ids=["unknown", "all", "twice"],
)
def test_a_rotation_that_cannot_be_changes_nothing(opened, changes):
    before = objects(opened), opened.raw
    with pytest.raises(UsageError):
        rotation.rotate(opened, **changes)
    again = vault.open_vault(opened.root, KEY)
    assert again.raw == before[1]
    again.tidy()
    assert objects(again) == before[0]


def test_a_damaged_file_stops_a_full_rotation(opened):
    entry = opened.manifest.files[-1]
    (opened.objects / entry.object.hex()).write_bytes(b"")
    raw = opened.raw
    with pytest.raises(WorkspaceError, match="refused"):
        rotation.rotate(opened, everything=True)
    assert vault.open_vault(opened.root, KEY).raw == raw


def test_others_are_told_that_somebody_was_removed(tmp_path, opened):
    mark = tmp_path / "b.anchor"
    vault.open_vault(opened.root, KEY, mark)
    rotation.rotate(opened)
    vault.open_vault(opened.root, KEY, mark)
    rotation.rotate(opened, remove=["officer-b"])
    with pytest.raises(WorkspaceError, match="a recipient was removed") as caught:
        vault.open_vault(opened.root, KEY, mark)
    assert "move the anchor" in caught.value.next_step
