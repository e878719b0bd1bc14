"""What the generator knows about every patient of a synthetic hospital.

The hospital is drawn again from the seed that its truth folder names, and what is drawn is held
against the written answers; so a truth of another hospital or of another version is refused. Only
then is a true risk known for people whom no answer file was written for (those who start an
anticoagulant, asked about a heart attack).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from nof1.core.errors import InputError
from nof1.core.workspace import Workspace
from nof1.synthetic.chart import moment
from nof1.synthetic.hospital import START, Hospital
from nof1.synthetic.risks import COMPARISONS, one_year_risk
from nof1.synthetic.truth import Truth as Drawn

YEAR_DAYS = 365
MOST_PATIENTS = 200_000  # they are all drawn again
EQUAL = 2e-6  # the answer file has six digits
PLACES = ("academy/truth", "../hospital/truth")
TASKS = {"heart-attack-after-antiplatelet": ("antiplatelet", "heart_attack")}


def refuse_unless_synthetic(workspace: Workspace) -> None:
    """No real patient is ever a teaching case.

    Raises
    ------
    InputError : the workspace does not say of itself that it is synthetic.
    """
    if not workspace.synthetic:
        raise InputError(
            "Teaching cases are made of invented patients only, and this workspace is not marked "
            "as synthetic.",
            where="nof1.toml, workspace.synthetic",
            allowed="synthetic = true, set when the workspace was made from invented records",
            next_step="Use the workspace of nof1 demo. Never mark a real one as synthetic.",
        )


def find(workspace: Workspace, given: Path | str | None = None) -> Path:
    """The truth folder of the workspace's hospital: ``given``, or a usual place beside it.

    Raises
    ------
    InputError : there is none.
    """
    tried = [Path(given)] if given else [workspace.root / place for place in PLACES]
    for folder in tried:
        if (folder / "truth.json").is_file() and (folder / "index_dates.csv").is_file():
            return folder
    raise InputError(
        "The answers of the synthetic hospital were not found, so no teaching case can be judged.",
        where="truth.json and index_dates.csv",
        allowed=f"a folder given, or one of {', '.join(PLACES)} beside the workspace's nof1.toml",
        next_step="Copy the hospital's folder `truth` to academy/truth in the workspace.",
    )


def known(folder: Path, task: str) -> pl.DataFrame:
    """True risks of the people of one question, and of the people of the other one.

    Returns
    -------
    One row per person and index date: patient_id, site, group, medicine, time (UTC), ``risk`` (the
    true chance of the task's outcome within 365 days, 0 to 1), ``outcome`` (whether it was drawn),
    ``followed`` (whether the year was seen: to its end, to the outcome, or to death).

    Raises
    ------
    InputError : the folder is damaged, of another version, or knows no such task.
    """
    if task not in TASKS:
        raise InputError(
            "The synthetic hospital has no known truth for this model's question.",
            where=f"model {task}",
            allowed=list(TASKS),
            next_step="Train the task that came with the hospital: tasks/heart_attack.yaml",
        )
    plan = _plan(folder)
    drawn = plan.generate()
    _compare(folder, drawn)
    own, outcome = TASKS[task]
    return pl.concat([_group(drawn, group, outcome, stent=group == own) for group in COMPARISONS])


def _plan(folder: Path) -> Hospital:
    try:
        told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["hospital"]
        numbers = {name: int(told[name]) for name in ("seed", "patients", "sites", "years")}
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged("it does not say how the hospital was drawn") from None
    if numbers["patients"] > MOST_PATIENTS:
        raise _damaged(f"it has more than {MOST_PATIENTS:,} patients")
    return Hospital(
        seed=numbers["seed"],
        patients=numbers["patients"],
        sites=numbers["sites"],
        years=numbers["years"],
    )


def _compare(folder: Path, drawn: Drawn) -> None:
    """The answers that were written must be those that are drawn now."""
    try:
        written = pl.read_csv(folder / "index_dates.csv", columns=["patient_id", "group", "risk"])
    except (OSError, pl.exceptions.PolarsError):
        raise _damaged("index_dates.csv cannot be read") from None
    both = written.join(
        drawn.index_dates.select("patient_id", "group", again="risk"),
        on=["patient_id", "group"],
        how="inner",
    )
    apart = np.abs(both["risk"].to_numpy() - both["again"].to_numpy()).max(initial=0)
    if both.height != len(drawn.index_dates) or both.height != written.height or apart > EQUAL:
        raise _damaged("the hospital that its seed draws now is another one")


def _damaged(why: str) -> InputError:
    return InputError(
        f"The answers of the synthetic hospital cannot be used: {why}.",
        where="truth/",
        allowed="the folder `truth` as this version of nof1 wrote it",
        next_step="Make the demo again: nof1 demo",
    )


def _group(drawn: Drawn, group: str, outcome: str, *, stent: bool) -> pl.DataFrame:
    """Index dates of one group of medicines, with the true risk of ``outcome``."""
    course = drawn.course
    starts = course.starts.filter(pl.col("group") == group)
    causes = {
        name: starts[name].to_numpy() for name in starts.columns if starts[name].dtype == pl.Float64
    }
    risk = one_year_risk(causes, outcome, recent_stent=stent)
    events = course.diagnoses.filter(pl.col("diagnosis") == outcome)
    later = starts.select("patient", "day").join(
        events.select("patient", outcome_day="day"), on="patient"
    )
    first = later.filter(pl.col("outcome_day") > pl.col("day")).group_by("patient")
    end = float(course.visits["day"].max() or 0)  # type: ignore[arg-type]
    table = (
        starts.select("patient", "group", "medicine", "day")
        .with_columns(risk=pl.Series(risk))
        .join(first.agg(pl.col("outcome_day").min()), on="patient", how="left")
        .join(
            course.exits.select("patient", exit_day="day", exit="reason"), on="patient", how="left"
        )
        .join(drawn.patients.select("patient", "patient_id", "site"), on="patient", how="left")
    )
    seen = pl.coalesce("exit_day", pl.lit(end)) - pl.col("day")
    outcome_seen = (pl.col("outcome_day") - pl.col("day") <= YEAR_DAYS).fill_null(False)
    return table.select(
        "patient_id",
        "site",
        "group",
        "medicine",
        moment(pl.col("day"), START).alias("time"),
        "risk",
        outcome_seen.alias("outcome"),
        ((seen >= YEAR_DAYS) | outcome_seen | (pl.col("exit") == "death").fill_null(False)).alias(
            "followed"
        ),
    )
