"""The card of a response model as text: the splits, the drugs it speaks about, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOTICE = (
    "Laboratory hypothesis: cell lines are not patients. "
    "Research and education use; not a medical device."
)
MEASURES = {"ln_ic50_um": "ln IC50, ln(µmol/L)", "auc": "AUC"}


def card_text(card: Mapping[str, Any]) -> str:
    """The card in lines of at most 80 characters (table rows may be longer in Markdown)."""
    counts = card["tables"]["counts"]
    lines = [
        f"# Response model {card['name']}",
        "",
        NOTICE,
        "",
        f"{counts['pairs']:,} responses ({MEASURES[card['measure']]}; lower is more sensitive) of",
        f"{counts['lines']:,} cell lines to {counts['drugs']:,} drugs; "
        f"{counts['features']:,} omics features. Trained {card['trained']}.",
        "",
        *(f"- {note}" for note in card["tables"]["notes"]),
        "",
        "## Splits",
        "",
        *split_rows(card["splits"]),
        "",
        "Held-out predictions; intervals (95 %) draw whole cell lines, tissues or drugs again.",
        "",
    ]
    for split in card["splits"]:
        verdict = "speaks" if split["speaks"] else "WITHHELD"
        lines += [f"- {split['split']}: {verdict}; {split['reason']}."]
    return "\n".join([*lines, "", *about_drugs(card)])


def split_rows(splits: list[Mapping[str, Any]]) -> list[str]:
    """One Markdown row for each predictor and split."""
    rows = [
        "| split | predictor | RMSE | R2 | normalised r | less the best naive |",
        "|---|---|---|---|---|---|",
    ]
    for split in splits:
        for name, own in split["figures"].items():
            mark = " (best naive)" if name == split["best_naive"] else ""
            rows.append(
                f"| {split['split']} | {name}{mark} | {shown(own['rmse'])} | "
                f"{shown(own['r2'])} | {shown(own['normalised_pearson'])} | "
                f"{shown(own['difference'], '+.4f')} |"
            )
        inside = shown(split["coverage"])
        rows.append(f"| {split['split']} | 90 % interval covers | {inside} | | | |")
    return rows


def shown(figure: Mapping[str, float | None], form: str = ".3f") -> str:
    """A figure with its interval.

    >>> shown({"value": 1.0, "low": 0.5, "high": 1.5}, ".1f")
    '1.0 (0.5 to 1.5)'
    """
    if figure["value"] is None:
        return "-"
    if figure["low"] is None or figure["high"] is None:
        return format(figure["value"], form)
    return " ".join(
        (
            format(figure["value"], form),
            f"({format(figure['low'], form)} to {format(figure['high'], form)})",
        )
    )


def about_drugs(card: Mapping[str, Any]) -> list[str]:
    """Drugs about which the model speaks for a new cell line, the largest gain first."""
    own = next(one for one in card["splits"] if one["split"] == "cell-line")
    speaking = [one for one in own["drugs"] if one["speaks"]]
    total = card["tables"]["counts"]["drugs"]
    lines = ["## Drugs", ""]
    if not speaking:
        return [*lines, f"None of {total:,}: no better than the average of the tissue.", ""]
    speaking.sort(key=lambda one: -one["gain"]["value"])
    lines += [
        f"The model speaks about {len(speaking):,} of {total:,} drugs for a new cell line; about",
        "the others it is no better than the average of the tissue.",
        "",
        "| drug | lines | RMSE | naive | gain |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['title']} | {one['pairs']} | {one['rmse']:.3f} | {one['naive_rmse']:.3f} | "
        f"{shown(one['gain'])} |"
        for one in speaking
    ]
    return [*lines, ""]
