"""Charts about a model: calibration, discrimination, decision curve, subgroups, shapes, drift.

Every function takes plain rows (dictionaries or a Polars frame) and returns a ``Picture``.
Intervals are drawn before points; probabilities run from 0 to 1, higher is higher risk.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from nof1.pictures import theme
from nof1.pictures.picture import Picture, need, rows_of, table_of


def data(rows: list[dict[str, Any]]) -> Any:
    """Inline data of a chart."""
    return alt.InlineData(values=rows)


def finished(chart: Any, height: int = theme.HEIGHT) -> Any:
    """A chart as wide as its place, with the house style."""
    return chart.properties(width="container", height=height).configure(**theme.config())


def calibration(bins: Any, title: str = "Calibration: predicted against observed risk") -> Picture:
    """Observed share against predicted risk, with how many people stand behind each point.

    Parameters
    ----------
    bins : rows of predicted, observed, low, high (all 0 to 1) and rows (people in the bin).
    """
    rows = rows_of(bins)
    need(rows, ["predicted", "observed", "low", "high", "rows"], "calibration")
    top = max([0.05, *(max(row["high"], row["predicted"]) for row in rows)])
    scale = alt.Scale(domain=[0, min(1.0, top * 1.05)])
    base = alt.Chart(data(rows)).encode(
        x=alt.X("predicted:Q", title="Predicted risk", scale=scale, axis=_percent()),
        tooltip=["predicted:Q", "observed:Q", "low:Q", "high:Q", "rows:Q"],
    )
    perfect = alt.Chart(data([{"p": 0.0}, {"p": top}])).encode(x="p:Q", y="p:Q")
    seen = alt.Y("low:Q", title="Observed share", scale=scale, axis=_percent())
    interval = base.mark_rule(strokeWidth=6, opacity=0.35, color=theme.BLUE)
    points = base.mark_point(filled=True, color=theme.BLUE, opacity=1).encode(
        y="observed:Q", size=alt.Size("rows:Q", legend=None, scale=alt.Scale(range=[36, 200]))
    )
    people = sum(row["rows"] for row in rows)
    inside = sum(row["low"] <= row["predicted"] <= row["high"] for row in rows)
    dashes = perfect.mark_line(strokeDash=[4, 4], color=theme.GREY, strokeWidth=1)
    columns = {"predicted": "Predicted risk", "observed": "Observed share", "low": "From"}
    return Picture(
        title,
        f"{len(rows)} groups of together {people:,} people; larger points are more people. In "
        f"{inside} of {len(rows)} groups the interval holds the predicted risk. On the dashed line "
        "both agree.",
        table_of(rows, {**columns, "high": "to", "rows": "People"}),
        finished(alt.layer(dashes, interval.encode(y=seen, y2="high:Q"), points), 280),
    )


def decision_curve(
    points: Any, title: str = "Decision curve: what acting on it is worth"
) -> Picture:
    """Net benefit of acting on the model, on everybody, on nobody, per threshold.

    Parameters
    ----------
    points : rows of threshold (0 to 1), model, low, high, treat_all (net benefit, in true
        positives per person).

    Reference: Vickers & Elkin, Med Decis Making 2006;26:565-574.
    """
    rows = rows_of(points)
    need(rows, ["threshold", "model", "low", "high", "treat_all"], "decision curve")
    names = {"model": "This model", "treat_all": "Act on everybody", "none": "Act on nobody"}
    long = [
        {"threshold": row["threshold"], "benefit": row.get(key, 0.0), "who": name}
        for row in rows
        for key, name in names.items()
    ]
    tones = alt.Scale(domain=list(names.values()), range=[theme.BLUE, theme.ORANGE, theme.GREY])
    worth = max([0.01, *(max(row["high"], row["treat_all"]) for row in rows)])
    scale = alt.Scale(domain=[-0.1 * worth, 1.05 * worth])
    x = alt.X("threshold:Q", title="Risk from which one would act", axis=_percent())
    band = alt.Chart(data(rows)).mark_area(opacity=0.2, color=theme.BLUE, clip=True)
    lines = alt.Chart(data(long)).mark_line(clip=True)
    lines = lines.encode(
        x=x,
        y=alt.Y("benefit:Q", scale=scale),
        color=alt.Color("who:N", title=None, scale=tones, legend=alt.Legend(columns=2)),
        strokeDash=alt.StrokeDash("who:N", title=None, sort=list(names.values())),
    )
    better = [row["threshold"] for row in rows if row["model"] > max(row["treat_all"], 0.0)]
    said = f"from {min(better):.0%} to {max(better):.0%}" if better else "at no threshold shown"
    y = alt.Y("low:Q", title="Net benefit per person", scale=scale)
    columns = {"threshold": "Threshold", "model": names["model"], "low": "From", "high": "to"}
    return Picture(
        title,
        f"Acting on the model is worth more than acting on everybody or on nobody {said}.",
        table_of(rows, {**columns, "treat_all": names["treat_all"]}),
        finished(alt.layer(band.encode(x=x, y=y, y2="high:Q"), lines)),
    )


def roc(points: Any, auroc: str, title: str = "Discrimination: who is told apart") -> Picture:
    """Sensitivity against false alarms; ``auroc`` is the area with its interval, as text.

    Parameters
    ----------
    points : rows of false_positive_rate and sensitivity (0 to 1), and threshold.
    """
    rows = rows_of(points)
    need(rows, ["false_positive_rate", "sensitivity"], "ROC")
    chance = alt.Chart(data([{"p": 0.0}, {"p": 1.0}])).encode(x="p:Q", y="p:Q")
    curve = (
        alt.Chart(data(rows))
        .mark_line(color=theme.BLUE)
        .encode(
            x=alt.X(
                "false_positive_rate:Q", title="False alarms among the healthy", axis=_percent()
            ),
            y=alt.Y("sensitivity:Q", title="Found among the ill", axis=_percent()),
        )
    )
    diagonal = chance.mark_line(strokeDash=[4, 4], color=theme.GREY, strokeWidth=1)
    return Picture(
        title,
        f"Area under the curve {auroc}. On the dashed line the model would only guess.",
        table_of(
            rows,
            {
                "threshold": "Threshold",
                "false_positive_rate": "False alarms",
                "sensitivity": "Found",
            },
        ),
        finished(alt.layer(diagonal, curve), 280),
    )


def shape(curve: Any, feature: str, unit: str = "", missing: float | None = None) -> Picture:
    """What one feature adds to the risk, with its standard error and where people are.

    Parameters
    ----------
    curve : rows of low, high (the bin, in ``unit``), effect, error (log odds; one standard error)
        and count (people in the bin). Effect above 0 raises the risk.
    missing : effect of a missing value, if there is one.
    """
    rows = rows_of(curve)
    need(rows, ["low", "high", "effect", "error", "count"], "shape")
    for row in rows:
        row |= {"from": row["effect"] - row["error"], "to": row["effect"] + row["error"]}
    x = alt.X(
        "low:Q",
        title=f"{feature} ({unit})" if unit else feature,
        scale=alt.Scale(zero=False, nice=False),
    )
    base = alt.Chart(data(rows)).encode(x=x, x2="high:Q")
    effect = alt.Y("from:Q", title="Effect on risk (log odds)")
    band = base.mark_rect(opacity=0.25, color=theme.BLUE).encode(y=effect, y2="to:Q")
    line = base.mark_rule(strokeWidth=2.5, color=theme.BLUE).encode(y="effect:Q")
    zero = alt.Chart(data([{"y": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="y:Q")
    crowd = alt.Y("count:Q", axis=None, scale=alt.Scale(domain=[0, 4 * _most(rows)]))
    people = base.mark_rect(opacity=0.35, color=theme.GREY).encode(y=crowd, y2=alt.datum(0))
    effects = alt.layer(zero, band, line)
    chart = alt.layer(people, effects).resolve_scale(y="independent")
    columns = {
        "low": f"From {unit}".strip(),
        "high": "to",
        "effect": "Effect",
        "error": "Std. error",
    }
    return Picture(
        feature,
        _said(rows, unit, missing),
        table_of(rows, {**columns, "count": "People"}),
        finished(chart, 200),
    )


def _most(rows: list[dict[str, Any]]) -> float:
    return max([1.0, *(float(row["count"]) for row in rows)])


def _said(rows: list[dict[str, Any]], unit: str, missing: float | None) -> str:
    strongest = max(rows, key=lambda row: abs(row["effect"]))
    way = "raises" if strongest["effect"] > 0 else "lowers"
    where = f"{strongest['low']:.4g} to {strongest['high']:.4g} {unit}".strip()
    absent = "" if missing is None else f" Not measured: {missing:+.2f}."
    return (
        f"Strongest at {where}: {way} the risk by {abs(strongest['effect']):.2f} log odds.{absent} "
        "Grey bars show where people are, the band one standard error."
    )


def edit(curve: Any, feature: str) -> Picture:
    """One curve before and after an edit: before dashed, after drawn through, people below.

    Parameters
    ----------
    curve : rows of low, high, before, after (log odds) and count (people in the bin).
    """
    rows = rows_of(curve)
    need(rows, ["low", "high", "before", "after", "count"], "edit")
    x = alt.X("low:Q", title=feature, scale=alt.Scale(zero=False, nice=False))
    base = alt.Chart(data(rows)).encode(x=x, x2="high:Q")
    y = alt.Y("before:Q", title="Effect on risk (log odds)")
    old = base.mark_rule(strokeWidth=2, color=theme.GREY, strokeDash=[3, 3]).encode(y=y)
    new = base.mark_rule(strokeWidth=3, color=theme.VERMILION).encode(y="after:Q")
    zero = alt.Chart(data([{"y": 0}])).mark_rule(strokeDash=[4, 4]).encode(y="y:Q")
    crowd = alt.Y("count:Q", axis=None, scale=alt.Scale(domain=[0, 4 * _most(rows)]))
    people = base.mark_rect(opacity=0.35, color=theme.GREY).encode(y=crowd, y2=alt.datum(0))
    moved = [row for row in rows if row["before"] != row["after"]]
    touched = sum(int(row["count"]) for row in moved)
    columns = {"low": "From", "high": "to", "before": "Before", "after": "After", "count": "People"}
    return Picture(
        f"{feature}: before and after",
        f"{len(moved)} of {len(rows)} parts of the curve change, with {touched:,} people of the "
        "training data. Dashed: before; drawn through: after. Grey bars show where people are.",
        table_of(rows, columns),
        finished(alt.layer(people, alt.layer(zero, old, new)).resolve_scale(y="independent"), 240),
    )


def forest(groups: Any, measure: str, reference: float | None = None) -> Picture:
    """One measure in many groups: interval before point, the denominator beside the name.

    Parameters
    ----------
    groups : rows of group, value, low, high and rows (people).
    reference : the value over all people, drawn as a dashed line.
    """
    rows = rows_of(groups)
    need(rows, ["group", "value", "low", "high", "rows"], "forest")
    for row in rows:
        row["label"] = f"{row['group']} (n = {row['rows']:,})"
    order = [row["label"] for row in rows]
    y = alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=260, grid=False))
    base = alt.Chart(data(rows)).encode(y=y)
    x = alt.X("low:Q", title=measure, scale=alt.Scale(zero=False))
    interval = base.mark_rule(strokeWidth=6, opacity=0.35, color=theme.BLUE).encode(
        x=x, x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=theme.BLUE, opacity=1).encode(x="value:Q")
    layers = [interval, points]
    if reference is not None:
        line = alt.Chart(data([{"at": reference}])).mark_rule(strokeDash=[4, 4])
        layers.insert(0, line.encode(x=alt.X("at:Q")))
    worst = min(rows, key=lambda row: row["value"]) if rows else None
    said = f"Lowest in {worst['group']}: {worst['value']:.3f}." if worst else "No group is shown."
    return Picture(
        f"{measure} by group",
        f"{said} Bars are intervals, the dashed line is the value over all people.",
        table_of(
            rows,
            {"group": "Group", "value": measure, "low": "From", "high": "to", "rows": "People"},
        ),
        finished(alt.layer(*layers), 40 + 28 * len(rows)),
    )


def ablation(groups: Any, measure: str) -> Picture:
    """What each group of information adds to a measure: interval before point, dashes at 0.

    Parameters
    ----------
    groups : rows of group, columns (how many it has), value, low, high (with it minus without it;
        above 0 it adds something).
    """
    rows = rows_of(groups)
    need(rows, ["group", "columns", "value", "low", "high"], "ablation")
    for row in rows:
        row["label"] = f"{row['group']} ({row['columns']:,} columns)"
    y = alt.Y("label:N", sort=[row["label"] for row in rows], title=None, axis=_names())
    base = alt.Chart(data(rows)).encode(y=y)
    ticks = alt.Axis(tickCount=6)
    x = alt.X("low:Q", title=f"{measure}: all columns minus without the group", axis=ticks)
    zero = alt.Chart(data([{"at": 0.0}])).mark_rule(strokeDash=[4, 4]).encode(x="at:Q")
    interval = base.mark_rule(strokeWidth=6, opacity=0.35, color=theme.BLUE).encode(
        x=x, x2="high:Q"
    )
    points = base.mark_point(filled=True, size=70, color=theme.BLUE, opacity=1).encode(x="value:Q")
    clear = [row["group"] for row in rows if row["low"] > 0]
    said = f"Interval above 0: {', '.join(clear)}." if clear else "No interval lies above 0."
    columns = {"group": "Group", "columns": "Columns", "value": f"{measure} added", "low": "From"}
    return Picture(
        f"{measure} that each group adds to the others",
        f"{said} Bars are intervals; on the dashed line a group adds nothing to the others.",
        table_of(rows, {**columns, "high": "to"}),
        finished(alt.layer(zero, interval, points), 40 + 28 * len(rows)),
    )


def attrition(steps: Any, title: str = "From all patients to the cohort") -> Picture:
    """How many people are left after each step of eligibility.

    Parameters
    ----------
    steps : rows of step (words) and people (left), in order.
    """
    rows = rows_of(steps)
    need(rows, ["step", "people"], "attrition")
    told = [{**row, "words": f"{row['people']:,}  {row['step']}"} for row in rows]
    order = [row["step"] for row in rows]
    y = alt.Y("step:N", sort=order, title=None, axis=None)
    base = alt.Chart(data(told)).encode(y=y)
    axis = alt.Axis(tickCount=3, format="~s", labelFlush=True)
    bars = base.mark_bar(color=theme.SKY, height=10, yOffset=8)
    bars = bars.encode(x=alt.X("people:Q", title="People left", axis=axis))
    words = (  # over the bar, so that a long step fits into a narrow window
        base.mark_text(align="left", dy=-6, limit=alt.ExprRef("width"))
        .properties(name="words")
        .encode(text="words:N", x=alt.value(0))
    )
    said = "Nobody was looked at."
    if rows:
        said = f"{rows[-1]['people']:,} of {rows[0]['people']:,} people are in the cohort."
    return Picture(
        title,
        said,
        table_of(rows, {"step": "Step", "people": "People left"}),
        finished(alt.layer(bars, words), 40 + 38 * len(rows)),
    )


def drift(points: Any, title: str = "Drift: how far the data have moved") -> Picture:
    """A strip per feature: its population stability index against the training data.

    Parameters
    ----------
    points : rows of feature, period (text) and psi (0 = as in training; above 0.2 = moved).
    """
    rows = rows_of(points)
    need(rows, ["feature", "period", "psi"], "drift")
    chart = (
        alt.Chart(data(rows))
        .mark_rect()
        .encode(
            x=alt.X("period:N", title=None, sort=None),
            y=alt.Y("feature:N", title=None, sort=None),
            color=alt.Color(
                "psi:Q", title="Stability index", scale=alt.Scale(domain=[0, 0.4], clamp=True)
            ),
            tooltip=["feature:N", "period:N", "psi:Q"],
        )
    )
    moved = sorted({row["feature"] for row in rows if row["psi"] > 0.2})
    said = f"Moved: {', '.join(moved)}." if moved else "No feature has moved (all up to 0.2)."
    return Picture(
        title,
        said,
        table_of(rows, {"feature": "Feature", "period": "Period", "psi": "Stability index"}),
        finished(chart, 40 + 24 * len({row["feature"] for row in rows})),
    )


def _names() -> Any:
    return alt.Axis(labelLimit=260, grid=False)


def _percent() -> Any:
    return alt.Axis(format="%", tickCount=5, labelFlush=False)
