"""A sealed folder against whoever can write to its disk: every planted fault is refused."""

import shutil
from dataclasses import replace

import pytest

from nof1.core.errors import WorkspaceError
from nof1.core.sealing import disk, head, keys, vault
from nof1.core.workspace import open_workspace
from sealing_samples import KEY, MINE, OTHER, SECRET, THEIRS, contents, inside, plain, raw, sealed


def state(root):
    """The folder's files as bytes, to be put back."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def put_back(root, files):
    shutil.rmtree(root)
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def change(opened, name="models/nothing", data=b"new"):
    """A further generation in which one file has another content."""
    with opened.objects.joinpath("x").open("wb+") as file:
        file.write(data)
        file.seek(0)
        made, key, content = opened.put(file)
    opened.objects.joinpath("x").unlink()
    new = [replace(one, object=made, key=key, size=content.size, sha256=content.sha256)
           if one.path == name else one for one in opened.manifest.files]  # fmt: skip
    opened.commit(opened.manifest.next("test", "me", files=tuple(new)))


def whole(root, opener=KEY, anchored=None):
    """Open it and read everything."""
    opened = vault.open_vault(root, opener, anchored)
    opened.verify()
    return opened


def test_nothing_can_be_read_without_the_key(tmp_path):
    sealed(tmp_path / "ws")
    everything = raw(tmp_path / "ws")
    for word in (SECRET, "parquet", "CURRENT", "site-a", "nof1.toml", "audit"):
        assert word.encode() not in everything


def test_all_that_went_in_comes_out_with_modes_times_and_double_names(tmp_path):
    before = contents(plain(tmp_path / "copy"))
    opened = sealed(tmp_path / "ws")
    assert inside(opened, tmp_path / "out") == before
    first, second = (tmp_path / "out" / "record" / n / "0000.parquet" for n in "12")
    assert first.stat().st_ino == second.stat().st_ino
    assert (tmp_path / "out" / "models" / "nothing").stat().st_mode & 0o777 == 0o600
    times = {one.path: one.mtime_ns for one in opened.manifest.files}
    assert first.stat().st_mtime_ns == times["record/1/0000.parquet"]


def test_a_sealed_workspace_opens_for_its_recipients_alone(tmp_path):
    sealed(tmp_path / "ws", who=(MINE, THEIRS))
    assert whole(tmp_path / "ws").by == "officer-a"
    assert whole(tmp_path / "ws", OTHER).by == "officer-b"
    with pytest.raises(WorkspaceError, match="does not open"):
        whole(tmp_path / "ws", keys.KeyFile(b"9" * 32))
    with pytest.raises(WorkspaceError, match="is sealed"):
        open_workspace(tmp_path / "ws")


def test_a_byte_flipped_anywhere_in_any_file_is_refused(tmp_path):
    root = sealed(tmp_path / "ws").root
    for path in sorted((root / disk.OBJECTS).iterdir()):
        data = path.read_bytes()
        for at in {0, 8, 30, 50, 72, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
            with pytest.raises(WorkspaceError, match="refused"):
                whole(root)
        path.write_bytes(data)
    assert whole(root).manifest.files


def test_a_short_an_empty_or_a_missing_file_is_refused(tmp_path):
    root = sealed(tmp_path / "ws").root
    for path in sorted((root / disk.OBJECTS).iterdir()):
        data = path.read_bytes()
        for short in (b"", data[:71], data[:72], data[:-1]):
            path.write_bytes(short)
            with pytest.raises(WorkspaceError, match="refused"):
                whole(root)
        path.unlink()
        with pytest.raises(WorkspaceError, match="missing"):
            whole(root)
        path.write_bytes(data)


def test_every_pair_of_swapped_files_is_refused(tmp_path):
    root = sealed(tmp_path / "ws").root
    paths = sorted((root / disk.OBJECTS).iterdir())
    for one in paths:
        for other in paths:
            if one < other:
                first, second = one.read_bytes(), other.read_bytes()
                one.write_bytes(second)
                other.write_bytes(first)
                with pytest.raises(WorkspaceError, match="another object"):
                    whole(root)
                one.write_bytes(first)
                other.write_bytes(second)


def test_a_renamed_file_and_a_link_are_refused(tmp_path):
    root = sealed(tmp_path / "ws").root
    one, *_ = sorted((root / disk.OBJECTS).iterdir())
    data = one.read_bytes()
    one.rename(root / disk.OBJECTS / ("0" * 32))
    with pytest.raises(WorkspaceError, match="missing"):
        whole(root)
    one.symlink_to(root / disk.OBJECTS / ("0" * 32))
    with pytest.raises(WorkspaceError, match="missing"):
        whole(root)
    one.unlink()
    one.write_bytes(data)
    whole(root)


def test_a_file_of_another_workspace_is_refused_under_every_name(tmp_path):
    root, strange = sealed(tmp_path / "ws").root, sealed(tmp_path / "other").root
    foreign = [path.read_bytes() for path in (strange / disk.OBJECTS).iterdir()]
    for path in sorted((root / disk.OBJECTS).iterdir()):
        data = path.read_bytes()
        for other in foreign:
            path.write_bytes(other)
            with pytest.raises(WorkspaceError):
                whole(root)
            renamed = other[:8] + bytes.fromhex(path.name) + other[24:]
            path.write_bytes(renamed)
            with pytest.raises(WorkspaceError):
                whole(root)
        path.write_bytes(data)


def test_the_head_of_another_workspace_is_refused(tmp_path):
    root, strange = sealed(tmp_path / "ws").root, sealed(tmp_path / "other").root
    shutil.copy(strange / "nof1.sealed", root / "nof1.sealed")
    with pytest.raises(WorkspaceError, match="missing"):
        whole(root)


def test_one_file_put_back_from_an_older_generation_is_refused(tmp_path):
    opened = sealed(tmp_path / "ws")
    old = {one.path: one.object.hex() for one in opened.manifest.files}
    kept = (opened.objects / old["models/nothing"]).read_bytes()
    change(opened)
    new = {one.path: one.object.hex() for one in opened.manifest.files}["models/nothing"]
    assert not (opened.objects / old["models/nothing"]).exists()
    (opened.objects / new).write_bytes(kept)
    with pytest.raises(WorkspaceError, match="another object"):
        whole(opened.root)
    (opened.objects / new).write_bytes(kept[:8] + bytes.fromhex(new) + kept[24:])
    with pytest.raises(WorkspaceError, match="key is another"):
        whole(opened.root)


def test_an_older_manifest_under_the_newer_head_is_refused(tmp_path):
    opened = sealed(tmp_path / "ws")
    kept = (opened.objects / opened.head.manifest.hex()).read_bytes()
    change(opened)
    (opened.objects / opened.head.manifest.hex()).write_bytes(kept)
    with pytest.raises(WorkspaceError, match="another object"):
        whole(opened.root)


def test_an_older_head_and_manifest_miss_the_files_of_their_time(tmp_path):
    opened = sealed(tmp_path / "ws")
    name = opened.head.manifest.hex()
    kept, old = (opened.objects / name).read_bytes(), opened.raw
    change(opened)
    (opened.objects / name).write_bytes(kept)
    (opened.root / "nof1.sealed").write_bytes(old)
    with pytest.raises(WorkspaceError, match="missing"):
        whole(opened.root)


def test_a_manifest_of_another_generation_than_the_head_says_is_refused(tmp_path):
    opened = sealed(tmp_path / "ws")
    lying = replace(opened.head, generation=7)  # by somebody who has the workspace's key
    (opened.root / "nof1.sealed").write_bytes(head.to_bytes(lying, opened.key))
    with pytest.raises(WorkspaceError, match="another generation"):
        whole(opened.root)


def test_an_older_copy_of_everything_is_refused_by_the_anchor_and_only_by_it(tmp_path):
    mark = tmp_path / "officer.anchor"
    opened = sealed(tmp_path / "ws", anchored=mark)
    old = state(opened.root)
    change(opened)
    put_back(opened.root, old)
    with pytest.raises(WorkspaceError, match="older copy"):
        whole(opened.root, anchored=mark)
    assert whole(opened.root).manifest.generation == 1  # what nobody can see without an anchor


def test_two_branches_of_one_workspace_are_refused(tmp_path):
    mark = tmp_path / "officer.anchor"
    opened = sealed(tmp_path / "ws", anchored=mark)
    old = state(opened.root)
    change(opened, data=b"here")
    put_back(opened.root, old)
    change(whole(opened.root), data=b"there")
    with pytest.raises(WorkspaceError, match="two places"):
        whole(opened.root, anchored=mark)


def test_a_forged_workspace_for_a_known_public_key_is_refused_by_the_anchor(tmp_path):
    mark = tmp_path / "officer.anchor"
    opened = sealed(tmp_path / "ws", anchored=mark)
    old = opened.manifest
    forged = replace(old, generation=9, identity=b"E" * 32, files=(), folders=())
    vault.in_force(opened.root, forged, b"E" * 32, [MINE])  # needs the public half alone
    with pytest.raises(WorkspaceError, match="not what was sealed"):
        whole(opened.root, anchored=mark)


def test_nothing_is_put_in_force_over_somebody_elses_generation(tmp_path):
    first = sealed(tmp_path / "ws")
    second = vault.open_vault(first.root, KEY)
    change(first)
    with pytest.raises(WorkspaceError, match="somebody else"):
        change(second)
    assert whole(first.root).manifest.generation == 2


def test_what_a_killed_process_left_is_tidied_and_strange_files_stay(tmp_path):
    opened = sealed(tmp_path / "ws")
    (opened.objects / ("0" * 32)).write_bytes(b"half")
    (opened.objects / "notes").write_bytes(b"not ours")
    assert opened.tidy() == 1
    assert (opened.objects / "notes").exists()
    whole(opened.root)


def test_errors_name_no_file_of_the_workspace(tmp_path):
    root = sealed(tmp_path / "ws").root
    for path in sorted((root / disk.OBJECTS).iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        with pytest.raises(WorkspaceError) as caught:
            whole(root)
        assert SECRET not in str(caught.value)
        path.write_bytes(data)
