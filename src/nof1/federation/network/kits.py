"""A kit as it comes to a site: of the right form, and of the project that the site knows.

A project that was made anew under an old name has another authority and another lead's key. A
site that took its papers and kept its old policy would turn away every job with "wrong signature";
so ``join`` says at once that it is another project.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography import x509

from nof1.core.errors import InputError, Nof1Error, UsageError
from nof1.federation.network import project
from nof1.federation.network.project import HOST, Kit
from nof1.federation.policy import Policy
from nof1.federation.roster import FEWEST, MOST, NAME

KEY = re.compile("[0-9a-f]{64}")
LONGEST = 255  # characters of a project's name, which is that of a folder
ANEW = (
    "Ask the coordinator by telephone whether the project was made anew. If so: nof1 federation "
    "join KIT --anew. Identity, budget and answers given stay; the list of sites must be compared "
    "and accepted again."
)


def read(path: Path) -> Kit:
    """A kit whose names can be shown and written into a policy, and whose papers can be read.

    Raises
    ------
    WorkspaceError, InputError : missing, readable by others, damaged, or of another form.
    """
    found = project.load(path, Kit, "Ask the coordinator for the site's kit.")
    told = found.settings
    names = (told.lead, *told.sites)
    fine = (
        0 < len(told.project) <= LONGEST
        and told.project.isprintable()
        and all(NAME.fullmatch(one) for one in names)
        and HOST.fullmatch(told.host)
        and 0 < told.port < 65536
        and KEY.fullmatch(told.lead_key)
        and FEWEST <= len(set(told.sites)) == len(told.sites) <= MOST
        and found.site in told.sites
        and all(_certificate(one) for one in (found.authority, found.certificate))
    )
    if not fine:
        raise InputError(
            "The kit is not of the right form.",
            where=str(path),
            next_step="Ask the coordinator for a new kit; do not write one by hand.",
        )
    return found


def known(before: Kit | None, now: Kit, policy: Path) -> None:
    """Nothing when a kit belongs to what this workspace has joined already.

    Parameters
    ----------
    before : the kit that was joined with; None: none. policy : the site's rules, may be missing.

    Raises
    ------
    UsageError : it is for another project, another site, or a project that was made anew.
    """
    if before is not None:
        told = before.settings
        if (told.project, before.site) != (now.settings.project, now.site):
            raise UsageError(
                "This workspace has joined another project, or under another name.",
                where=str(policy.parent),
                next_step="Use another workspace, or move that folder away.",
            )
        if before.authority.strip() != now.authority.strip():
            raise _remade(now, "its certificates come from another authority", policy.parent)
        if told.lead_key != now.settings.lead_key:
            raise _remade(now, f"{now.settings.lead} signs with another key", policy.parent)
    if _trusted(policy).get(now.settings.lead, now.settings.lead_key) != now.settings.lead_key:
        raise _remade(now, f"the policy has another key for {now.settings.lead}", policy)


def _remade(kit: Kit, why: str, where: Path) -> UsageError:
    return UsageError(
        f"This kit is of another project that is also called {kit.settings.project}: {why} than "
        "when this workspace joined. No job of it could run here.",
        where=str(where),
        next_step=ANEW,
    )


def _trusted(policy: Path) -> dict[str, str]:
    """Leads of the policy and their keys; none where it cannot be read: ``site`` will say so."""
    try:
        return Policy.load(policy).leads if policy.exists() else {}
    except Nof1Error:
        return {}


def _certificate(text: str) -> bool:
    try:
        x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return False
    return True
