"""Addresses of pages, made in one place so that every link is quoted the same way."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def patient_address(patient: str, site: str | None = None, *more: str, **query: str) -> str:
    """The page of a patient, or one below it.

    >>> patient_address("p 1"), patient_address("p1", "NORTH", "films", at="2024-05-01")
    ('/patients/p%201', '/patients/p1/films?site=NORTH&at=2024-05-01')
    """
    path = "/".join(["/patients", quote(patient, safe=""), *(quote(one, safe="") for one in more)])
    fields = ({} if site is None else {"site": site}) | query
    return path + (f"?{urlencode(fields)}" if fields else "")


def model_address(name: str, version: int | str | None = None) -> str:
    """The page of a model, or of one version of it.

    >>> model_address("heart-attack", 2)
    '/models/heart-attack/2'
    """
    tail = "" if version is None else f"/{version}"
    return f"/models/{quote(name, safe='')}{tail}"
