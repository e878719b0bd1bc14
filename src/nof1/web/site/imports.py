"""Bringing records in through the browser: a tray for files, a job, what it did.

Files are sent one by one, as they are (PUT, no multipart), and written to a folder of the job in
the workspace as they come; the folder is deleted when the job has ended. What is refused leaves an
entry in the audit log and no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from nof1.core import audit
from nof1.core.errors import UsageError
from nof1.record.importers import names as importers
from nof1.web.access import guard
from nof1.web.site import uploads
from nof1.web.site.house import House
from nof1.web.site.jobs import FAILED, OPEN, Job, Jobs
from nof1.web.site.page import Missing, Page, form, seen_other, show

JOB = "import"
ACTION = "upload"
TRAIL = (("Data", "/data"),)
SITE = re.compile(r"[\w.-]{1,64}", re.ASCII)
TITLES = {
    "fhir": "FHIR R4 (NDJSON or JSON)",
    "omop": "OMOP CDM 5.3 or 5.4 (CSV, parquet, DuckDB)",
    "meds": "MEDS 0.4 (a folder: only on the server)",
    "exposures": "Exposure tables with their description",
    "tabular": "Tables (CSV, parquet) with their mapping file",
    "genome": "Genotypes (VCF or BCF)",
    "imaging": "Readings of pictures (from nof1 imaging read)",
}
FOLDERS = ("meds",)  # formats that are folders of folders cannot be uploaded file by file


def add(app: FastAPI, house: House) -> None:
    """Put the pages into the application."""
    jobs = Jobs(house.workspace)

    @app.get("/data/import", include_in_schema=False)
    @guard.needs("create", "Import")
    def begin(request: Request) -> Response:
        """Choose importer and site."""
        return show(request, house, begin_page(request, house, jobs))

    @app.post("/data/import", include_in_schema=False)
    @guard.needs("create", "Import")
    async def tray(request: Request) -> Response:
        """Make a tray for files."""
        fields = await form(request)
        return await run_in_threadpool(_new, request, house, jobs, fields)

    @app.get("/data/import/{job}", include_in_schema=False)
    @guard.needs("create", "Import")
    def one(request: Request, job: str) -> Response:
        """The tray, the progress, or what the import did."""
        return show(request, house, job_page(house, jobs, _own(request, jobs, job)))

    @app.put("/data/import/{job}/files/{name}", include_in_schema=False)
    @guard.needs("create", "Import")
    async def put(request: Request, job: str, name: str) -> Response:
        """Take one file, as it comes."""
        found = await run_in_threadpool(_own, request, jobs, job)
        return await uploads.take(request, house.workspace, jobs, found, name)

    @app.post("/data/import/{job}", include_in_schema=False)
    @guard.needs("create", "Import")
    async def act(request: Request, job: str) -> Response:
        """Start the import, take a file out of the tray, or throw the tray away."""
        fields = await form(request)
        return await run_in_threadpool(_act, request, house, jobs, job, fields)


def _own(request: Request, jobs: Jobs, id_: str) -> Job:
    """A tray of this account; those of others are not there."""
    found = jobs.get(id_)
    if found.kind != JOB or found.by != guard.who(request).account:
        raise Missing("There is no such import.", "Begin a new one.")
    return found


def _new(request: Request, house: House, jobs: Jobs, fields: Mapping[str, str]) -> Response:
    importer = fields.get("importer", "")
    site = fields.get("site", "").strip() or house.workspace.site
    if importer and (importer not in importers() or importer in FOLDERS):
        raise UsageError("There is no such importer.", where="importer", allowed=offered())
    if not SITE.fullmatch(site):
        raise UsageError("This cannot be the name of a site.", where="site",
                         allowed="1 to 64 letters, digits, '.', '_' or '-'")  # fmt: skip
    who = guard.who(request).account
    made = jobs.new(JOB, who, importer=importer, site=site)
    audit.append(house.workspace.audit, ACTION, step="begun", job=made.id, by=who, site=site,
                 importer=importer or "automatic")  # fmt: skip
    return seen_other(f"/data/import/{made.id}")


def offered() -> list[str]:
    """Importers that take files one by one."""
    return [one for one in importers() if one not in FOLDERS]


def _act(
    request: Request, house: House, jobs: Jobs, id_: str, fields: Mapping[str, str]
) -> Response:
    found = _own(request, jobs, id_)
    what, who = fields.get("do", ""), found.by
    if found.state != OPEN:
        raise UsageError("This import was started already.", where="do",
                         next_step="Look at its page, or begin a new one.")  # fmt: skip
    if what == "discard":
        jobs.drop(found.id)
        audit.append(house.workspace.audit, ACTION, step="discarded", job=found.id, by=who)
        return seen_other("/data/import")
    if what == "remove":
        uploads.remove(jobs.files(found.id), fields.get("file", ""))
        return seen_other(f"/data/import/{found.id}")
    if what != "start":
        raise UsageError("There is nothing of this name to do.", where="do",
                         allowed=["start", "remove", "discard"])  # fmt: skip
    _start(house, jobs, found)
    return seen_other(f"/data/import/{found.id}")


def _start(house: House, jobs: Jobs, found: Job) -> None:
    files = uploads.listed(jobs.files(found.id))
    if not files:
        raise UsageError("There is no file yet.", next_step="Choose files, then start the import.")
    size = sum(one["bytes"] for one in files)
    task = {
        "kind": JOB, "files": str(jobs.files(found.id)), "site": found.facts["site"],
        "format": found.facts["importer"], "by": found.by, "job": found.id,
    }  # fmt: skip
    jobs.start(found, task, lambda done: _ended(house, done))
    audit.append(house.workspace.audit, ACTION, step="started", job=found.id, by=found.by,
                 files=len(files), bytes=size)  # fmt: skip


def _ended(house: House, job: Job) -> None:
    """What became of it; the import itself wrote its own entry when it changed the record."""
    told = {"rows": job.result.get("quarantined_rows", 0), "events": job.result.get("added", 0)}
    audit.append(house.workspace.audit, ACTION, step=job.state, job=job.id, by=job.by, **told)


def begin_page(request: Request, house: House, jobs: Jobs) -> Page:
    """The form, and the imports of this account that are not forgotten."""
    who = guard.who(request).account
    mine = [one for one in jobs.recent(JOB, 30) if one.by == who][:8]
    rows = [
        {"address": f"/data/import/{one.id}", "at": one.created[:16].replace("T", " "),
         "state": one.state, "site": one.facts.get("site", ""),
         "rows": one.result.get("quarantined_rows"), "added": one.result.get("added")}
        for one in mine
    ]  # fmt: skip
    return Page(
        template="import-begin",
        title="Import files",
        context={
            "importers": [(one, TITLES.get(one, one.capitalize())) for one in offered()],
            "site": house.workspace.site, "rows": rows,
            "largest": uploads.LARGEST, "all": uploads.TOTAL, "most": uploads.MOST,
        },
        data={"schema": "nof1/web-imports/1", "imports": rows, "importers": offered()},
        tables={"imports": rows},
        data_date=house.data_date(),
        here="data",
        styles=("data.css",),
        trail=TRAIL,
    )  # fmt: skip


def job_page(house: House, jobs: Jobs, job: Job) -> Page:
    """One import in whatever state it is."""
    files = uploads.listed(jobs.files(job.id)) if job.state == OPEN else []
    reasons = list(job.result.get("reasons", ()))
    importer = str(job.facts.get("importer", ""))
    title = "Choose files" if job.state == OPEN else "The import"
    return Page(
        template="import-job",
        title=title,
        context={
            "job": job, "files": files, "size": sum(one["bytes"] for one in files),
            "working": job.state == "running", "failed": job.state == FAILED,
            "reasons": reasons, "counts": _counts(job.result),
            "importer": TITLES.get(importer, importer) or "found from the content",
            "largest": uploads.LARGEST, "most": uploads.MOST, "busy": jobs.running(),
        },
        data={"schema": "nof1/web-import/1", "state": job.state, "says": job.says,
              "site": job.facts.get("site"), "importer": importer or "automatic",
              "files": files, "result": job.result, "error": job.error},
        tables={"quarantine": [{**one, "first": " ".join(map(str, one["first"]))}
                               for one in reasons]},
        data_date=house.data_date(),
        here="data",
        styles=("data.css",),
        scripts=("upload.js",) if job.state == OPEN else (),
        trail=(*TRAIL, ("Import files", "/data/import")),
    )  # fmt: skip


def _counts(result: Mapping[str, Any]) -> list[tuple[str, int]]:
    names = {
        "added": "Events added", "replaced": "Replaced", "removed": "Removed",
        "quarantined_rows": "Rows refused", "patients": "Patients now",
    }  # fmt: skip
    return [(title, int(result[name])) for name, title in names.items() if name in result]
