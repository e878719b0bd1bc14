"""Charts about a treatment effect: balance, overlap, calibration in fifths, the policy curve.

Every function takes plain rows and returns a ``Picture``. Intervals are drawn before points; a
larger gain is better for the patient.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from nof1.pictures import theme
from nof1.pictures.model_charts import data, finished
from nof1.pictures.picture import Picture, need, rows_of, table_of

MOST = 15
LIMIT = 0.1
FIRM = 0.1


def balance(rows: Any, title: str = "Balance: are the two groups alike?") -> Picture:
    """Standardised differences before (diamond) and after weighting (circle), the largest first.

    Features that few people have differ by chance: drawn are those with a standard error below 0.1.

    Parameters
    ----------
    rows : name, before, after, error (standard deviations, the first two with sign; None where a
        column does not vary) and apart (whether it differs after weighting, beyond chance).
    """
    rows = rows_of(rows)
    need(rows, ["name", "before", "after", "error", "apart"], "balance")
    known = [row for row in rows if row["before"] is not None and row["after"] is not None]
    firm = [row for row in known if row["error"] is not None and row["error"] < FIRM]
    firm.sort(key=lambda row: -max(abs(row["before"]), abs(row["after"])))
    shown = [
        {"name": row["name"], "when": when, "difference": abs(row[key])}
        for row in firm[:MOST]
        for key, when in (("before", "before weighting"), ("after", "after weighting"))
    ]
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=190, grid=True))
    when = ["before weighting", "after weighting"]
    points = (
        alt.Chart(data(shown))
        .mark_point(size=70, opacity=1, filled=True)
        .encode(
            x=alt.X("difference:Q", title="Difference in standard deviations"),
            y=y,
            color=alt.Color(
                "when:N", title=None, scale=alt.Scale(domain=when, range=[theme.GREY, theme.BLUE])
            ),
            shape=alt.Shape(
                "when:N", title=None, scale=alt.Scale(domain=when, range=["diamond", "circle"])
            ),
        )
    )
    limit = alt.Chart(data([{"at": LIMIT}])).mark_rule(strokeDash=[4, 4]).encode(x="at:Q")
    off = sum(bool(row["apart"]) for row in known)
    columns = {"name": "Feature", "before": "Before", "after": "After", "error": "Std. error"}
    return Picture(
        title,
        f"{len(known):,} features; {off} differ by more than {LIMIT:g} standard deviations after "
        f"weighting (dashed line), beyond chance. Drawn are the {min(len(firm), MOST)} that differ "
        "most among those that many people have.",
        table_of(known, columns),
        finished(alt.layer(limit, points), 40 + 24 * min(len(firm), MOST)),
    )


def overlap(
    comparator: Any, treatment: Any, names: tuple[str, str], least: float,
    title: str = "Overlap: who could get either option?",
) -> Picture:  # fmt: skip
    """People of both options by their chance of the option of interest.

    Parameters
    ----------
    comparator, treatment : people in equal cells of the chance, 0 to 1; 0 where too few to show.
    names : of comparator and option of interest.
    least : below this chance of either option nobody is compared.
    """
    count = len(comparator)
    rows = [
        {"low": k / count, "high": (k + 1) / count, "people": number, "who": name}
        for name, numbers in zip(names, (comparator, treatment), strict=True)
        for k, number in enumerate(numbers)
    ]
    tones = alt.Scale(domain=list(names), range=[theme.ORANGE, theme.BLUE])
    steps = (
        alt.Chart(data(rows))
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X(
                "low:Q",
                title=f"Chance of {names[1]}",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            y=alt.Y("people:Q", title="People"),
            color=alt.Color("who:N", title=None, scale=tones),
            strokeDash=alt.StrokeDash("who:N", title=None, sort=list(names)),
        )
    )
    table = [
        {"low": k / count, "high": (k + 1) / count, "comparator": comparator[k],
         "treatment": treatment[k]}
        for k in range(count)
    ]  # fmt: skip
    columns = {"low": "Chance from", "high": "to", "comparator": names[0], "treatment": names[1]}
    return Picture(
        title,
        f"People whose chance of either option is below {least:.0%} have no counterpart in the "
        "other group and are not compared. Cells of few people are drawn as empty.",
        table_of(table, columns),
        finished(steps),
    )


def fifths(groups: Any, unit: str, title: str = "Is the predicted gain real?") -> Picture:
    """Observed against predicted gain, in groups of people ordered by what is predicted.

    Parameters
    ----------
    groups : people, predicted, value, low, high (all in ``unit``).
    """
    rows = rows_of(groups)
    need(rows, ["people", "predicted", "value", "low", "high"], "calibration of effects")
    ends = [row[key] for row in rows for key in ("predicted", "low", "high")] or [0.0, 1.0]
    scale = alt.Scale(domain=[min(*ends, 0.0), max(*ends, 0.0)])
    x = alt.X("predicted:Q", title=f"Predicted gain ({unit})", scale=scale)
    base = alt.Chart(data(rows)).encode(x=x)
    interval = base.mark_rule(strokeWidth=6, opacity=0.35, color=theme.BLUE)
    interval = interval.encode(
        y=alt.Y("low:Q", title=f"Observed gain ({unit})", scale=scale), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=80, color=theme.BLUE, opacity=1).encode(y="value:Q")
    same = alt.Chart(data([{"p": min(ends)}, {"p": max(ends)}])).encode(x="p:Q", y="p:Q")
    dashes = same.mark_line(strokeDash=[4, 4], color=theme.GREY, strokeWidth=1)
    held = sum(row["low"] <= row["predicted"] <= row["high"] for row in rows)
    columns = {"people": "People", "predicted": "Predicted", "value": "Observed", "low": "From"}
    return Picture(
        title,
        f"{len(rows)} groups, by models that had not seen them. In {held} the interval holds what "
        "was predicted; on the dashed line both agree.",
        table_of(rows, {**columns, "high": "to"}),
        finished(alt.layer(dashes, interval, points), 280),
    )


def policy(points: Any, unit: str, title: str = "If only some can get it") -> Picture:
    """Gain over all people when a share gets the option, those first who gain most.

    Parameters
    ----------
    points : share (0 to 1), value, low, high (``unit`` for each of all people), random (what the
        same share, drawn by lot, would gain).
    """
    rows = rows_of(points)
    need(rows, ["share", "value", "low", "high", "random"], "policy")
    x = alt.X("share:Q", title="Share of people who get it", axis=alt.Axis(format="%"))
    base = alt.Chart(data(rows)).encode(x=x)
    band = base.mark_area(opacity=0.2, color=theme.BLUE).encode(
        y=alt.Y("low:Q", title=f"Gain over all people ({unit})"), y2="high:Q"
    )
    line = base.mark_line(color=theme.BLUE).encode(y="value:Q")
    lot = base.mark_line(color=theme.GREY, strokeDash=[4, 4]).encode(y="random:Q")
    best = max(rows, key=lambda row: row["value"], default=None)
    said = f"Most is gained when {best['share']:.0%} get it." if best else "No curve."
    columns = {"share": "Share", "value": "Gain", "low": "From", "high": "to"}
    return Picture(
        title,
        f"{said} Dashed: the same share drawn by lot. The band is the interval.",
        table_of(rows, {**columns, "random": "By lot"}),
        finished(alt.layer(band, lot, line)),
    )
