"""Charts about the data: problems by severity, events by code and month, volumes by site."""

from __future__ import annotations

from typing import Any

import altair as alt

from nof1.pictures import theme
from nof1.pictures.model_charts import data, finished
from nof1.pictures.picture import Picture, need, rows_of, table_of

MOST_SITES = 6
SEVERITIES = {"critical": theme.VERMILION, "warning": theme.ORANGE, "info": theme.SKY}


def problem_counts(problems: Any) -> Picture:
    """How many places each check found fault with, by severity.

    Parameters
    ----------
    problems : rows of check, severity ("critical", "warning", "info").
    """
    counted: dict[tuple[str, str], int] = {}
    for row in rows_of(problems):
        key = (row["check"].replace("-", " "), row["severity"])
        counted[key] = counted.get(key, 0) + 1
    rows: list[dict[str, Any]] = [
        {"check": c, "severity": s, "places": n} for (c, s), n in sorted(counted.items())
    ]
    rows.sort(key=lambda row: (list(SEVERITIES).index(row["severity"]), -row["places"]))
    order = list(dict.fromkeys(row["check"] for row in rows))
    colours = alt.Scale(domain=list(SEVERITIES), range=list(SEVERITIES.values()))
    chart = (
        alt.Chart(data(rows))
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y("check:N", sort=order, title=None, axis=alt.Axis(grid=False)),
            x=alt.X("places:Q", title="Places (code, site or month)", axis=_whole()),
            color=alt.Color("severity:N", title=None, scale=colours),
        )
    )
    total = {s: sum(r["places"] for r in rows if r["severity"] == s) for s in SEVERITIES}
    return Picture(
        "What was found",
        ", ".join(f"{n} {s}" for s, n in total.items()) + ".",
        table_of(rows, {"check": "Check", "severity": "Severity", "places": "Places"}),
        finished(chart, 40 + 26 * len(order)),
    )


def volume(months: Any, title: str = "Events by month and site") -> Picture:
    """Events per month of every site: drops and gaps show as steps.

    Parameters
    ----------
    months : rows of site, month ("2024-05") and events (None = fewer than 5). Beyond 6 sites the
        smaller ones are drawn as one line.
    """
    given = rows_of(months)
    need(given, ["site", "month", "events"], "volume")
    size: dict[str, int] = {}
    for row in given:
        row["site"] = row["site"] or "one site"
        size[row["site"]] = size.get(row["site"], 0) + (row["events"] or 0)
    largest = sorted(size, key=lambda site: (-size[site], site))
    kept = largest if len(largest) <= MOST_SITES else largest[: MOST_SITES - 1]
    added: dict[tuple[str, str], int] = {}
    for row in given:
        site = row["site"] if row["site"] in kept else f"{len(size) - len(kept)} smaller sites"
        added[site, row["month"]] = added.get((site, row["month"]), 0) + (row["events"] or 0)
    rows = [{"site": s, "month": m, "events": n} for (s, m), n in sorted(added.items())]
    chart = (
        alt.Chart(data(rows))
        .mark_line(interpolate="step", strokeWidth=1.5, point={"size": 14})
        .encode(
            x=alt.X("month:T", title=None, timeUnit="yearmonth"),
            y=alt.Y("events:Q", title="Events a month"),
            color=alt.Color("site:N", title=None, legend=alt.Legend(columns=4)),
            tooltip=["site:N", "month:T", "events:Q"],
        )
    )
    return Picture(
        title,
        f"{len(size)} site(s), {len({row['month'] for row in rows})} months.",
        table_of(rows, {"site": "Site", "month": "Month", "events": "Events"}),
        finished(chart),
    )


def completeness(months: Any, title: str = "Events by code and month") -> Picture:
    """A heatmap of how many events each frequent code has in each month.

    Parameters
    ----------
    months : rows of code, month ("2024-05") and events (None = fewer than 5).
    """
    rows = [row for row in rows_of(months) if row["events"]]
    need(rows, ["code", "month", "events"], "completeness")
    codes = list(dict.fromkeys(row["code"] for row in rows))
    chart = (
        alt.Chart(data(rows))
        .mark_rect()
        .encode(
            x=alt.X("month:T", timeUnit="yearmonth", title=None, axis=alt.Axis(grid=False)),
            y=alt.Y("code:N", title=None, sort=codes, axis=alt.Axis(labelLimit=180, grid=False)),
            color=alt.Color(
                "events:Q",
                title="Events a month",
                scale=alt.Scale(type="log", scheme=theme.SCALE),
                legend=alt.Legend(title="Events a month"),
            ),
            tooltip=["code:N", "month:N", "events:Q"],
        )
    )
    return Picture(
        title,
        f"{len(codes)} frequent codes. An empty field is a month with fewer than 5 events.",
        table_of(rows, {"code": "Code", "month": "Month", "events": "Events"}),
        finished(chart, 40 + 18 * len(codes)),
    )


def people(sites: Any, title: str = "Patients with the basic facts") -> Picture:
    """Share of patients with birth date, sex and any event, by site.

    Parameters
    ----------
    sites : rows of site, patients, birth, sex, event (numbers of patients; None = fewer than 5).
    """
    facts = {"birth": "Birth date", "sex": "Sex", "event": "Any event"}
    rows = [
        {"site": row["site"] or "one site", "fact": name, "share": row[key] / row["patients"]}
        | {"text": f"{row[key]:,} of {row['patients']:,}"}
        for row in rows_of(sites)
        for key, name in facts.items()
        if row.get(key) is not None and row["patients"]
    ]
    base = alt.Chart(data(rows)).encode(
        x=alt.X("fact:N", title=None, sort=list(facts.values()), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("site:N", title=None),
    )
    boxes = base.mark_rect(stroke="white").encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(domain=[0, 1], scheme=theme.SCALE),
            legend=alt.Legend(title="Share of patients", format="%"),
        )
    )
    dark = alt.condition("datum.share < 0.6", alt.value("white"), alt.value("black"))
    words = base.mark_text(fontSize=12).encode(text="text:N", color=dark)
    return Picture(
        title,
        "Number of patients with each fact, of all patients of the site.",
        table_of(rows, {"site": "Site", "fact": "Fact", "text": "Patients"}),
        finished(alt.layer(boxes, words), 40 + 32 * len({row["site"] for row in rows})),
    )


def _whole() -> Any:
    return alt.Axis(format="d", tickMinStep=1)
