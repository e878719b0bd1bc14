"""A site under FLARE: its own machine says where it lies, and no error leaves it."""

import pytest

from nof1.core.errors import InputError, UsageError
from nof1.core.workspace import create
from nof1.federation.flare.resident import WHERE, FlareResident
from nof1.federation.network import home, project
from nof1.federation.network.board import Failed


@pytest.fixture
def joined(tmp_path):
    made = project.create(tmp_path / "project", ("north", "south", "west"), port=4711)
    workspace = create(tmp_path / "north", synthetic=True)
    home.join(made.kit("north"), workspace.root / "federation")
    return workspace


def test_the_workspace_is_named_by_the_site_and_not_by_the_job(joined, monkeypatch):
    monkeypatch.delenv(WHERE, raising=False)
    with pytest.raises(UsageError, match="does not say where its workspace lies"):
        FlareResident.here("north")
    monkeypatch.setenv(WHERE, str(joined.root))
    assert FlareResident.here("north").workspace.root == joined.root
    monkeypatch.setenv(WHERE, str(joined.root.parent))
    assert FlareResident.here("north").workspace.root == joined.root


def test_another_name_in_flare_is_refused(joined, monkeypatch):
    monkeypatch.setenv(WHERE, str(joined.root))
    with pytest.raises(InputError, match="under another name"):
        FlareResident.here("south")


def test_nothing_runs_before_a_manifest_was_accepted(joined, monkeypatch):
    monkeypatch.setenv(WHERE, str(joined.root))
    one = FlareResident.here("north")
    assert isinstance(one.take_part(lambda *call: b""), Failed)
    decision = one.decide(b"no manifest")
    assert not decision.accepted
    assert isinstance(one.take_part(lambda *call: b""), Failed)


def test_what_breaks_at_a_site_is_told_without_its_words(joined, monkeypatch):
    from federation_samples import manifest

    monkeypatch.setenv(WHERE, str(joined.root))
    one = FlareResident.here("north")
    one._asked = manifest(algorithm="imaging-head", privacy=None)

    def broken(asked, call):
        raise ValueError("Jane Doe, 77 years")

    monkeypatch.setattr(one, "_run", broken)
    end = one.take_part(lambda *call: b"")
    assert isinstance(end, Failed)
    assert "Jane" not in end.why
    assert "audit log" in end.why
