import pickle

import pytest

from nof1.core import artefacts
from nof1.core.errors import ModelError

FILES = {"model.json": b'{"a": 1}', "trees.lgb.txt": b"tree"}


def test_what_was_saved_is_loaded(tmp_path):
    saved = artefacts.save(tmp_path, "bleed", FILES)
    loaded = artefacts.load(tmp_path, "bleed")
    assert loaded == saved
    assert loaded.json("model.json") == {"a": 1}


def test_versions_count_up_and_old_ones_stay(tmp_path):
    artefacts.save(tmp_path, "bleed", FILES)
    second = artefacts.save(tmp_path, "bleed", {"model.json": b"{}"})
    assert (second.version, artefacts.versions(tmp_path, "bleed")) == (2, [1, 2])
    assert artefacts.load(tmp_path, "bleed", 1).files == FILES
    assert artefacts.names(tmp_path) == ["bleed"]


def test_the_content_hash_depends_on_the_content_alone(tmp_path):
    first = artefacts.save(tmp_path / "a", "m", FILES)
    again = artefacts.save(tmp_path / "b", "m", dict(reversed(FILES.items())))
    other = artefacts.save(tmp_path / "c", "m", FILES | {"model.json": b"{}"})
    assert first.content_hash == again.content_hash != other.content_hash


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_a_changed_model_is_not_loaded(tmp_path, change):
    artefacts.save(tmp_path, "bleed", FILES)
    path = tmp_path / "bleed" / "1" / "model.json"
    if change == "edit":
        path.write_bytes(b'{"a": 2}')
    elif change == "remove":
        path.unlink()
    else:
        path.with_name("more.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match="content hash"):
        artefacts.load(tmp_path, "bleed")


@pytest.mark.parametrize("protocol", range(2, 6))
def test_pickles_are_refused_whatever_their_name(tmp_path, protocol):
    with pytest.raises(ModelError, match="pickle"):
        artefacts.save(tmp_path, "bleed", {"model.json": pickle.dumps({}, protocol)})


@pytest.mark.parametrize("file", ["model.pkl", "../model.json", "manifest.json", "model"])
def test_other_formats_and_paths_are_refused(tmp_path, file):
    with pytest.raises(ModelError, match="format"):
        artefacts.save(tmp_path, "bleed", {file: b""})


@pytest.mark.parametrize("name", ["", "../x", "A", ".hidden", "a" * 81])
def test_names_stay_inside_the_folder(tmp_path, name):
    with pytest.raises(ModelError, match="name"):
        artefacts.save(tmp_path, name, FILES)


def test_a_missing_model_lists_those_there_are(tmp_path):
    artefacts.save(tmp_path, "bleed", FILES)
    with pytest.raises(ModelError, match="bleed"):
        artefacts.load(tmp_path, "stroke")


def test_notes_are_stored_and_checked_but_do_not_change_the_content_hash(tmp_path):
    plain = artefacts.save(tmp_path / "a", "bleed", FILES)
    noted = artefacts.save(tmp_path / "b", "bleed", FILES, {"card.md": b"# card"})
    assert noted.content_hash == plain.content_hash == artefacts.content_hash(FILES)
    assert artefacts.load(tmp_path / "b", "bleed") == noted
    (tmp_path / "b" / "bleed" / "1" / "card.md").write_bytes(b"# another")
    with pytest.raises(ModelError, match="content hash"):
        artefacts.load(tmp_path / "b", "bleed")


@pytest.mark.parametrize("text", ["", "{}", '{"files": 3, "notes": {}}', None])
def test_a_damaged_manifest_is_named(tmp_path, text):
    artefacts.save(tmp_path, "bleed", FILES)
    path = tmp_path / "bleed" / "1" / artefacts.MANIFEST
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ModelError, match="manifest"):
        artefacts.load(tmp_path, "bleed")
