"""``private-glassbox``: a site's part in a job with noise, from its record to a stored model.

The order is the point. What is public is checked; the site's rows are made at home; the budget is
charged, on disk; only then does the site say its first word, and every number in it carries noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from nof1 import __version__
from nof1.core import artefacts, audit
from nof1.core.artefacts import content_hash
from nof1.core.errors import InputError, UsageError
from nof1.federation import checkpoint
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.budget import Ledger
from nof1.federation.manifest import Privacy
from nof1.federation.private import card as cards
from nof1.federation.private import public, site
from nof1.federation.private.glassbox import Recipe
from nof1.federation.private.noise import NoisySum, may_collude
from nof1.federation.private.plan import Plan
from nof1.federation.private.training import Fitted, fit
from nof1.federation.refusal import Refused
from nof1.learn.binary import GlassBoxBinary
from nof1.predict.card import Verdict, silent_groups, withheld
from nof1.predict.fitting import GLASSBOX, Pair, Trained
from nof1.predict.model import Model
from nof1.predict.task import Task
from nof1.record.store import Record

NAME = "private-glassbox"
OUTPUTS = ("model",)
LEDGER = Path("federation") / "budget.db"
RELEASES = 1
"""A job is charged as one release with the plan's noise, which costs the same as all of them."""


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear: today's date, and whether its workspace is synthetic."""

    today: str
    synthetic: bool


def read(text: str) -> None:
    """Refuse a text that is no task for a private job.

    Raises
    ------
    InputError : naming what is wrong.
    """
    public.check(Task.parse(text))


def run(asked: Asked) -> Result:
    """Take part in a private training; called at every site at the same time.

    Raises
    ------
    Refused : no noise was asked for, it protects against too few, or too little budget is left.
    InputError : the task is none for a private job.
    """
    privacy = asked.privacy
    if privacy is None:
        raise Refused("privacy", "A private model needs epsilon and delta.", NEED)
    task = Task.parse(asked.text)
    known = public.Public.of(task, privacy.ranges)
    dishonest = _dishonest(privacy, len(asked.link.roster.names))
    plan = _plan(privacy)
    record = Record(asked.workspace.record)
    rows = site.rows_of(task, record, known, task.split.seed, asked.engine)
    _charge(asked, plan)
    words = _exchanged(asked, Word(f"{datetime.now(UTC):%Y-%m-%d}", asked.workspace.synthetic))
    total = NoisySum(
        asked.link.open(_digest(asked, words)), len(asked.link.roster.names), dishonest
    )
    fitted = fit(
        rows, known.columns, known.grids, known.groups, known.places(rows.X), plan, total,
        Recipe.of(privacy.epsilon), task.time_at_risk.end_days, task.split.seed,
    )  # fmt: skip
    model = _model(task, asked, known, fitted, words)
    return _stored(task, asked, model, fitted, rows, plan, total)


def _dishonest(privacy: Privacy, sites: int) -> int:
    """How many sites may be dishonest; a job may ask for more than the default, not for less."""
    least = may_collude(sites)
    wanted = least if privacy.dishonest is None else privacy.dishonest
    if not least <= wanted < sites:
        raise Refused(
            "privacy", f"The noise must hold against {least} to {sites - 1} dishonest sites."
        )
    return wanted


def _plan(privacy: Privacy) -> Plan:
    try:
        return Plan.of(privacy.epsilon, privacy.delta)
    except UsageError as error:
        raise Refused("privacy", f"{error.message} {error.allowed}") from None


def _charge(asked: Asked, plan: Plan) -> None:
    """Spend the whole job's budget; on disk before anything is said, and never given back."""
    ledger = Ledger(asked.workspace.root / LEDGER, asked.policy.budgets)
    if not checkpoint.paid(ledger, asked.link.keeper, plan.total, RELEASES):
        ledger.spend(asked.cohort, asked.link.job, plan.total, RELEASES)


def _exchanged(asked: Asked, own: Word) -> list[Word]:
    """The words of all sites, by name of the site."""
    got = asked.link.exchange(msgspec.json.encode(own))
    try:
        return [msgspec.json.decode(got[name], type=Word) for name in asked.link.roster.names]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's first word cannot be read.", where="federation") from None


def _digest(asked: Asked, words: list[Word]) -> bytes:
    """What the keys of the sum are bound to; no date, for a job may go on the next day."""
    kinds = [one.synthetic for one in words]
    agreed = [NAME, __version__, asked.text, asked.privacy, kinds]
    return hashlib.sha256(msgspec.json.encode(agreed)).digest()


def _model(
    task: Task, asked: Asked, known: public.Public, fitted: Fitted, words: list[Word]
) -> Model:
    shapes = json.dumps(fitted.private.shapes.to_dict()).encode()
    trained = Trained(GLASSBOX, "binary", GlassBoxBinary().load({"shapes.json": shapes}))
    verdict = fitted.verdict
    return Model(
        name=task.name.lower(),
        task_yaml=asked.text,
        code_sets=public.stored_codes(task),
        pair=Pair(trained, trained),
        spec=known.spec,
        columns=known.columns,
        voices={verdict.horizon_days: verdict.voice},
        domain=fitted.domain,
        drift=fitted.drift,
        withheld=withheld((verdict,)),
        silent_groups=silent_groups((verdict,)),
        level=task.interval_level,
        codes={},
        data_date=min(one.today for one in words),
        validated_in=(
            f"about {fitted.patients:,} patients of {len(words)} hospitals that showed each other "
            f"no row, one in five judging and not training (internal, with noise)"
        ),
        synthetic=any(one.synthetic for one in words),
    )


def _stored(
    task: Task, asked: Asked, model: Model, fitted: Fitted, rows: site.SiteRows, plan: Plan,
    total: NoisySum,
) -> Result:  # fmt: skip
    """Store the model; where this site's audit found leakage, it stays silent here alone."""
    own = model
    if rows.leak:
        own = replace(model, withheld=(*model.withheld, "leakage: this site's audit found some"))
        audit.append(asked.workspace.audit, "leakage audit", job=asked.link.job, found=rows.leak)
    version = max(artefacts.versions(asked.workspace.models, model.name), default=0) + 1
    assert asked.privacy is not None
    made = cards.card_of(task, own, str(version), fitted, asked.privacy, plan, total, rows.leak)
    notes = {
        "card.json": json.dumps(made.to_dict()).encode(),
        "card.md": made.to_markdown().encode(),
    }
    artefact = artefacts.save(asked.workspace.models, model.name, own.files(), notes)
    audit.append(
        asked.workspace.audit, "federation with noise", job=asked.link.job, cohort=asked.cohort,
        epsilon=asked.privacy.epsilon, delta=asked.privacy.delta, releases=total.releases,
        model=f"{artefact.name}/{artefact.version}",
    )  # fmt: skip
    return Result(
        artefact.name, str(artefact.version), content_hash(model.files()),
        _figures(model, fitted, fitted.verdict, asked.privacy, total),
    )  # fmt: skip


def _figures(
    model: Model, fitted: Fitted, verdict: Verdict, privacy: Privacy, total: NoisySum
) -> dict[str, Any]:
    """For the coordinator: what all sites know alike, all of it from noised sums."""
    figures: Mapping[str, Any] = verdict.evaluation.to_dict()["figures"]
    return {
        "patients": fitted.patients,
        "rows": fitted.patients,
        "events": fitted.events,
        "rounds": total.releases,
        "bytes_sent_by_each_site": total.bytes_sent,
        "withheld": list(model.withheld),
        "synthetic": model.synthetic,
        "privacy": {
            "epsilon": privacy.epsilon,
            "delta": privacy.delta,
            "dishonest_sites": total.dishonest,
        },
        "figures": figures,
    }


NEED = "nof1 federation train TASK.yaml --algorithm private-glassbox --epsilon 3 --delta 1e-5 ..."
PRIVATE_GLASSBOX = Algorithm(NAME, OUTPUTS, read, run, noisy=True)
