"""``nof1 federation``, the network: make a project, join it, agree on the sites, run both sides."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from nof1.cli.federation import patience_option
from nof1.cli.options import as_json as json_option
from nof1.cli.options import common, table, tell
from nof1.core import audit
from nof1.core.extras import require
from nof1.core.workspace import open_workspace

if TYPE_CHECKING:
    from nof1.federation.network.home import Home
    from nof1.federation.network.project import Project

SOON = 30  # days before a certificate runs out from which on it is said
HOME = "federation"


@click.command()
@click.argument("project", type=click.Path(file_okay=False), metavar="PROJECT")
@click.option("--site", "sites", multiple=True, required=True, help="A site's name (3 or more).")
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Name or address at which sites reach the coordinator.")  # fmt: skip
@click.option("--port", default=8443, show_default=True, type=click.IntRange(1, 65535),
              help="Its port there.")  # fmt: skip
@click.option("--lead", default="study-lead", show_default=True, help="Who signs the jobs.")
@json_option
def init(
    project: str, sites: tuple[str, ...], host: str, port: int, lead: str, as_json: bool
) -> None:
    """Make a project: an authority, the server's papers, the lead's keys, a kit for each site."""
    _ready()
    from nof1.federation.network import project as projects

    made = projects.create(Path(project), sites, host=host, port=port, lead=lead)
    _tell_kits(made, "nof1/federation-init/1", as_json)


@click.command()
@click.argument("project", type=click.Path(file_okay=False), metavar="PROJECT")
@json_option
def renew(project: str, as_json: bool) -> None:
    """New certificates and kits from the project's authority; keys of sites and lead stay."""
    _ready()
    from nof1.federation.network import project as projects

    made = projects.Project(Path(project))
    projects.renew(made)
    _tell_kits(made, "nof1/federation-renew/1", as_json)


def _tell_kits(made: Project, schema: str, as_json: bool) -> None:
    known = made.read_lead()
    kits = {site: str(made.kit(site)) for site in known.sites}
    data = {
        "schema": schema, "project": known.project, "host": known.host, "port": known.port,
        "lead": known.lead, "lead_key": known.lead_key, "kits": kits,
    }  # fmt: skip
    lines = [
        f"Project {known.project}; sites call {known.host}, port {known.port}.",
        "",
        table([[site, path] for site, path in kits.items()], ["site", "kit"]),
        "",
        "Hand each kit to its site on a safe way (it holds a key) and delete it here.",
        f"Keep {made.authority} apart from the server, best offline.",
        f"Next step: nof1 federation serve {made.root}",
    ]
    tell(data, "\n".join(lines), as_json=as_json)


@click.command()
@click.argument("kit", type=click.Path(dir_okay=False), metavar="KIT")
@click.option("--anew", is_flag=True, help="The project was made anew under its old name.")
@common
def join(kit: str, anew: bool, workspace: str | None, as_json: bool) -> None:
    """Unpack a site's kit into its workspace: papers, an identity key of its own, a policy.

    A kit of another project is refused. With --anew the new lead's key takes the old one's place
    in the policy and the accepted list of sites goes; all else of the site stays.
    """
    _ready()
    from nof1.federation.network import home as homes

    found = open_workspace(workspace)
    home = homes.join(Path(kit), found.root / HOME, anew=anew)
    settings, site = home.kit()
    public = home.identity().public_key().public_bytes_raw().hex()
    words = "federation joined anew" if anew else "federation joined"
    audit.append(found.audit, words, project=settings.project, site=site, lead=settings.lead_key)
    data = {
        "schema": "nof1/federation-join/1", "project": settings.project, "site": site,
        "identity": public, "lead": settings.lead, "lead_key": settings.lead_key,
        "policy": str(home.policy),
    }  # fmt: skip
    lines = [
        f"{site} has joined the project {settings.project}.",
        "",
        f"Identity of this site   {public}",
        f"Key of {settings.lead:16} {settings.lead_key}",
        "",
        f"Delete the kit. Read and change the policy: {home.policy}",
        "Nothing runs before the list of sites is compared and accepted.",
        f"Next step: nof1 federation roster -w {found.root}",
    ]
    tell(data, "\n".join(lines), as_json=as_json)


@click.command()
@click.option("--accept", metavar="NUMBER", help="The number that all sites have compared.")
@common
def roster(accept: str | None, workspace: str | None, as_json: bool) -> None:
    """Announce this site, show the list of all sites, and accept it.

    Compare the number with every other site by telephone before you accept it: it covers the
    identity keys of all sites and the lead's key.
    """
    _ready()
    from nof1.federation.network import project as projects

    home, root = _home(workspace)
    settings, site = home.kit()
    members = home.announce()
    proposed = home.proposed(members)
    number = projects.agreement(settings, proposed) if proposed else ""
    if proposed and accept:
        home.accept(proposed, accept)
    data = {
        "schema": "nof1/federation-roster/1", "site": site, "number": number,
        "members": {one.name: one.identity for one in members},
        "missing": sorted(set(settings.sites) - {one.name for one in members}),
        "accepted": bool(proposed and accept),
    }  # fmt: skip
    lines = [
        table([[one.name, one.identity] for one in members], ["site", "identity key"]),
        "",
        *_next(data, number, bool(accept), root),
    ]
    tell(data, "\n".join(lines), as_json=as_json)


def _next(data: dict[str, object], number: str, accept: bool, root: Path) -> list[str]:
    if not number:
        missing = ", ".join(str(one) for one in data["missing"])  # type: ignore[attr-defined]
        return [f"Not announced yet: {missing}. Try again when they have."]
    if accept:
        return ["Accepted.", f"Next step: nof1 federation site -w {root}"]
    return [
        f"Number of this list   {number}",
        "",
        "Compare it with every other site by telephone. When all have the same:",
        f"Next step: nof1 federation roster -w {root} --accept {number}",
    ]


@click.command()
@click.argument("project", type=click.Path(file_okay=False), metavar="PROJECT")
@click.option("--bind", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port [default: the project's].")
@patience_option
def serve(project: str, bind: str, port: int | None, patience: float) -> None:
    """Run the coordinator. It sees sums and signed messages; stop it with Ctrl-C."""
    _ready()
    from nof1.federation.network import project as projects
    from nof1.federation.network.coordinator import Coordinator, listen

    _log()
    made = projects.Project(Path(project))
    server = Coordinator(made, patience)
    _warn(projects.papers(made.server).certificate)
    listener = listen(bind, port or server.settings.port)
    _end_on_signal()
    click.echo(f"Listening on {bind}, port {listener.getsockname()[1]}", err=True)
    server.serve(listener)


@click.command()
@click.option("-w", "--workspace", type=click.Path(file_okay=False), help="The site's workspace.")
@click.option(
    "--home",
    type=click.Path(file_okay=False),
    help="Folder of the kit and keys [default: federation in the workspace].",
)
def site(workspace: str | None, home: str | None) -> None:
    """Run a site: it waits for jobs, and its own policy decides. Stop it with Ctrl-C."""
    _ready()
    from nof1.federation.network.home import Home
    from nof1.federation.network.project import papers
    from nof1.federation.network.resident import Resident

    _log()
    found = open_workspace(workspace)
    kept = Home(Path(home) if home else found.root / HOME)
    kept.kit()  # not joined is told before a missing policy is
    kept.rules()
    _warn(papers(kept.root).certificate)
    resident = Resident(kept, found)
    _end_on_signal()
    resident.run()


def _home(workspace: str | None) -> tuple[Home, Path]:
    from nof1.federation.network.home import Home

    found = open_workspace(workspace)
    return Home(found.root / HOME), found.root


def _ready() -> None:
    """The extra is there, or the command that installs it is named."""
    require("cryptography", "federation")


def _log() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )


def _warn(certificate: Path) -> None:
    from nof1.federation.network import certificates

    left = certificates.days_left(certificate.read_bytes())
    if left < SOON:
        click.echo(f"The certificate runs out in {left} days: nof1 federation renew", err=True)


def _end_on_signal() -> None:
    """SIGTERM ends like Ctrl-C, with code 0."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
