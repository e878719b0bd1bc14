import json

import pytest
from click.testing import CliRunner

from network_samples import NAMES, federation
from nof1.cli.federation import federation as command
from nof1.core.errors import Nof1Error, UsageError
from nof1.core.workspace import create
from nof1.federation.network import project


def run(*arguments):
    """The command's JSON."""
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


def text(*arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False).stdout


@pytest.fixture
def made(tmp_path):
    sites = [part for name in NAMES for part in ("--site", name)]
    return tmp_path / "study", run("init", tmp_path / "study", *sites, "--port", 9443)


def test_init_makes_a_kit_for_each_site(made):
    root, told = made
    assert told["schema"] == "nof1/federation-init/1"
    assert set(told["kits"]) == set(NAMES)
    assert (told["port"], told["lead"]) == (9443, "study-lead")
    assert (root / "kits" / "north.kit").exists()


def test_join_shows_the_keys_and_writes_a_policy(made, tmp_path):
    create(tmp_path / "north", synthetic=True)
    told = run("join", made[0] / "kits" / "north.kit", "-w", tmp_path / "north")
    assert (told["site"], told["lead_key"]) == ("north", made[1]["lead_key"])
    assert len(told["identity"]) == 64
    assert (tmp_path / "north" / "federation" / "policy.yaml").exists()
    assert told["identity"] in text(
        "join", made[0] / "kits" / "north.kit", "-w", tmp_path / "north"
    )


def test_renew_makes_new_kits(made):
    before = (made[0] / "kits" / "north.kit").read_bytes()
    told = run("renew", made[0])
    assert told["lead_key"] == made[1]["lead_key"]
    assert (made[0] / "kits" / "north.kit").read_bytes() != before


def test_the_list_is_compared_and_accepted(tmp_path):
    places = {name: create(tmp_path / name, synthetic=True).root for name in NAMES}
    homes = {name: place / "federation" for name, place in places.items()}
    with federation(tmp_path, homes=homes):
        first = run("roster", "-w", places["north"])
        assert (first["missing"], first["number"]) == (["south", "west"], "")
        run("roster", "-w", places["south"])
        number = run("roster", "-w", places["west"])["number"]
        assert number in text("roster", "-w", places["north"])
        with pytest.raises(UsageError, match="not the number"):
            run("roster", "-w", places["north"], "--accept", "0000")
        assert run("roster", "-w", places["north"], "--accept", number)["accepted"]
    assert (homes["north"] / "roster.json").exists()


def test_a_site_that_has_not_accepted_does_not_start(made, tmp_path):
    create(tmp_path / "north", synthetic=True)
    run("join", made[0] / "kits" / "north.kit", "-w", tmp_path / "north")
    with pytest.raises(Nof1Error, match="accepted"):
        CliRunner().invoke(command, ["site", "-w", str(tmp_path / "north")], catch_exceptions=False)


def test_a_workspace_that_has_not_joined_says_how(tmp_path):
    create(tmp_path / "north", synthetic=True)
    for name in ("site", "roster"):
        with pytest.raises(Nof1Error) as caught:
            CliRunner().invoke(
                command, [name, "-w", str(tmp_path / "north")], catch_exceptions=False
            )
        assert "nof1 federation join" in str(caught.value)


def test_serve_needs_a_project_and_a_free_port(made, tmp_path):
    with pytest.raises(Nof1Error, match="cannot be read"):
        CliRunner().invoke(command, ["serve", str(tmp_path)], catch_exceptions=False)
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(UsageError, match="Nothing can listen"):
            CliRunner().invoke(
                command, ["serve", str(made[0]), "--port", port], catch_exceptions=False
            )


def test_a_certificate_that_runs_out_soon_is_told(made, monkeypatch, capsys):
    from nof1.cli import federation_network
    from nof1.federation.network import certificates

    papers = project.papers(made[0] / "server")
    federation_network._warn(papers.certificate)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(certificates, "days_left", lambda certificate: 12)
    federation_network._warn(papers.certificate)
    assert "12 days" in capsys.readouterr().err
