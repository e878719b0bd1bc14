"""Editing a curve of a glass box: look, try, propose with a reason; another person decides.

The answer to an approved proposal is a new version; the old one stays. Making it takes as long as
training its folds again, so it is a job (``jobs``) with a page of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from nof1.core.errors import UsageError
from nof1.learn.shapes import Term
from nof1.pictures import model_charts
from nof1.pictures.picture import Picture
from nof1.predict import proposals
from nof1.predict.edit import DROP, VALUED, WAYS, Edit, changed, edited, planes_with, steps
from nof1.predict.proposals import Person, Proposal
from nof1.web.access import guard
from nof1.web.site import model_curves
from nof1.web.site.addresses import model_address
from nof1.web.site.drawn import settled
from nof1.web.site.house import House
from nof1.web.site.jobs import Job, Jobs
from nof1.web.site.model_page import TRAIL
from nof1.web.site.model_shelf import RISK, Stored, stored
from nof1.web.site.page import Missing, NotAllowed, Page, form, seen_other, show

JOB = "review"
LONGEST = 300


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/models/{name}/{version}/curves/{feature:path}", include_in_schema=False)
    @guard.needs("read", "Model")
    def curve(request: Request, name: str, version: str, feature: str) -> Response:
        """One curve, with an edit tried on it when the address asks for one."""
        found = stored(house, RISK, name, version)
        return show(request, house, curve_page(request, house, found, feature))

    @app.post("/models/{name}/{version}/curves/{feature:path}", include_in_schema=False)
    @guard.needs("create", "Model")
    async def propose(request: Request, name: str, version: str, feature: str) -> Response:
        """Keep a proposal."""
        fields = await form(request)
        return await run_in_threadpool(_propose, request, house, (name, version, feature), fields)

    @app.get("/models/{name}/reviews/{review}", include_in_schema=False)
    @guard.needs("read", "Model")
    def one(request: Request, name: str, review: str) -> Response:
        """A proposal, its decision and what became of it."""
        return show(request, house, review_page(request, house, name, review))

    @app.post("/models/{name}/reviews/{review}", include_in_schema=False)
    @guard.needs("update", "Model")
    async def decide(request: Request, name: str, review: str) -> Response:
        """Approve or refuse."""
        fields = await form(request)
        return await run_in_threadpool(_decide, request, house, (name, review), fields)


def person(request: Request, fields: Mapping[str, str]) -> Person:
    """Who acts: the account, or on an open server the name that was given.

    Raises
    ------
    NotAllowed : a program. UsageError : no name on an open server.
    """
    who = guard.who(request)
    if not who.person:
        raise NotAllowed("Only people review curves.")
    if request.scope["state"].get("access") is None:
        return Person.named(fields.get("name", ""))
    return Person(who.account, who.name, True)


def curve_page(request: Request, house: House, found: Stored, feature: str) -> Page:
    """One curve in full, the form of an edit, and the proposals about it."""
    words, term = model_curves.term_of(found, feature)
    asked = asked_edit(request.query_params, feature)
    assert found.shapes is not None
    if asked is not None:
        edited(found.shapes, asked)  # refuses what is not at the cuts
    tried = None if asked is None else _tried(term, words, asked)
    all_, damaged = proposals.all_of(house.workspace, found.name)
    own = [model_curves.proposal_row(house, found, one) for one in all_
           if one.edit.feature == feature]  # fmt: skip
    rows = bins(term)
    return Page(
        template="model-edit",
        title=words,
        context={
            "model_name": found.name, "version": found.version, "column": feature,
            **model_curves.one(house, found, feature), "cuts": _cuts(term), "ways": WAYS,
            "valued": VALUED, "tried": tried, "asked": _shown(request.query_params),
            "mine": own, "damaged": damaged, "newest": found.newest,
            "planes": planes_with(found.shapes, feature),
            "may_propose": guard.may(request, "create", "Model").allowed,
            "open_server": request.scope["state"].get("access") is None,
            "importance": term.importance,
        },
        data={"schema": "nof1/web-model-curve/1", "model": found.name, "version": found.version,
              "column": feature, "feature": words, "bins": rows, "proposals": own,
              "tried": None if asked is None else {"edit": asked.to_dict(),
                                                   "bins": steps(term, asked)}},
        tables={"curve": rows},
        data_date=str(found.card["data"].get("data_date") or found.card["created"])[:10],
        here="models",
        styles=("models.css",),
        trail=(*TRAIL, (found.name, model_address(found.name, found.version)),
               ("Curves", f"{model_address(found.name, found.version)}/curves")),
    )  # fmt: skip


def bins(term: Term) -> list[dict[str, Any]]:
    """The parts of a curve: low and high (None: open), effect, standard error, people."""
    edges = [None, *term.cuts[0].tolist(), None]
    return [
        {
            "missing": number == 0,
            "low": None if number == 0 else edges[number - 1],
            "high": None if number == 0 else edges[number],
            "effect": float(term.scores[number]),
            "standard_error": float(term.standard_errors[number]),
            "people": int(term.counts[number]),
        }
        for number in range(len(term.scores))
    ]


def _cuts(term: Term) -> list[tuple[str, str]]:
    """(exact value, value as read) of each cut."""
    return [(repr(float(one)), f"{one:.6g}") for one in term.cuts[0]]


def asked_edit(given: Mapping[str, str], feature: str) -> Edit | None:
    """The edit that an address or a form asks for; None when it asks for none.

    Raises
    ------
    UsageError : it makes no sense.
    """
    way = given.get("way", "")
    if not way:
        return None
    value = _number(given, "value") if way in VALUED else None
    if way in VALUED and value is None:
        raise UsageError("This edit needs its value.", where="value", allowed="a number, log odds")
    if way == DROP:
        return Edit(feature, DROP)
    low, high = _number(given, "low"), _number(given, "high")
    return Edit(feature, way, low, high, value, given.get("missing") == "yes")


def _number(given: Mapping[str, str], name: str) -> float | None:
    text = given.get(name, "").strip().replace("−", "-").replace(",", ".")
    if not text:
        return None
    try:
        return float(text[:40])
    except ValueError:
        raise UsageError("This is no number.", where=name, allowed="a number") from None


def _shown(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "")[:40] for name in ("way", "low", "high", "value", "missing")}


def _tried(term: Term, words: str, edit: Edit) -> dict[str, Any]:
    """What an edit would do: the curve before and after, and whom it would touch."""
    after = term if edit.way == DROP else changed(term, edit)
    rows = steps(term, edit)
    people = sum(row["people"] for row in rows)
    total = int(term.counts.sum()) or 1
    return {
        "picture": settled(_picture(term, after, edit, words)),
        "what": edit.words(), "edit": {name: "" if one is None else str(one)
                                       for name, one in edit.to_dict().items()},
        "missing": edit.missing, "bins": len(rows), "people": people, "of": total,
        "largest": max((abs(row["after"] - row["before"]) for row in rows), default=0.0),
    }  # fmt: skip


def _picture(term: Term, after: Term, edit: Edit, words: str) -> Picture:
    cuts = term.cuts[0]
    margin = float(cuts[-1] - cuts[0]) / 10 or abs(float(cuts[0])) / 10 or 1.0
    edges = [float(cuts[0]) - margin, *cuts.tolist(), float(cuts[-1]) + margin]
    rows = [
        {
            "low": edges[k], "high": edges[k + 1], "before": float(term.scores[k + 1]),
            "after": 0.0 if edit.way == DROP else float(after.scores[k + 1]),
            "count": int(term.counts[k + 1]),
        }
        for k in range(len(edges) - 1)
    ]  # fmt: skip
    return model_charts.edit(rows, words)


def _propose(
    request: Request, house: House, where: tuple[str, str, str], fields: Mapping[str, str]
) -> Response:
    name, version, feature = where
    found = stored(house, RISK, name, version)
    edit = asked_edit(fields, feature)
    if edit is None:
        raise UsageError("Choose what to do with the curve.", where="way", allowed=list(WAYS))
    made = proposals.propose(
        house.workspace, name, found.version, edit, person(request, fields), fields.get("why", "")
    )
    return seen_other(f"{model_address(name)}/reviews/{made.id}")


def _decide(
    request: Request, house: House, where: tuple[str, str], fields: Mapping[str, str]
) -> Response:
    name, id_ = where
    found = _proposal(house, name, id_)
    approve = {"approve": True, "refuse": False}.get(fields.get("decision", ""))
    if approve is None:
        raise UsageError("Say whether you approve.", where="decision",
                         allowed=["approve", "refuse"])  # fmt: skip
    who = person(request, fields)
    jobs = Jobs(house.workspace)
    if approve and jobs.running():
        raise UsageError("Another import or evaluation is running on this server.",
                         next_step="Wait until it has ended, then decide.")  # fmt: skip
    proposals.decide(house.workspace, found.id, approve, who, fields.get("why", ""))
    if approve:
        job = jobs.new(JOB, guard.who(request).account, proposal=found.id, model=name)
        try:
            jobs.start(job, {"kind": JOB, "proposal": found.id}, lambda done: _ended(house, done))
        except UsageError as error:  # another job began in the meantime
            proposals.finished(house.workspace, found.id, None, error.message)
            jobs.drop(job.id)
            raise
    return seen_other(f"{model_address(name)}/reviews/{found.id}")


def _ended(house: House, job: Job) -> None:
    """A proposal whose process died is not left as approved for ever."""
    found = proposals.get(house.workspace, str(job.facts["proposal"]))
    if found.state == proposals.APPROVED:
        why = str(job.error.get("error", "The work ended without an answer."))
        proposals.finished(house.workspace, found.id, None, why)


def _proposal(house: House, name: str, id_: str) -> Proposal:
    try:
        found = proposals.get(house.workspace, id_)
    except Exception:
        found = None
    if found is None or found.model != name:
        raise Missing("There is no such proposal for this model.", "Go back to the model.")
    return found


def review_page(request: Request, house: House, name: str, id_: str) -> Page:
    """One proposal with its curve, the form of a decision, and what became of it."""
    proposal = _proposal(house, name, id_)
    found = stored(house, RISK, name, proposal.version)
    words, term = model_curves.term_of(found, proposal.edit.feature)
    jobs = [one for one in Jobs(house.workspace).recent(JOB, 30)
            if one.facts.get("proposal") == id_]  # fmt: skip
    row = model_curves.proposal_row(house, found, proposal)
    job = jobs[0] if jobs else None
    signed = request.scope["state"].get("access") is not None
    own = signed and proposal.by.signed_in and proposal.by.account == guard.who(request).account
    return Page(
        template="model-review",
        title="Proposed edit of a curve",
        context={
            "row": row, "tried": _tried(term, words, proposal.edit), "model_name": name,
            "waits": proposal.state == proposals.OPEN, "job": job,
            "may_decide": guard.may(request, "update", "Model").allowed, "own": own,
            "open_server": not signed, "newer": found.newest > proposal.version,
            "curve": model_curves.address(found, proposal.edit.feature),
            "working": job is not None and not job.ended,
            "new": None if proposal.new_version is None
            else model_address(name, proposal.new_version),
            "compare": f"{model_address(name)}/compare?a={proposal.version}"
                       f"&b={proposal.new_version}",
        },
        data={"schema": "nof1/web-model-review/1", "proposal": proposal.to_dict(),
              "job": None if job is None else {"state": job.state, "says": job.says}},
        data_date=str(found.card["data"].get("data_date") or found.card["created"])[:10],
        here="models",
        styles=("models.css",),
        trail=(*TRAIL, (name, model_address(name))),
    )  # fmt: skip
