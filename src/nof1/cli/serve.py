"""``nof1 serve``: pages for people and the CDS Hooks services, in one process over HTTPS."""

from __future__ import annotations

import errno
import json
import shlex
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import common, step
from nof1.core.errors import UsageError, WorkspaceError
from nof1.core.extras import require
from nof1.core.workspace import Workspace, create, open_workspace

if TYPE_CHECKING:
    from nof1.advice.hooks.room import Room
    from nof1.web.access.people import People

EXAMPLE = ("simvastatin", "clarithromycin")  # a pair that must not be given together
EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PATIENTS, SEED = 120, 11  # of the synthetic hospital that --demo makes when there is no workspace
SLOTS, KEEP_ALIVE_S = 200, 15  # requests at once; more are refused with 503


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option("--demo", is_flag=True, help="Invented patients, no tokens, this machine only.")
@click.option(
    "--insecure-http-for-development", "insecure", is_flag=True,
    help="Plain http on this machine; without --clients also without tokens.",
)  # fmt: skip
@click.option("--clients", type=click.Path(dir_okay=False), help="JSON file: who may ask.")
@click.option("--accounts", is_flag=True, help="People sign in with accounts of this server.")
@click.option("--oidc", type=click.Path(dir_okay=False), help="JSON file: the hospital's sign-in.")
@click.option("--public-url", metavar="URL", help="Address under which people find this server.")
@click.option("--certificate", type=click.Path(dir_okay=False), help="TLS certificate (PEM).")
@click.option("--key", type=click.Path(dir_okay=False), help="Its private key (PEM).")
@click.option(
    "--database",
    envvar="NOF1_DATABASE",
    help="Ledger in PostgreSQL by URL [default: audit/ledger.db].",
)
@click.option(
    "--fetch-from",
    multiple=True,
    metavar="URL",
    help="FHIR server of a client that may be read with its request's token (several times).",
)
@click.option(
    "--answer-within",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 300),
    help="Seconds after which a request is answered with 503.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that answer; about 0.2 GB of memory each.",
)
@common
def serve(
    host: str,
    port: int,
    demo: bool,
    insecure: bool,
    clients: str | None,
    accounts: bool,
    oidc: str | None,
    public_url: str | None,
    certificate: str | None,
    key: str | None,
    database: str | None,
    fetch_from: tuple[str, ...],
    answer_within: float,
    workers: int,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Pages for people, and advice inside the clinician's own system (CDS Hooks).

    Needs TLS and someone who may come in (a file of clients, accounts, the hospital's sign-in),
    except for development on this machine.
    """
    secure = certificate is not None and key is not None
    known = clients is not None or accounts or oidc is not None
    _check_safety(host, secure, demo or insecure, known)
    if demo and (accounts or oidc is not None):
        raise UsageError("A demo has no accounts.", where="--demo", next_step="Leave one away.")
    if demo and workers > 1:
        raise UsageError("A demo is answered by one process.", where="--workers", allowed="1")
    with _workspace(workspace, demo) as found:
        url = f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        people = _people(host, public_url, url, accounts, oidc)
        _run(found, url, demo=demo, clients=clients, database=database, as_json=as_json,
             people=people,
             fetch_from=fetch_from, answer_within=answer_within, insecure=insecure or demo,
             workers=workers,
             host=host, port=port, ssl_certfile=certificate, ssl_keyfile=key)  # fmt: skip


def _people(
    host: str, told: str | None, url: str, accounts: bool, oidc: str | None
) -> People | None:
    """How people sign in, at the address that was told or at ``url``; None: they do not."""
    if not accounts and oidc is None:
        return None
    from nof1.web.access.people import People

    if told is not None and url.startswith("https://") and not told.startswith("https://"):
        raise UsageError(
            "The server speaks https, and this address does not.",
            where="--public-url",
            allowed="https://HOST or https://HOST:PORT",
        )
    if host in EVERYWHERE and told is None:
        raise UsageError(
            "Browsers need one address of this server, and it listens on all.",
            where="--public-url",
            next_step="Give it as people type it: --public-url https://nof1.hospital.example",
        )
    named = None if oidc is None else Path(oidc)
    return People(told or url, host in LOOPBACK, accounts, named)


def _check_safety(host: str, secure: bool, development: bool, known: bool) -> None:
    """Plain http on this machine alone, and only when asked for by name."""
    if not secure and not development:
        raise UsageError(
            "Patients' data do not travel over plain http.",
            where="--certificate and --key",
            next_step="Give both; or --insecure-http-for-development on this machine, or --demo.",
        )
    if not secure and host not in LOOPBACK:
        raise UsageError(
            "Plain http is for this machine alone.", where="--host", allowed=list(LOOPBACK)
        )
    if secure and not known:
        raise UsageError(
            "Nobody could be recognised: there is no file of clients and no sign-in.",
            where="--clients, --accounts or --oidc",
            next_step="See docs/cds-hooks.md for clients, docs/access.md for people.",
        )


@contextmanager
def _workspace(path: str | None, demo: bool) -> Iterator[Workspace]:
    """The workspace asked for; for a demo without one, a small synthetic hospital for a while."""
    if not demo or path is not None:
        found = open_workspace(path)
        if demo and not found.synthetic:
            raise WorkspaceError(
                "A demo shows invented patients only, and this workspace is not synthetic.",
                where="--workspace",
                next_step="Leave --workspace away, or use the one that nof1 demo made.",
            )
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="nof1-serve-") as folder:
        yield _invented(Path(folder))


def _invented(folder: Path) -> Workspace:
    """A synthetic hospital of ``PATIENTS`` people, imported and nothing trained."""
    from nof1.record.ingest import ingest
    from nof1.synthetic.hospital import write
    from nof1.synthetic.radiology import Imaging

    step("Make a small synthetic hospital")
    written = write(folder / "files", seed=SEED, patients=PATIENTS, imaging=Imaging.none())
    workspace = create(folder / "ws", shards=2, synthetic=True)
    for number, (site, source) in enumerate(written.sites.items()):
        settings = {} if number else {"shards": 2}
        ingest(workspace.record, [source], site=site, settings=settings)
    return workspace


def _run(
    workspace: Workspace,
    url: str,
    *,
    demo: bool,
    clients: str | None,
    database: str | None,
    as_json: bool,
    fetch_from: tuple[str, ...],
    answer_within: float,
    insecure: bool,
    workers: int,
    people: People | None,
    **listen: Any,
) -> None:
    """Make the service ready, say where it is, and serve until Ctrl-C."""
    server = require("uvicorn", "service")
    _check_port(listen["host"], listen["port"])
    from nof1.web import workers as several

    settings: dict[str, Any] = {
        "demo": demo, "allowed": None if clients is None else Path(clients), "database": database,
        "fetch_from": fetch_from, "insecure": insecure, "longest_s": answer_within,
        "people": people,
    }  # fmt: skip
    told = {"schema": "nof1/serve/1", "url": url, "discovery": f"{url}/cds-services",
            "pages": _pages(url, people, clients), "tokens": clients is not None,
            "synthetic": workspace.synthetic,
            "sign_in": None if people is None else f"{people.url.rstrip('/')}/sign-in"}  # fmt: skip
    how = {"log_level": "warning", "access_log": False, "server_header": False,
           "proxy_headers": False,  # a forged address would slip through the limits of sign-in
           "limit_concurrency": SLOTS, "timeout_keep_alive": KEEP_ALIVE_S,
           "http": "nof1.web.patience:Impatient"}  # fmt: skip
    if workers > 1:
        host, port = listen.pop("host"), listen.pop("port")
        plan = several.Plan(workspace.root, settings, {**how, **listen})
        words = json.dumps(told) if as_json else _words(told, None)
        several.serve(plan, workers, host, port, lambda: click.echo(words))
        return
    from nof1.web import server as web  # needs the extra, as uvicorn does

    made = web.ready(workspace, **settings)
    click.echo(json.dumps(told) if as_json else _words(told, made.room if demo else None))
    several.settle()
    server.run(made.app, **how, **listen)


def demonstrate(workspace: Workspace, port: int) -> None:
    """Serve the pages of an invented hospital on this machine, until Ctrl-C.

    Raises
    ------
    UsageError : the port is taken.
    """
    _run(workspace, f"http://127.0.0.1:{port}", demo=True, clients=None, database=None,
         as_json=False, fetch_from=(), answer_within=10.0, insecure=True, workers=1, people=None,
         host="127.0.0.1", port=port, ssl_certfile=None, ssl_keyfile=None)  # fmt: skip


def _pages(url: str, people: People | None, clients: str | None) -> str | None:
    """Where people begin; None where only programs may come in."""
    if people is not None:
        return people.url.rstrip("/")
    return url if clients is None else None


def _check_port(host: str, port: int) -> None:
    """Say now that another program listens there, and not after the models were loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return  # uvicorn says it better
        raise UsageError(
            f"Port {port} of this machine is taken by another program.",
            where="--port",
            next_step="Choose another one, for example --port 8001.",
        ) from None


def _words(told: dict[str, Any], room: Room | None) -> str:
    """What a person reads at the start; in a demo with lines to try."""
    who = "NO TOKENS: for development on this machine"
    if told["tokens"] or told["sign_in"]:
        who = "signed tokens only" if told["tokens"] else "tokens of accounts only"
    lines = [f"CDS Hooks services on {told['discovery']} ({who}). Stop with Ctrl-C."]
    if told["pages"]:
        lines.insert(0, f"Pages on {told['pages']}")
    if told["sign_in"]:
        lines.append(f"People sign in on {told['sign_in']} (accounts: nof1 users add).")
    if told["synthetic"]:
        lines.append("SYNTHETIC: every patient is invented.")
    if room is not None:
        lines += ["", "Try it:", f"  curl {told['discovery']}", *_examples(told["url"], room)]
    return "\n".join(lines)


def _examples(url: str, room: Room) -> list[str]:
    """Two curl lines about the first patient of the record."""
    opened = room.opened()
    if opened is None or not (people := opened.record.subjects().sort("patient").rows(named=True)):
        return []
    patient = people[0]["patient"]
    base = {"hookInstance": "11111111-1111-4111-8111-111111111111"}
    context = {"userId": "Practitioner/1", "patientId": patient}
    orders = [
        {"resourceType": "MedicationRequest", "id": f"draft-{name}", "status": "draft",
         "intent": "order", "subject": {"reference": f"Patient/{patient}"},
         "medicationCodeableConcept": {"text": name}}
        for name in EXAMPLE
    ]  # fmt: skip
    entries = [{"resource": order} for order in orders]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    view = {"hook": "patient-view", **base, "context": context}
    sign = {"hook": "order-sign", **base, "context": {**context, "draftOrders": bundle}}
    return [_curl(url, "nof1-patient-view", view), _curl(url, "nof1-order-sign", sign)]


def _curl(url: str, service: str, body: dict[str, Any]) -> str:
    data = shlex.quote(json.dumps(body))
    kind = "-H 'Content-Type: application/json'"
    return f"  curl {kind} {url}/cds-services/{service} -d {data}"
