"""``nof1 effect``: who benefits from which of two treatments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nof1.cli.options import ENGINE, common, step, tell
from nof1.core import audit
from nof1.core.workspace import open_workspace


@click.command()
@common
@click.argument("task", type=click.Path(dir_okay=False), metavar="TASK.yaml")
@click.option("--engine", default="local", show_default=True, help=ENGINE)
@click.option(
    "--challenger",
    multiple=True,
    help="Compare with it as well: forest (EconML; extra causal) (repeatable).",
)
@click.pass_context
def effect(
    ctx: click.Context, workspace: str | None, as_json: bool, task: str, engine: str,
    challenger: tuple[str, ...],
) -> None:  # fmt: skip
    """Estimate who benefits from a treatment, for a task file with ``treatment``.

    Exit code 1: nothing may be said about single people; the card says why.
    """
    from nof1.core.engine import engine_from
    from nof1.predict.effect.card_text import text
    from nof1.predict.effect.estimate import estimate

    found = open_workspace(workspace)
    done = estimate(found, Path(task), engine_from(engine), step, challengers=challenger)
    audit.append(
        found.audit,
        "effect",
        model=done.artefact.name,
        version=done.artefact.version,
        content_hash=done.artefact.content_hash,
        validated=done.stored.validated,
        withheld=len(done.stored.withheld),
    )
    card: dict[str, Any] = done.card.to_dict()
    shown = {**card, "schema": "nof1/effect/1"}
    words = f"{done.trial.cohort.attrition.text()}\n\n{text(card)}"
    words += f"\nNext step: nof1 advise PATIENT --at TIME   (stored as {done.artefact.name})"
    tell(shown, words, as_json=as_json)
    ctx.exit(1 if done.stored.withheld else 0)
