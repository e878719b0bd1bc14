"""Training with other hospitals: who, which jobs, what left this site, what may be spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from markupsafe import Markup

from nof1.pictures import drawing
from nof1.pictures.drawing import Scale
from nof1.pictures.theme import BLUE, GREY, VERMILION
from nof1.pictures.views import egress
from nof1.web.access import guard
from nof1.web.site import federation_site as disk
from nof1.web.site.addresses import model_address
from nof1.web.site.federation_site import Site
from nof1.web.site.house import House
from nof1.web.site.later import later, waiting
from nof1.web.site.page import Missing, Page, show

STYLES = ("federation.css",)
NEARLY = 0.8  # of a budget: from here on the bar warns
COMMANDS = (
    ("Rehearse on one machine",
     "nof1 federation rehearse TASK.yaml --site a=A --site b=B --site c=C"),
    ("Join as a site", "nof1 federation join KIT"),
    ("Compare the list of sites by telephone", "nof1 federation roster"),
    ("Say what is allowed here", "nof1 federation policy --allow glassbox"),
    ("Wait for jobs", "nof1 federation site"),
)  # fmt: skip
ENDS = {"finished": "good", "refused": "warning", "failed": "critical", "lost": "warning",
        "stopped": "warning"}  # fmt: skip
GAINS = {"auroc": "AUROC", "brier": "Brier score", "log_loss": "log loss"}


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""

    @app.get("/federation", include_in_schema=False)
    @guard.needs("search", "Federation")
    def overview(request: Request) -> Response:
        """This site's part in federations, from its own files."""
        made = later(
            house, "federation", lambda: disk.read(house.workspace), disk.mark(house.workspace)
        )
        if made is None:
            return waiting(request, house, "Federation", "This site's files are being read.",
                           "federation")  # fmt: skip
        return show(request, house, page(request, house, made))

    @app.get("/federation/egress/{pack}", include_in_schema=False)
    @guard.needs("read", "Federation")
    def one(request: Request, pack: str) -> Response:
        """What was checked before a model leaves."""
        return show(request, house, egress_page(house, pack))


def page(request: Request, house: House, site: Site) -> Page:
    """The overview; a workspace without a federation gets the first steps."""
    jobs = [_job(one) for one in site.jobs]
    cohorts = [_budget(one) for one in site.cohorts]
    gains = [row for one in site.models for row in _gain_rows(one)]
    return Page(
        template="federation",
        title="Federation",
        context={
            "empty": site.empty, "commands": COMMANDS, "faults": site.faults,
            "papers": _papers(site), "members": site.members, "policy": _policy(site),
            "has_policy": site.has_policy, "jobs": jobs, "cohorts": cohorts,
            "spends": site.spends, "models": [_model(request, one) for one in site.models],
            "packs": [_pack(one) for one in site.packs],
            "stays": {name: count for name, count in site.stays.items() if count},
            "site_name": site.papers["site"] if site.papers else house.workspace.site,
        },
        data={
            "schema": "nof1/web-federation/1", "faults": site.faults, "site": site.papers,
            "sites": site.members, "policy": _policy_data(site), "jobs": site.jobs,
            "budget": {"cohorts": site.cohorts, "spends": site.spends}, "models": site.models,
            "egress": site.packs, "stays_here": site.stays,
        },
        tables={
            "jobs": [_flat_job(one) for one in site.jobs],
            "budget": site.cohorts,
            "spends": site.spends,
            "gain": gains,
            "egress": site.packs,
        },
        data_date=f"{house.now():%Y-%m-%d}",
        here="federation",
        styles=STYLES,
    )  # fmt: skip


def egress_page(house: House, name: str) -> Page:
    """One file for a privacy officer, as ``nof1 federation egress`` shows it.

    Raises
    ------
    Missing : there is none of this name, or it is damaged.
    """
    found = disk.pack(house.workspace, name)
    if not found:
        raise Missing("There is no such egress file.", "Make one: nof1 federation egress MODEL")
    try:
        context = egress.context(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Missing("This egress file is damaged.", "Make it again.") from None
    gone = ("title", "data_date", "synthetic", "json_name")
    checks = [
        {key: one.get(key) for key in ("name", "title", "status", "reason", "findings")}
        for one in found["checks"]
    ]
    return Page(
        template="egress",
        title=str(context["title"]),
        context={key: value for key, value in context.items() if key not in gone},
        data=found,
        tables={"checks": checks},
        data_date=str(context["data_date"]),
        here="federation",
        trail=(("Federation", "/federation"),),
    )


def _papers(site: Site) -> dict[str, str] | None:
    told = site.papers
    if told is None:
        return None
    days = told["certificate_days_left"]
    return {
        "This site": told["site"],
        "Project": told["project"],
        "Coordinator": told["coordinator"],
        "Lead, who may ask": told["lead"],
        "Own public key": told["identity"],
        "Certificate": f"{days:,} days left" if days >= 0 else "has run out",
    }


def _policy(site: Site) -> list[tuple[str, str]]:
    rules = site.policy
    if rules is None:
        return []
    budgets = ", ".join(f"{name} (epsilon {one.epsilon:g})" for name, one in rules.budgets.items())
    return [
        ("Who may ask", ", ".join(rules.leads) or "nobody from outside"),
        ("What may run", ", ".join(rules.algorithms) or "nothing for others"),
        ("What may leave", ", ".join(sorted(rules.outputs)) or "nothing"),
        ("Fewest patients", f"{rules.least_patients:,}"),
        ("Fewest with, and without, the outcome", f"{rules.least_events:,}"),
        ("No count of fewer than", f"{rules.least_cell:,} patients"),
        ("Most sums of a job", f"{rules.rounds:,}, each of at most {rules.entries:,} numbers"),
        ("Only with noise", "yes" if rules.noise_required else "no"),
        ("Privacy budgets", budgets or "none: jobs with noise are refused"),
    ]


def _policy_data(site: Site) -> dict[str, Any] | None:
    rules = site.policy
    if rules is None:
        return None
    made = {name: getattr(rules, name) for name in (
        "leads", "algorithms", "least_patients", "least_events", "least_cell", "rounds", "entries",
        "noise_required")}  # fmt: skip
    return {**made, "outputs": sorted(rules.outputs), "exists": site.has_policy,
            "projects": sorted(rules.projects) if rules.projects is not None else None}  # fmt: skip


def _job(one: Mapping[str, Any]) -> dict[str, Any]:
    end = one["end"] or ("not accepted" if one["accepted"] is False else "running or broken off")
    severity = ENDS.get(str(one["end"]), "warning" if one["accepted"] is False else "info")
    return {
        **one,
        "day": (one["asked"] or one["last"] or "")[:16].replace("T", " "),
        "word": end,
        "severity": severity,
        "short": one["job"] if len(one["job"]) <= 60 else f"{one['job'][:59]}…",
    }


def _flat_job(one: Mapping[str, Any]) -> dict[str, Any]:
    sent = one["left"] or {}
    kept = ("job", "asked", "accepted", "end", "why", "model", "rows", "epsilon")
    return {**{name: one[name] for name in kept},
            **{name: sent.get(name) for name in ("algorithm", "cohort", "sums", "numbers",
                                                 "digest")}}  # fmt: skip


def _budget(one: Mapping[str, Any]) -> dict[str, Any]:
    spent, limit = one["spent"], one["limit"]
    share = None if spent is None or not limit else spent / limit
    severity, word = "good", "within"
    if share is None:
        severity, word = "info", "not known"
    elif share >= 1:
        severity, word = "critical", "used up"
    elif share >= NEARLY:
        severity, word = "warning", "nearly used up"
    left = None if spent is None else max(limit - spent, 0.0)
    return {**one, "bar": budget_bar(one), "severity": severity, "word": word,
            "spent_words": "not known" if spent is None else f"{spent:.2f}",
            "left_words": "not known" if left is None else f"{left:.2f}"}  # fmt: skip


def budget_bar(one: Mapping[str, Any]) -> Markup:
    """What a cohort has spent against its limit, as SVG text; the numbers stand beside the marks.

    Parameters
    ----------
    one : cohort, spent (epsilon, None = not known), limit (epsilon), delta.
    """
    wide, spent = 360, one["spent"]
    x = Scale(0, max(one["limit"], spent or 0, 1e-9) * 1.08, 0, wide)
    end, limit = x(spent or 0), x(one["limit"])
    over = spent is not None and spent >= NEARLY * one["limit"]
    tone, colour = ("fill-warn", VERMILION) if over else ("fill-accent", BLUE)
    marks = f'<rect x="0" y="16" width="{limit:.1f}" height="14" class="fill-rest" fill="{GREY}" fill-opacity="0.3"/>'  # noqa: E501
    marks += f'<rect x="0" y="16" width="{end:.1f}" height="14" class="{tone}" fill="{colour}"/>'
    marks += drawing.rule(limit, 12, limit, 34, tone="stroke-ink")
    words = "not known" if spent is None else f"spent {spent:.2f}"
    marks += drawing.text(0, 11, words, tone="fill-ink")
    marks += drawing.text(limit, 45, f"limit {one['limit']:g}", "end")
    said = f"{one['cohort']}: epsilon {words}, limit {one['limit']:g} at delta {one['delta']:g}"
    return drawing.svg(wide, 48, said, marks, "budget")


def _model(request: Request, one: Mapping[str, Any]) -> dict[str, Any]:
    may = guard.may(request, "read", "Model").allowed
    return {
        **one,
        "address": _address(one) if may else None,
        "gains": [_gain(name, figure) for name, figure in one["gained"].items()],
    }


def _address(one: Mapping[str, Any]) -> str:
    if one["shelf"] == "effects":
        return f"/effects/{quote(str(one['name']), safe='')}"
    return model_address(str(one["name"]), one["version"])


def _gain(name: str, figure: Mapping[str, Any]) -> dict[str, str]:
    """What this site gains, the interval first; above 0 is a gain."""
    words = {"name": GAINS.get(name, name), "range": "not known", "point": "",
             "word": "not known"}  # fmt: skip
    value, low, high = (figure.get(key) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return words
    word = "a gain" if low > 0 else "a loss" if high < 0 else "not clear"
    return {**words, "range": f"{low:+.3f} to {high:+.3f}".replace("-", "−"),
            "point": f"{value:+.3f}".replace("-", "−"), "word": word}  # fmt: skip


def _gain_rows(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"model": one["name"], "version": one["version"], "figure": name,
         **{key: figure.get(key) for key in ("value", "low", "high")}}
        for name, figure in one["gained"].items()
    ]  # fmt: skip


def _pack(one: Mapping[str, Any]) -> dict[str, Any]:
    verdict = str(one["verdict"])
    return {
        **one,
        "severity": egress.SEVERITY.get(verdict, "critical"),
        "word": egress.WORDS.get(verdict, verdict),
        "day": str(one["created"]).replace("T", " ")[:16],
        "address": f"/federation/egress/{quote(str(one['name']), safe='')}",
    }
