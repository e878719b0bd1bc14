"""A patient's course: which rows of the record become which rows of the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import polars as pl

from nof1.core.errors import UsageError
from nof1.pictures.timeline import Lane, Row, Span, outside
from nof1.record.normal import normal
from nof1.web.site.kinds import Kind, after, is_kind, named
from nof1.web.site.subject import GENDER, Subject

MOST = 16  # rows of a lane; the rest is one link away
SPANS = {"all": None, "5y": 5 * 365.25, "1y": 365.25, "90d": 90.0}
SPAN_WORDS = {"all": "All", "5y": "5 years", "1y": "1 year", "90d": "90 days"}
END, ENCOUNTER_END = "END//", "ENCOUNTER_END//"
CURVES = ("measurements", "lifestyle", "surroundings")
TITLES = {"measurements": "Measurements, over their usual range"}
ORDER = (
    "problems", "procedures", "medicines", "vaccines", "allergies", "encounters", "films", "genes",
    "measurements", "lifestyle", "surroundings", "family", "other",
)  # fmt: skip
Names = Mapping[str, str]


def window(subject: Subject, events: pl.DataFrame, span: str) -> tuple[datetime, datetime]:
    """From when to when the course is drawn.

    Raises
    ------
    UsageError : there is no such span.
    """
    if span not in SPANS:
        raise UsageError("There is no such time span.", where="span", allowed=list(SPANS))
    days = SPANS[span]
    if days is not None:
        return subject.at - timedelta(days=days), subject.at
    dated = events.filter(~pl.col("code").str.starts_with("MEDS_"), pl.col("time").is_not_null())
    first = dated["time"].min()
    latest = subject.at - timedelta(days=30)
    return (min(first, latest) if isinstance(first, datetime) else latest), subject.at


def lanes(
    subject: Subject, events: pl.DataFrame, kinds: Sequence[Kind], names: Names, start: datetime
) -> list[Lane]:
    """The lanes of a course, without empty ones; items with nothing after ``start`` are hidden."""
    known = {one.name: one for one in kinds}
    made = []
    for name in ORDER:
        if name not in known:
            continue
        rows = [
            row
            for row in _rows(subject, events.filter(is_kind(known[name])), known[name], names)
            if _later(row, start)
        ]
        if rows:
            title = TITLES.get(name, known[name].title)
            address = subject.address("events", kind=name)
            hidden = max(len(rows) - MOST, 0)
            made.append(Lane(title, name, tuple(rows[:MOST]), hidden, address))
    return made


def _later(row: Row, start: datetime) -> bool:
    moments = [*row.marks, *(moment for moment, _ in row.points)]
    ends = [end for _, end in row.spans]
    return any(one >= start for one in moments) or any(e is None or e >= start for e in ends)


def _rows(subject: Subject, events: pl.DataFrame, kind: Kind, names: Names) -> list[Row]:
    dated = events.filter(pl.col("time").is_not_null())
    if kind.name in CURVES:
        return _curves(subject, dated, names)
    if kind.name == "medicines":
        return _medicines(subject, dated, names)
    if kind.name == "encounters":
        return _encounters(subject, dated, names)
    return _marked(subject, dated, names)


def _grouped(codes: Iterable[str], names: Names) -> dict[str, list[str]]:
    """Words -> codes: one thing in two code systems is one row."""
    found: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(named(code, names), []).append(code)
    return found


def _times(events: pl.DataFrame, codes: Sequence[str]) -> list[datetime]:
    return events.filter(pl.col("code").is_in(list(codes)))["time"].unique().sort().to_list()


def _marked(subject: Subject, events: pl.DataFrame, names: Names) -> list[Row]:
    """Things that are recorded at moments: problems, procedures, films; the newest first."""
    made = []
    for label, codes in _grouped(events["code"], names).items():
        times = _times(events, codes)
        often = "once" if len(times) == 1 else f"{len(times)} times"
        said = f"recorded {often}, first {times[0]:%Y-%m-%d}, last {times[-1]:%Y-%m-%d}"
        last = f"{times[-1]:%Y-%m-%d}"
        since = last if len(times) == 1 else f"{len(times)}, last {last}"
        made.append(
            Row(label, said, marks=tuple(times), aside=since, address=_address(subject, codes))
        )
    made.sort(key=lambda row: row.marks[-1], reverse=True)
    return made


def _medicines(subject: Subject, events: pl.DataFrame, names: Names) -> list[Row]:
    """From each beginning to the next end; those whose end is not known first."""
    starts = events.filter(~pl.col("code").str.starts_with(END))
    made = []
    for label, codes in _grouped(starts["code"], names).items():
        begun = _times(events, codes)
        ended = _times(events, [END + code for code in codes])
        spans = _spans(begun, ended)
        is_open = spans[-1][1] is None
        last = "no end recorded" if is_open else f"ended {spans[-1][1]:%Y-%m-%d}"
        said = f"begun {begun[0]:%Y-%m-%d}, {len(begun)} entries, {last}"
        both = [*codes, *(END + code for code in codes)]
        aside = f"since {spans[-1][0]:%Y-%m-%d}" if is_open else last
        made.append(Row(label, said, spans=spans, aside=aside, address=_address(subject, both)))
    made.sort(key=lambda row: (row.spans[-1][1] is not None, row.label.lower()))
    return made


def _spans(begun: Sequence[datetime], ended: Sequence[datetime]) -> tuple[Span, ...]:
    """
    >>> a, b, c, d = (datetime(2020, n, 1) for n in (1, 2, 3, 4))
    >>> _spans([a, b, d], [c]) == ((a, c), (d, None))
    True
    """
    made: list[Span] = []
    for start in begun:
        if made and (made[-1][1] is None or start <= made[-1][1]):
            continue  # a repeat of what is taken
        made.append((start, next((end for end in ended if end >= start), None)))
    return tuple(made)


def _encounters(subject: Subject, events: pl.DataFrame, names: Names) -> list[Row]:
    """Stays as bars when they last a day or more, else as marks."""
    starts = events.filter(~pl.col("code").str.starts_with(ENCOUNTER_END))
    made = []
    for label, codes in _grouped(starts["code"], names).items():
        ends = [code.replace("ENCOUNTER//", ENCOUNTER_END, 1) for code in codes]
        stays = _spans(_times(events, codes), _times(events, ends))
        long = tuple(one for one in stays if one[1] and one[1] - one[0] >= timedelta(days=1))
        short = tuple(one[0] for one in stays if one not in long)
        last = max(start for start, _ in stays)
        words = f"{len(stays)}, last {last:%Y-%m-%d}"
        title = label.removeprefix("Encounter: ").capitalize()
        made.append(
            Row(title, words, spans=long, marks=short, aside=words,
                address=_address(subject, [*codes, *ends]))
        )  # fmt: skip
    made.sort(key=lambda row: max([*row.marks, *(a for a, _ in row.spans)]), reverse=True)
    return made


def _curves(subject: Subject, events: pl.DataFrame, names: Names) -> list[Row]:
    """What is measured, as curves; what is outside its band first. States become marks."""
    number = pl.col("numeric_value").is_finite()
    made = []
    for code, part in events.filter(number).group_by("code", maintain_order=True):
        made.append(_curve(subject, str(code[0]), part, names))
    made.sort(key=lambda row: (not row.outside, row.label.lower()))
    states = events.filter(~pl.col("code").is_in(events.filter(number)["code"].unique().to_list()))
    return made + _marked(subject, states, names)


def _curve(subject: Subject, code: str, rows: pl.DataFrame, names: Names) -> Row:
    unit = rows["unit"][-1]
    same = rows.filter(pl.col("unit").eq_missing(pl.lit(unit, pl.String)))
    points = tuple((moment, float(v)) for moment, v in same.select("time", "numeric_value").rows())
    usual = normal(code, unit, _sex(subject), subject.age_years)
    low, high = (usual.low, usual.high) if usual else (None, None)
    last, value = points[-1]
    bare = after(unit)
    band = f", usual {usual.words()}" if usual else ""
    count = "1 value" if len(points) == 1 else f"{len(points)} values"
    said = f"{count}, last {value:.4g}{bare} on {last:%Y-%m-%d}{band}"
    label = named(code, names).removeprefix("Surroundings: ")
    return Row(
        label, said, points=points, low=low, high=high, aside=f"{value:.4g}{bare}",
        outside=outside(value, low, high), address=_address(subject, [code]),
    )  # fmt: skip


def _sex(subject: Subject) -> str:
    found = subject.events.filter(pl.col("code").str.starts_with(GENDER))["code"]
    return found[0].removeprefix(GENDER) if len(found) else ""


def _address(subject: Subject, codes: Sequence[str]) -> str:
    """The source rows of some codes."""
    return subject.address("events", code="|".join(codes))
