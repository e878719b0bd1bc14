"""A job through FLARE's simulator: no code in it, the site decides, the same model everywhere.

Skipped where nvflare is not installed (extra ``flare``).
"""

import json

import numpy as np
import pytest

from averaging_samples import TASK, columns, frozen, pictures
from network_samples import NAMES, federation
from nof1.core import audit
from nof1.core.errors import ModelError
from nof1.core.workspace import create, open_workspace
from nof1.federation.network import lead
from nof1.federation.network.home import installed

pytest.importorskip("nvflare", reason="nvflare is not installed: pip install 'nof1[flare]'")


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Three workspaces with films in one folder, joined to a project; and a signed manifest."""
    folder = tmp_path_factory.mktemp("flare")
    made = frozen(folder / "frozen")
    for number, name in enumerate(NAMES):
        workspace = create(folder / name, shards=1, synthetic=True)
        shelf = workspace.images / "models"
        shelf.mkdir(parents=True)
        (shelf / "frozen").symlink_to(made.path)
        data = workspace.root / "federation" / "data" / "all"
        data.mkdir(parents=True)
        images, y = pictures(150, number, (0.3, 0.5, 0.55)[number])
        np.savez(data / "films.npz", images=images, **columns(150, number, y))
    with federation(folder) as up:
        up.agree()
        for one in up.homes.values():
            allow(one.policy, installed())
        line = lead.call(up.project)
        view = lead.look(line)
        line.close()

        def signed(name):
            asked = lead.manifest_for(up.project, TASK, name, view, algorithm="imaging-head")
            return lead.signed(up.project, asked)

        yield folder, up.homes, signed


def allow(policy, code):
    """Let ``imaging-head`` with this hash of the code run."""
    text = policy.read_text()
    end = text.index("}", text.index("algorithms: {"))
    policy.write_text(f'{text[:end]}, imaging-head: "{code}"{text[end:]}')


@pytest.fixture
def play(sites, tmp_path, monkeypatch):
    from nof1.federation.flare import job

    folder, _, signed = sites
    monkeypatch.setenv("NOF1_SITE", str(folder))
    return lambda name: job.simulate(signed(name), name, NAMES, tmp_path, patience=120.0)


def test_the_job_holds_a_manifest_and_no_code(sites, tmp_path):
    from nof1.federation.flare import job

    made = job.export(sites[2]("stripes"), "stripes", 3, tmp_path)
    files = sorted(path.name for path in made.rglob("*") if path.is_file())
    assert files == ["config_fed_client.json", "config_fed_server.json", "meta.json"]
    assert json.loads((made / "meta.json").read_text())["min_clients"] == 3
    text = (made / "app/config/config_fed_client.json").read_text()
    assert "nof1.federation.flare.engine.Site" in text


def test_three_sites_train_one_model_over_flare(sites, play):
    outcome = play("stripes")
    assert outcome["finished"]
    assert outcome["sums"] > 100
    hashes = {one["content_hash"] for one in outcome["ends"].values()}
    assert len(hashes) == 1
    for name in NAMES:
        entries = audit.entries(open_workspace(sites[0] / name).audit)
        ended = [one for one in entries if one["action"] == "federation job ended"]
        assert ended[-1]["details"]["content_hash"] in hashes


def test_a_site_that_refuses_is_asked_nothing_more(sites, play):
    policy = sites[1]["west"].policy
    before = policy.read_text()
    policy.write_text(before.replace("imaging-head", "another"))
    try:
        outcome = play("refused")
    finally:
        policy.write_text(before)
    assert not outcome["finished"]
    assert outcome["decisions"]["west"]["rule"] == "algorithms"
    assert outcome["ends"] == {}
    assert outcome["sums"] == 0


def test_a_class_that_the_site_does_not_allow_does_not_run(sites, play, monkeypatch):
    from nof1.federation.flare import job

    monkeypatch.setattr(job, "ALLOWED", job.ALLOWED[2:])
    with pytest.raises((ModelError, RuntimeError)):
        play("stranger")
