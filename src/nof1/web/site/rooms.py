"""Which rooms have pages; each module holds ``add(app, house)``."""

from __future__ import annotations

from importlib import import_module

from fastapi import FastAPI

from nof1.web.site import errors, paths, static
from nof1.web.site.house import House

ROOMS = (
    "home",
    "patient",
    "advice",
    "film",
    "medicines",
    "compounds",
    "compound",
    "surveillance_plan",
    "surveillance",
    "governance",
    "governance_rule",
    "model_review",
    "models",
    "effects",
    "quality",
    "imports",
    "academy",
    "audit",
    "audit_entry",
    "federation",
)  # fmt: skip


def add(app: FastAPI, house: House) -> None:
    """Put all pages into the application."""
    app.add_middleware(paths.Slashes)  # around the doorman: both look at the same path
    static.add(app)
    for name in ROOMS:
        import_module(f"nof1.web.site.{name}").add(app, house)
    errors.add(app, house)
