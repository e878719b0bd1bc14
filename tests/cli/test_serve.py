"""``nof1 serve``: safe by default, and the demo's own lines work."""

import json
import shlex
import socket

import pytest
import uvicorn
from fastapi.testclient import TestClient

from access_samples import cheap
from hook_samples import PATIENT, creatinine, sign
from nof1.advice.ledger.store import read_ledger
from nof1.cli import main, serve
from nof1.core.workspace import create, open_workspace
from nof1.record.ingest import ingest
from nof1.web.access.desk import open_desk
from token_samples import bearer, clients_file

SIGN = "/cds-services/nof1-order-sign"


@pytest.fixture
def workspace(tmp_path):
    made = create(tmp_path / "ws", shards=1, synthetic=True)
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "all.ndjson").write_text("\n".join(map(json.dumps, (PATIENT, creatinine()))))
    ingest(made.record, [folder], site="here", settings={"shards": 1})
    return made


@pytest.fixture
def started(monkeypatch):
    """What would have been served, and how."""
    calls = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **how: calls.append((app, how)))
    return calls


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(["serve", *map(str, arguments)])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "plain http"),
        (("--certificate", "c.pem"), "plain http"),
        (("--insecure-http-for-development", "--host", "0.0.0.0"), "this machine alone"),
        (("--demo", "--host", "192.0.2.1"), "this machine alone"),
        (("--certificate", "c.pem", "--key", "k.pem"), "no file of clients"),
        (("--accounts",), "plain http"),
        (("--insecure-http-for-development", "--accounts", "--host", "192.0.2.1"), "this machine"),
        (("--demo", "--accounts"), "no accounts"),
        (
            ("--certificate", "c.pem", "--key", "k.pem", "--accounts", "--host", "0.0.0.0"),
            "--public-url",
        ),
        (
            (
                "--certificate",
                "c.pem",
                "--key",
                "k.pem",
                "--accounts",
                "--public-url",
                "http://a.b",
            ),
            "https://HOST",
        ),
    ],
)
def test_what_is_not_safe_does_not_start(capsys, workspace, started, arguments, words):
    code, _, err = run(capsys, "-w", workspace.root, *arguments)
    assert code == 2
    assert words in err
    assert not started


@pytest.mark.parametrize(
    "address", ["http://ehr.example.org/fhir", "https://me:secret@ehr.example.org/fhir", "ehr"]
)
def test_only_https_addresses_may_be_read_from(capsys, workspace, started, tmp_path, address):
    code, _, err = run(
        capsys, "-w", workspace.root, "--certificate", "c.pem", "--key", "k.pem",
        "--clients", clients_file(tmp_path), "--fetch-from", address,
    )  # fmt: skip
    assert code == 2
    assert "--fetch-from" in err
    assert "secret" not in err
    assert not started


def test_a_demo_shows_invented_patients_only(capsys, tmp_path, started):
    real = create(tmp_path / "real")
    code, _, err = run(capsys, "-w", real.root, "--demo")
    assert code == 2
    assert "invented" in err
    assert not started


def test_the_lines_of_the_demo_work(capsys, workspace, started):
    code, out, _ = run(capsys, "-w", workspace.root, "--demo", "--port", 8123)
    assert code == 0
    ((app, how),) = started
    assert (how["host"], how["port"], how["ssl_certfile"]) == ("127.0.0.1", 8123, None)
    lines = [shlex.split(line) for line in out.splitlines() if line.startswith("  curl -H")]
    with TestClient(app) as client:
        view, sign = (
            client.post(
                words[3].removeprefix("http://127.0.0.1:8123"),
                content=words[5],
                headers={"content-type": "application/json"},
            )
            for words in lines
        )
    assert view.json()["extension"]["org.nof1.coverage"]["asOf"] == "2024-04-21T08:00:00Z"
    assert sign.json()["cards"][0]["indicator"] == "critical"
    assert "SYNTHETIC" in sign.json()["cards"][0]["summary"]
    assert (workspace.audit / "ledger.db").exists()


def test_with_certificate_and_clients_a_token_is_needed(capsys, workspace, started, tmp_path):
    clients = clients_file(tmp_path)
    code, out, _ = run(
        capsys, "-w", workspace.root, "--certificate", "c.pem", "--key", "k.pem",
        "--clients", clients, "--host", "192.0.2.1", "--json",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["tokens"] is True
    assert json.loads(out)["url"] == "https://192.0.2.1:8000"
    ((app, how),) = started
    assert (how["ssl_certfile"], how["ssl_keyfile"]) == ("c.pem", "k.pem")
    with TestClient(app) as client:
        assert client.get("/cds-services").status_code == 401
        header = {"authorization": bearer("/cds-services")}
        assert client.get("/cds-services", headers=header).status_code == 200
    assert (workspace.root / "service" / "tokens.db").exists()


def test_with_accounts_alone_advice_is_for_tokens_of_programs(
    capsys, workspace, started, monkeypatch
):
    cheap(monkeypatch)
    desk = open_desk(workspace)
    desk.accounts.add("orders", ["order-system"], password=None)
    secret, _ = desk.tokens.make("program:orders", ("order-system",), "", label="", days=1, by="x")
    desk.close()
    code, out, _ = run(
        capsys, "-w", workspace.root, "--certificate", "c.pem", "--key", "k.pem", "--accounts",
        "--host", "0.0.0.0", "--public-url", "https://nof1.hospital.example/",
    )  # fmt: skip
    assert code == 0
    assert "https://nof1.hospital.example/sign-in" in out
    assert "NO TOKENS" not in out
    ((app, how),) = started
    assert how["proxy_headers"] is False
    body, plain = sign("metformin"), {"content-type": "application/json"}
    with TestClient(app) as client:
        assert client.post(SIGN, content=body, headers=plain).status_code == 401
        header = plain | {"authorization": f"Bearer {secret}"}
        assert client.post(SIGN, content=body, headers=header).status_code == 200
        assert client.get("/metrics", headers=header).status_code == 403
    with read_ledger(workspace.audit) as ledger:
        (entry,) = ledger.entries()
    assert entry.client == "program:orders"


def test_the_small_hospital_of_the_demo_has_patients(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "PATIENTS", 20)
    made = serve._invented(tmp_path)
    assert open_workspace(made.root).synthetic
    assert len(serve._examples("http://x", serve_room(made))) == 2


def serve_room(workspace):
    from nof1.advice.hooks.room import Room

    return Room(workspace)


def test_a_taken_port_is_told_before_anything_is_loaded(capsys, workspace, started):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run(capsys, "-w", workspace.root, "--demo", "--port", port)
    assert code == 2
    assert "taken" in err
    assert not started


def test_people_and_programs_are_told_where_to_begin(capsys, workspace, started, tmp_path):
    _, out, _ = run(capsys, "-w", workspace.root, "--demo", "--port", 8123)
    assert out.startswith("Pages on http://127.0.0.1:8123\n")
    clients = clients_file(tmp_path)
    _, out, _ = run(
        capsys, "-w", workspace.root, "--certificate", "c.pem", "--key", "k.pem",
        "--clients", clients, "--json",
    )  # fmt: skip
    assert json.loads(out)["pages"] is None
    for app, _ in started:
        paths = {getattr(route, "path", "") for route in app.router.routes}
        assert ("/patients" in paths) == (app is started[0][0])
