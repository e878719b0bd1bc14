"""The pack itself: every check on one stored model, in one signed object.

Schema ``nof1/federation-egress/1``; docs/egress.md describes each part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nof1 import __version__
from nof1.core import audit, code
from nof1.core.errors import WorkspaceError
from nof1.core.finding import NOTICE
from nof1.core.workspace import Workspace
from nof1.federation.egress import audited, membership, norows, signing, smallcells, staying
from nof1.federation.egress.facts import Facts, facts
from nof1.federation.egress.subject import Subject, load
from nof1.federation.egress.verdict import Check, Found, of_findings, worst
from nof1.record.store import Record

FEW = 10
ROOMS = ("core", "record", "learn", "predict", "federation")  # as a site's policy hashes them
Say = Callable[[str], None]


def egress(
    workspace: Workspace,
    name: str,
    *,
    version: int | None = None,
    few: int = FEW,
    seed: int | None = None,
    say: Say = lambda text: None,
    kind: str | None = None,
) -> dict[str, Any]:
    """Check a stored model and sign what was found; an audit record is written.

    Parameters
    ----------
    few : patients below which a cell is small.
    kind : ``models``, ``effects``, ``images`` or ``laboratory``, where several have the name.
    seed : of halves, canaries and coins; default drawn anew, as it must be unknown to the trainer.

    Raises
    ------
    ModelError : there is no such model, its files are not those that were stored, or it is of a
        kind that is not known. UsageError : models of several kinds have the name.
    """
    subject = load(workspace, name, version, kind)
    known = _facts(workspace, few)
    drawn = audited.seed_of(seed)
    say("Searching the files for rows, names and words of patients")
    checks = [hashes(subject), staying.check(subject), norows.check(subject, known, few)]
    say("Counting who is behind each bin and group")
    checks.append(smallcells.check(subject, known, few))
    checks.append(reproduced(subject, say))
    checks.append(membership.check(subject, say, drawn))
    checks.append(audited.check(subject, say, drawn + 1))
    checks.append(audited.noise(subject, say, drawn + 2))
    by = signing.signer(workspace.root)
    pack = signing.signed(_pack(subject, checks, few), by)
    audit.append(
        workspace.audit, "federation egress", model=f"{name}/{subject.artefact.version}",
        verdict=pack["verdict"], content_hash=subject.artefact.content_hash,
        pack=hashlib.sha256(signing.canonical(pack)).hexdigest(),
    )  # fmt: skip
    return pack


def _pack(subject: Subject, checks: list[Check], few: int) -> dict[str, Any]:
    artefact = subject.artefact
    verdict = worst([one.status for one in checks])
    made: dict[str, Any] = {
        "schema": signing.SCHEMA,
        "notice": NOTICE,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "site": subject.workspace.site,
        "synthetic": subject.workspace.synthetic,
        "model": {
            "name": artefact.name,
            "version": artefact.version,
            "shelf": subject.shelf,
            "content_hash": artefact.content_hash,
            "learner": _learner(subject),
            "federated": subject.federated,
            "sites": subject.sites,
            "claim": None if subject.claim is None else {
                "epsilon": subject.claim.epsilon, "delta": subject.claim.delta,
            },
        },
        "files": {
            name: {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
            for name, raw in sorted(artefact.files.items())
        },
        "code": {"nof1": __version__, "rooms": list(ROOMS), "sha256": code.of_process(ROOMS)},
        "fewest_allowed": few,
        "verdict": verdict,
        "checks": [one.to_dict() for one in checks],
    }  # fmt: skip
    return json.loads(json.dumps(made, allow_nan=False, default=_plain))  # type: ignore[no-any-return]


def _learner(subject: Subject) -> str | None:
    if subject.effect is not None:
        return subject.effect.stored.learner
    return subject.model.pair.trained.name if subject.model else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)


def _facts(workspace: Workspace, few: int) -> Facts | None:
    try:
        return facts(Record(workspace.record), few)
    except WorkspaceError:
        return None


def hashes(subject: Subject) -> Check:
    """Are the files those that were stored, and is the card about this model?"""
    found = []
    stated = subject.card.get("content_hash")
    if stated is not None and stated != subject.artefact.content_hash:
        found.append(Found("card.json", "the card is about other model files"))
    if stated is None:
        found.append(Found("card.json", "no card names this model", 1, "attention"))
    reason = (
        "All files have the hashes that were stored with them, and the card names this model."
        if stated == subject.artefact.content_hash
        else "The files are those that were stored; the card does not vouch for them."
    )
    return Check(
        "hashes", "Are these the files that were trained?", of_findings(found), reason,
        "Each file has its stored SHA-256; the card names the hash over all.", {}, found,
        ("Who changes files, manifest and card together is not found by hashes; the check that "
         "trains again may find it.",),
    )  # fmt: skip


def reproduced(subject: Subject, say: Say) -> Check:
    """Does the recipe, run again on this record, give the same bytes?"""
    name, title = "reproduced", "Does training again give the same model?"
    limit = "The learner's files are the same, byte for byte."
    why = _not_again(subject)
    if why:
        return Check(name, title, "not_checked", why, limit)
    from nof1.federation.egress.trainer import Registered

    say("Training the model once more")
    table, trainer, model = subject.table, subject.trainer(), subject.model
    assert table is not None
    assert model is not None
    assert isinstance(trainer, Registered)
    rows = table.rows
    again = trainer.trained(
        table.data.X[rows], table.target.at(rows), table.data.patients[rows]
    ).save()
    stored = model.pair.trained.save()
    files: Mapping[str, bytes] = subject.artefact.files
    raw = {one.replace("trees.txt", "trees.lgb.txt"): content for one, content in again.items()}
    same = again == stored and all(files.get(one) == content for one, content in raw.items())
    if same:
        return Check(name, title, "pass", "It is what the recipe makes of this record.", limit)
    found = [Found(", ".join(sorted(raw)), "other bytes than the recipe gives", 1, "attention")]
    reason = (
        "Training again gave another model: the record, the code or the machine has changed since, "
        "or the file was not made by this recipe."
    )
    return Check(name, title, "attention", reason, limit, {}, found)


def _not_again(subject: Subject) -> str:
    if subject.table is None:
        return subject.why
    if subject.effect is not None:
        return "This check does not estimate an effect again: run nof1 effect and compare hashes."
    if subject.federated:
        return "Several sites trained it, and this site cannot make it again alone."
    if subject.claim is not None:
        return "It was made with noise that cannot be drawn again."
    if not subject.table.same:
        return "The record is not the one it was trained on (other patients or rows)."
    return ""
