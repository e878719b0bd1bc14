import pytest

from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.workspace import create, open_workspace


def test_a_new_workspace_opens_from_any_folder_below(tmp_path, monkeypatch):
    made = create(tmp_path / "ws", site="site-a", shards=4, synthetic=True)
    (tmp_path / "ws" / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "ws" / "deep" / "down")
    assert open_workspace() == made
    assert (made.site, made.shards, made.synthetic) == ("site-a", 4, True)


def test_a_missing_workspace_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match="nof1 init"):
        open_workspace()


def test_an_existing_workspace_is_not_overwritten(tmp_path):
    create(tmp_path)
    with pytest.raises(WorkspaceError, match="already"):
        create(tmp_path)


def test_a_site_name_cannot_leave_its_file(tmp_path):
    with pytest.raises(UsageError):
        create(tmp_path / "ws", site='a"\nevil = "')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[workspace]\nsit = 'a'", "workspace.sit"),
        ("[workspace]\nsite = 3", "wrong type"),
        ("[workspace]\nshards = 0", "out of range"),
        ("[workspace]\nshards = true", "wrong type"),
        ("[workspace]\nversion = 9", "version 9"),
        ("[weather]\n", "weather"),
        ("[workspace", "cannot be read"),
        ("workspace = 1", "workspace"),
    ],
)
def test_damaged_settings_name_the_setting(tmp_path, text, message):
    (tmp_path / "nof1.toml").write_text(text)
    with pytest.raises(WorkspaceError, match=message):
        open_workspace(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot be made here"):
        create(tmp_path / "file" / "ws")


def test_a_full_disk_leaves_no_half_workspace(tmp_path, monkeypatch):
    def full(self, *_words, **_options):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(WorkspaceError, match="No space"):
        create(tmp_path / "ws")
    monkeypatch.undo()
    assert create(tmp_path / "ws").root == tmp_path / "ws"
