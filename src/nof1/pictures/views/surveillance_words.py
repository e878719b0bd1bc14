"""What now, in plain words: the level, the trend and the alarms, each no surer than the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof1.pictures.drawing import about, day, number
from nof1.pictures.map_charts import change_class
from nof1.pictures.views.surveillance_data import (
    TOTAL,
    WEEK,
    Report,
    day_of,
    place_of,
    weekly_growth,
)

MOST_NAMES = 6


def what_now(report: Report) -> list[dict[str, str]]:
    """Three lines of {head, severity, word, text}; a line without its answer says what makes it."""
    return [_level(report), _trend(report), _alarms(report)]


def _line(head: str, severity: str, word: str, *texts: str) -> dict[str, str]:
    return {"head": head, "severity": severity, "word": word, "text": " ".join(filter(None, texts))}


def when(report: Report, row: Mapping[str, Any]) -> str:
    """A week in words: "in the week to 6 Jan 2024"; of days "in the 7 days to 6 Jan 2024"."""
    return ("in the 7 days to " if report.step_days == 1 else "in the week to ") + day(row["date"])


def _level(report: Report) -> dict[str, str]:
    row = report.level(report.total) if report.total else None
    if row is None:
        return _sum_of_places(report)
    rate = report.per_100k(report.total or "", row["value"]) or _rate_of_sum(report, row["value"])
    people = "." if rate is None else f": {number(rate)} per 100,000 people."
    if not row["estimated"] or row["low95"] is None:
        said = f"{about(row['value'])} {when(report, row)}{people}"
        late = "Late reports are not estimated: the true number may be higher."
        return _line("Level", "info", "as reported", said, late, _activity(report))
    inside = "sum of daily 95 % intervals" if row["summed"] else "95 % interval"
    said = (
        f"{about(row['low95'])} to {about(row['high95'])} ({inside}; best estimate "
        f"{about(row['value'])}) {when(report, row)}{people}"
    )
    parts = (said, _share(row), _peak(report), _activity(report))
    return _line("Level", "info", "estimated", *parts)


def _rate_of_sum(report: Report, value: float | None) -> float | None:
    """Per 100,000 with the people of all places, where each of them is known."""
    people = [report.population.get(place) for place in report.places]
    if value is None or not people or None in people:
        return None
    return 1e5 * value / sum(one for one in people if one is not None)


def _share(row: Mapping[str, Any]) -> str:
    if row["reported"] is None or row["reported"] >= row["value"]:
        return ""
    return (
        f"So far {number(row['reported'])} are reported; the rest is estimated from how late "
        "reports usually are."
    )


def _peak(report: Report) -> str:
    """The highest week shown, only where the newest one clearly lies below it."""
    steps = [row for row in report.steps(report.total or "") if row["estimate"] is not None]
    if report.step_days != WEEK or len(steps) < 8:
        return ""
    last, highest = steps[-1], max(steps, key=lambda row: float(row["estimate"]))
    if last["high95"] is None or last["high95"] >= highest["estimate"]:
        return ""
    return f"The highest shown was about {about(highest['estimate'])} {when(report, highest)}."


def _activity(report: Report) -> str:
    """How many places are high against their own past seasons, where that was asked."""
    rows = report.activity
    if not rows:
        return ""
    known = [row["level"] for row in rows if row["level"] != "not known"]
    high = sum(one in ("high", "very high") for one in known)
    if not known:
        return ""
    return f"Against their own past seasons {high} of {len(known)} places are high or very high."


def _sum_of_places(report: Report) -> dict[str, str]:
    newest = report.newest
    rows = [row for place in report.places if (row := report.level(place))]
    known = [row["reported"] for row in rows if row["date"] == newest]
    known = [one for one in known if one is not None]
    if newest is None or not known:
        return _line("Level", "unknown", "not known", "Next step: nof1 surveillance nowcast.")
    said = (
        f"At least {number(sum(known))} {when(report, {'date': newest})}, reported by {len(known)} "
        f"of {len(report.places)} places."
    )
    open_end = "There is no estimate for all places together."
    return _line("Level", "info", "as reported", said, open_end, _activity(report))


def _trend(report: Report) -> dict[str, str]:
    row = report.window(report.total or TOTAL)
    places, coming = _growing(report), _coming(report)
    if row is None:
        if not places and not coming:
            return _line(
                "Trend", "unknown", "not known", "Next step: nof1 surveillance transmission."
            )
        return _line("Trend", "unknown", "not known", places, coming)
    severity, word = direction(row)
    return _line("Trend", severity, word, _infects(row), _doubling(row, word), places, coming)


def trend_class(row: Mapping[str, Any] | None) -> int | None:
    """As ``change_class``: clear only where growth and R, as far as both are known, agree.

    >>> trend_class({"growth_per_day": 0.05, "growth_low": 0.01, "growth_high": 0.09,
    ...              "r": 1.2, "low": 0.9, "high": 1.5})
    2
    """
    if row is None:
        return None
    growth = weekly_growth(row)
    r = (
        None
        if row.get("r") is None
        else change_class(row["r"] - 1, row["low"] - 1, row["high"] - 1)
    )
    if growth is None:
        return None if r is None else {0: 1, 4: 3}.get(r, r)  # how fast is not known
    found = change_class(*growth)
    if found is None or r is None:
        return found
    return found if (found < 2) == (r < 2) and (found > 2) == (r > 2) else 2


def direction(row: Mapping[str, Any] | None) -> tuple[str, str]:
    """Severity and word for a window: growing or shrinking only where the intervals say so.

    >>> direction({"r": 1.2, "low": 1.1, "high": 1.3})
    ('warning', 'growing')
    """
    found = trend_class(row)
    if found is None:
        return "unknown", "not known"
    if found > 2:
        return "warning", "growing"
    return ("info", "not clear") if found == 2 else ("info", "shrinking")


def _infects(row: Mapping[str, Any]) -> str:
    chance = row.get("probability_growing")
    grows = ""
    if chance is not None:
        share = (
            "below 1" if chance < 0.01 else "above 99" if chance > 0.99 else f"{100 * chance:.0f}"
        )
        grows = f" It grows with a probability of {share} %."
    if row.get("r") is None:
        return f"There are too few cases for a reproduction number.{grows}"
    return (
        f"Each case infects {row['r']:.2f} others (95 % interval {row['low']:.2f} to "
        f"{row['high']:.2f}; window to {day(row['date'])}).{grows}"
    )


def _doubling(row: Mapping[str, Any], word: str) -> str:
    days = row.get("doubling_days")
    if word == "growing" and days is not None and 0 < days < 1000:
        return f"If it stays so, numbers double in about {number(round(days))} days."
    return ""


def _growing(report: Report) -> str:
    if len(report.places) < 2 or not report.windows:
        return ""
    classes = [trend_class(report.window(place)) for place in report.places]
    up = sum(one in (3, 4) for one in classes)
    down = sum(one in (0, 1) for one in classes)
    unknown = sum(one is None for one in classes)
    known = (
        f"Of {len(classes)} places {up} are growing, {down} shrinking, {classes.count(2)} not clear"
    )
    return known + (f", {unknown} not known." if unknown else ".")


def _coming(report: Report) -> str:
    rows = report.ahead(report.total) if report.total else []
    if not rows:
        return ""
    last = rows[-1]
    weekly = report.step_days == 7 or not report.same_step
    return (
        f"Forecast for {'the week to ' * weekly}{day(last['date'])}: {about(last['q05'])} to "
        f"{about(last['q95'])} (90 % interval)."
    )


def _alarms(report: Report) -> dict[str, str]:
    rows = report.alarms
    if not rows:
        return _line("Alarms", "unknown", "not checked", "Next step: nof1 surveillance alarms.")
    fired = [row for row in rows if row["status"] == "alarm"]
    missing = sum(row["status"] == "not_checked" for row in rows)
    tested = len(rows) - missing
    open_end = f"{missing} could not be tested." if missing else ""
    if not tested:
        return _line("Alarms", "unknown", "not checked", f"None of {len(rows)} series was tested.")
    if not fired:
        calm = f"No alarm in {tested} tested series. That does not show that nothing is going on."
        return _line("Alarms", "info", "no alarm", calm, open_end)
    names = listed(report, [place_of(row) for row in fired])
    share = (report.documents["alarms"].get("fdr") or 0) * 100
    false = f"About {share:.0f} in 100 such alarms may be false." if share else ""
    said = f"{len(fired)} of {tested} tested series lie above what is usual there: {names}."
    word = "1 alarm" if len(fired) == 1 else f"{len(fired)} alarms"
    return _line("Alarms", "critical", word, said, false, open_end)


def listed(report: Report, places: Sequence[str]) -> str:
    """Names of places, the first six and how many more."""
    names = list(dict.fromkeys(report.name(place) for place in places))
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def days_differ(report: Report) -> list[str]:
    """A sentence for each answer that is older than the newest one, and one for other signals."""
    days = {name: day_of(one["as_of"]) for name, one in report.documents.items()}
    newest = max(days.values(), default=None)
    old = [f"{name} ({day(one)})" for name, one in days.items() if newest and one < newest]
    said = []
    if old and newest:
        said.append(
            f"The answers are not of the same day. The newest is of {day(newest)}; older: "
            f"{', '.join(old)}. Make the older ones again before you compare them."
        )
    return said
