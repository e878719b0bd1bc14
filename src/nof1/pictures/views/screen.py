"""The page about a screen of a library: does the ranking hold, and which compounds it names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

MEASURES = ("ef1", "bedroc", "auroc")


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/compounds-screen/1`` with a drawing for each pick.

    A drawing becomes an image of its own: nothing in it can reach the page.
    """
    check = data["held_back"]
    return {
        **data,
        "title": f"Compounds for {data['target']}",
        "synthetic": False,
        "data_date": data["library"]["indexed"],
        "json_name": data.get("json_name"),
        "scores": [
            {"name": name, "cells": [_figure(row[one]) for one in MEASURES]}
            for name, row in check["figures"].items()
        ],
        "chance": [f"{check['chance'][one]:.2f}" for one in MEASURES] if check["chance"] else None,
        "gaps": [{"name": k, "text": _figure(v)} for k, v in check["differences"].items()],
        "picks": [_pick(row) for row in data["picks"]],
    }


def _pick(row: Mapping[str, Any]) -> dict[str, Any]:
    image = base64.b64encode(row["drawing"].encode()).decode()
    return {
        **row,
        "image": f"data:image/svg+xml;base64,{image}",
        "qed": "not known" if row["qed"] is None else f"{row['qed']:.2f}",
        "synthesis": "not checked" if row["synthesis"] is None else f"{row['synthesis']:.1f}",
    }


def _figure(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"not known: {one['note']}"
    return f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
