"""What a job of several hospitals made, in words: for one process and for a network alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nof1.cli.options import table
from nof1.federation.algorithms import Algorithm

FIGURES = (
    ("auroc", "AUROC"),
    ("brier", "Brier score"),
    ("calibration_slope", "Calibration slope"),
    ("conformal_coverage", "Conformal coverage"),
)
SYNTHETIC = "SYNTHETIC DATA: no real patient is behind any number."
NOTICE = "Research and education use; not a medical device."


def result_lines(
    entry: Algorithm, name: str, content_hash: str, figures: Mapping[str, Any], sites: int
) -> list[str]:
    """Lines for people about a job that is done.

    Parameters
    ----------
    name, content_hash : of what is stored at the sites; "" where nothing shared is.
    sites : how many took part.
    """
    head = [SYNTHETIC, ""] if figures.get("synthetic") else []
    if entry.words is not None:
        body = [line(one) for one in entry.words(figures)]
    elif isinstance(figures.get("figures"), dict):
        body = _model(name, figures, sites)
    else:
        body = [f"{line(name)}: done at {sites} sites", "", *_scalars(figures)]
    stored = [f"Content hash at every site: {line(content_hash)}"] if content_hash else []
    own = entry.words is not None  # such an entry says itself what comes next
    told = content_hash and not own
    after = [f"Next step, at a site: nof1 card {line(name)} -w FOLDER"] if told else []
    return [*head, *body, "", *stored, NOTICE, *after]


def gain_lines(own: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Each site's own comparison, for a job on one machine: between hospitals it stays at home."""
    rows = [
        [name, f"{one['rows']:,}", f"{one['events']:,}", *_gained(one)]
        for name, one in own.items()
        if one
    ]
    if not rows:
        return []
    head = ["site", "rows", "events", "AUROC", "alone", "gain (95 % interval)"]
    return [
        "The shared model against one of each site's own rows alone, out of fold:",
        table(rows, head, right="1234"),
        "Between hospitals this table stays at each site (own-site.json of the model).",
        "",
    ]


def _gained(one: Mapping[str, Any]) -> list[str]:
    if one["note"]:
        return ["-", "-", line(one["note"])]
    values = [f"{one[part]['auroc']['value']:.3f}" for part in ("federated", "own")]
    gain = one["gained"]["auroc"]
    return [*values, f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"]


def line(text: object) -> str:
    """Words of another machine, on one line and printable."""
    return "".join(one if one.isprintable() else " " for one in str(text))


def _model(name: str, made: Mapping[str, Any], sites: int) -> list[str]:
    figures = made["figures"]
    rows = [[words, *_figure(figures[key])] for key, words in FIGURES if figures.get(key)]
    sent = made.get("bytes_sent_by_each_site")
    cost = f"; each site sent {sent / 1e6:.1f} MB" if sent else ""
    return [
        f"{line(name)}: {'WITHHELD' if made['withheld'] else 'passed the gate; it may speak'}",
        "",
        f"{made['patients']:,} patients, {made['events']:,} with the outcome, at {sites} sites",
        f"{made['rounds']:,} masked sums{cost}.",
        "",
        table(rows, ["figure", "value", "95 % interval"], right="1"),
        "",
        *(f"Withheld: {line(why)}" for why in made["withheld"]),
        *_losing(made.get("against_own_models", {})),
        *_noise(made),
    ]


def _losing(found: Mapping[str, Any]) -> list[str]:
    """How many sites would do better with a model of their own rows alone."""
    if "sites_compared" not in found:
        return [line(found["note"])] if found.get("note") else []
    return [
        f"Of {found['sites_compared']} sites that compared it with a model of their own rows,",
        f"{found['lose_auroc']} lose more than {found['margin']:g} of AUROC, "
        f"{found['lose_brier']} of the Brier score. Which ones is not told.",
    ]


def _noise(made: Mapping[str, Any]) -> list[str]:
    if made.get("privacy"):
        return ["No row left a site."]
    return ["No row left a site. The sums carry no added noise: the model is not",
            "differentially private."]  # fmt: skip


def _figure(found: Any) -> tuple[str, str]:
    if not isinstance(found, Mapping):
        return f"{found:.3f}", ""
    if found.get("value") is None:
        return "-", line(found.get("note", ""))
    return f"{found['value']:.3f}", f"{found['low']:.3f} to {found['high']:.3f}"


def _scalars(figures: Mapping[str, Any]) -> list[str]:
    rows = [
        [key.replace("_", " "), f"{value:,.4g}" if isinstance(value, float) else line(value)]
        for key, value in figures.items()
        if isinstance(value, int | float | str)
    ]
    return [table(rows, ["figure", ""])] if rows else []
