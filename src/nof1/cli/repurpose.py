"""``nof1 medicines repurpose``: hypotheses about new uses of known medicines for a disease."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, step, tell

if TYPE_CHECKING:
    from nof1.knowledge.base import Base
    from nof1.medicines.repurposing.hypotheses import Evidence

FILE = click.Path(dir_okay=False)
MOST = 100


@click.command()
@common
@click.argument("disease")
@click.option("--structures", type=FILE, help="Table of medicines with SMILES (extra drugs).")
@click.option("--targets", type=FILE, help="Table of medicines with their targets.")
@click.option("--top", type=click.IntRange(1, MOST), default=15, show_default=True, help="Rows.")
@click.option("--page", type=FILE, help="Write a page here, with JSON and CSV.")
@click.pass_context
def repurpose(
    ctx: click.Context,
    workspace: str | None,
    as_json: bool,
    disease: str,
    structures: str | None,
    targets: str | None,
    top: int,
    page: str | None,
) -> None:
    """Hypotheses: known medicines that might be worth a study in a disease.

    DISEASE is a name or a code (DOID:10652, ICD10CM//G30.9, SNOMED//26929004). The model must find
    hidden uses better than popularity does, or the answer is withheld (exit code 1). No hypothesis
    is a reason to treat anybody.
    """
    from nof1.knowledge.indications import find
    from nof1.medicines.repurposing.hypotheses import repurpose as run

    base = _base(workspace)
    find(disease, base)  # a typing error is told before anything is computed
    given = _evidence(structures, targets, base)
    step("Hiding known uses, to see whether the model finds them again")
    done = run(disease, given, most=top, base=base)
    data = done.to_dict()
    if page is not None:
        from nof1.cli.twins import write_csv, write_page

        write_page("repurposing", data, Path(page))
        write_csv(Path(page), *listed(data))
    tell(data, told(data), as_json=as_json)
    ctx.exit(1 if done.withheld else 0)


def _base(workspace: str | None) -> Base:
    """The facts of the workspace where there is one; the command also works without."""
    from nof1.core.errors import WorkspaceError
    from nof1.core.workspace import open_workspace
    from nof1.knowledge.base import SHIPPED, Base

    try:
        return Base(open_workspace(workspace).knowledge)
    except WorkspaceError:
        if workspace is not None:
            raise
        return SHIPPED


def _evidence(structures: str | None, targets: str | None, base: Base) -> Evidence:
    from nof1.medicines.repurposing.hypotheses import evidence
    from nof1.medicines.repurposing.pairs import pairs

    return evidence(
        pairs(base),
        structures=None if structures is None else Path(structures),
        targets=None if targets is None else Path(targets),
        base=base,
    )


def listed(data: Mapping[str, Any]) -> tuple[list[str], list[list[object]]]:
    """Header and rows of a table of the hypotheses."""
    head = ["rank", "medicine", "status", "score", "diseases", "popularity_place", "path"]
    rows: list[list[object]] = [
        [
            *(row[name] for name in ("rank", "medicine", "status", "score")),
            *(row[name] for name in ("naive_score", "naive_rank")),
            "; ".join(step["text"] for step in row["path"]),
        ]
        for row in data["hypotheses"]
    ]
    return head, rows


def told(data: Mapping[str, Any]) -> str:
    """The answer as text of 80 columns."""
    return "\n".join(
        [
            *_head(data),
            "",
            *(_withheld(data) if data["reason"] else _rows(data["hypotheses"])),
            "",
            *_judged(data["judged"]),
            *(_wrap(data["caution"]) if data["caution"] else []),
            *_aside(data["set_aside"]),
            "",
            *_wrap(data["how_to_read"]),
            *_wrap(data["notice"]),
        ]
    )


def _head(data: Mapping[str, Any]) -> Iterator[str]:
    disease = data["disease"]
    yield f"Hypotheses for {disease['name']}" + (f" ({disease['doid']})" if disease["doid"] else "")
    yield from _wrap(
        f"{len(data['known'])} medicines are used for it, {len(data['not_indicated'])} were found "
        f"to be no treatment, it speaks against {len(data['contraindicated'])}; {data['pool']} "
        "others were put in order."
    )


def _withheld(data: Mapping[str, Any]) -> list[str]:
    return _wrap(f"WITHHELD: {data['reason']}")


def _rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{'':4}{'medicine':28}{'status':12}{'score':>7}  popularity (place)"
    for row in rows:
        number = row["naive_score"]
        popular = f"{number} disease{'s' * (number != 1)} ({row['naive_rank']})"
        name = textwrap.shorten(row["medicine"], 27, placeholder="...")
        yield f"{row['rank']:>3} {name:28}{row['status']:12}{row['score']:7.2f}  {popular}"
        for one in row["path"]:
            yield from _wrap(one["text"], "      ")


def _judged(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "How well hidden uses are found again, mean average precision over diseases:"
    for one in verdicts:
        precision, gain = one["average_precision"], one["difference"]
        low, high = gain["interval"]
        yield (
            f"  {one['split']:14} model {precision['model']:.3f}, popularity "
            f"{precision['popularity']:.3f}; difference {low:.3f} to {high:.3f}"
        )


def _aside(counts: Mapping[str, int]) -> Iterator[str]:
    for reason, number in counts.items():
        yield from _wrap(f"Set aside: {number:,} rows: {reason}")


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_on_hyphens=False,
    )
