"""The mapping file of a table import: what stands in which column.

See ``examples/support2/mapping.yaml`` (one row per patient) and ``examples/eicu/mapping.yaml``
(one row per event, times as minutes from an admission).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nof1.core.errors import UsageError
from nof1.record.description import Entry, load
from nof1.record.scalars import known_timezone
from nof1.record.tables import ENCODINGS

SCHEMA = "nof1/mapping/1"
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "years": 31_557_600}
"""Seconds; a year has 365.25 days."""
_FIELD = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Moment:
    """How the time of an event is found: a base, and perhaps an offset from it.

    Attributes
    ----------
    template : text with ``{column}`` for the columns; None for the anchor's time or no time.
    format : strptime format of that text; None means ISO 8601.
    anchor : use the time of the row's anchor.
    offset, seconds : column that is added (subtracted for negative ``seconds``), and its unit.
    """

    template: str | None = None
    format: str | None = None
    anchor: bool = False
    offset: str | None = None
    seconds: int = 0

    @property
    def static(self) -> bool:
        """Has the event no time?"""
        return self.template is None and not self.anchor

    @property
    def columns(self) -> set[str]:
        """Columns that are needed."""
        return columns_of(self.template) | ({self.offset} if self.offset else set())


STATIC = Moment()


@dataclass(frozen=True)
class EventRule:
    """One kind of event that rows give.

    Attributes
    ----------
    code : templates; the first one counts whose columns are all filled.
    value, text : columns; ``text`` is used where there is no number.
    unit, unit_column : a constant, or the column that holds it.
    where : column -> texts; only rows with one of them give the event.
    optional : a row without a time gives no event, instead of going to quarantine.
    wide : one of many columns of a row; an empty cell is simply no event.
    """

    code: tuple[str, ...]
    time: Moment
    recorded: Moment | None = None
    value: str | None = None
    text: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    where: Mapping[str, list[str]] = field(default_factory=dict)
    optional: bool = False
    wide: bool = False

    @property
    def category(self) -> bool:
        """Is the text of a column part of the code, and nothing else told?"""
        return self.wide and self.value is None

    @property
    def columns(self) -> set[str]:
        """Columns that are needed."""
        named = {self.value, self.text, self.unit_column, *self.where}
        later = self.recorded.columns if self.recorded else set()
        return (
            set().union(*map(columns_of, self.code))
            | self.time.columns
            | later
            | {n for n in named if n}
        )


@dataclass(frozen=True)
class Birth:
    """A date of birth from an age in years at a moment."""

    age: str
    at: Moment


@dataclass(frozen=True)
class Survival:
    """Follow-up: ``MEDS_DEATH`` where ``event`` is 1, and ``END_OF_FOLLOW_UP`` for everyone."""

    end: Moment
    event: str


@dataclass(frozen=True)
class Exclusion:
    """Rows that are no facts about the patient, such as cancelled orders."""

    column: str
    equals: list[str]
    reason: str


@dataclass(frozen=True)
class Anchor:
    """A table that gives the rows of other tables their patient and the zero of their times."""

    file: str
    key: str
    patient: str
    time: Moment


@dataclass(frozen=True)
class TableRule:
    """How one file is read. ``key`` is the column that leads to the anchor's row."""

    file: str
    patient: str | None
    anchor: str | None
    key: str | None
    record: str | None
    events: tuple[EventRule, ...]
    birth: Birth | None
    survival: Survival | None
    exclude: tuple[Exclusion, ...]
    translate: Mapping[str, Mapping[str, str]]

    @property
    def columns(self) -> list[str]:
        """All columns that are needed."""
        found = {self.patient, self.key, self.record, *(rule.column for rule in self.exclude)}
        found |= set().union(*(rule.columns for rule in self.events))
        if self.birth:
            found |= {self.birth.age} | self.birth.at.columns
        if self.survival:
            found |= {self.survival.event} | self.survival.end.columns
        return sorted({name for name in found if name} | set(self.translate))


@dataclass(frozen=True)
class MappingFile:
    """A whole mapping. ``missing`` are texts that mean "not known", beside the empty field."""

    tables: tuple[TableRule, ...]
    anchors: Mapping[str, Anchor]
    missing: list[str]
    encoding: str
    timezone: str | None


def columns_of(template: str | None) -> set[str]:
    """The columns a template names.

    >>> sorted(columns_of("LAB//{name}//{specimen}"))
    ['name', 'specimen']
    """
    return set(_FIELD.findall(template or ""))


def pieces(template: str) -> tuple[str, list[str]]:
    """A template as format string and columns, in order.

    >>> pieces("LAB//{name}")
    ('LAB//{}', ['name'])
    """
    return _FIELD.sub("{}", template), _FIELD.findall(template)


def load_mapping(path: Path) -> MappingFile:
    """Read and check a mapping file.

    Raises
    ------
    InputError : naming the line and what is allowed there.
    """
    top = load(path).fields(
        ("schema", "missing", "encoding", "timezone", "anchors", "tables"), ("schema", "tables")
    )
    top["schema"].text([SCHEMA])
    anchors = top["anchors"].fields() if "anchors" in top else {}
    tables = [_table(entry, set(anchors)) for entry in top["tables"].items()]
    for number, table in enumerate(tables):
        if table.file in [other.file for other in tables[:number]]:
            raise top["tables"].items()[number].problem("A file stands in the mapping twice.")
    return MappingFile(
        tables=tuple(tables),
        anchors={name: _anchor(entry) for name, entry in anchors.items()},
        missing=top["missing"].texts() if "missing" in top else [],
        encoding=top["encoding"].text(ENCODINGS) if "encoding" in top else "utf-8",
        timezone=_timezone(top["timezone"]) if "timezone" in top else None,
    )


def _timezone(entry: Entry) -> str:
    try:
        return known_timezone(entry.text())
    except UsageError as error:
        raise entry.problem(error.message, error.allowed) from None


def _anchor(entry: Entry) -> Anchor:
    names = ("file", "key", "patient", "time")
    fields = entry.fields(names, names)
    file, key, patient = (fields[name].text() for name in names[:3])
    return Anchor(file, key, patient, _moment(fields["time"], anchored=False))


_TABLE = ("file", "patient", "anchor", "key", "record", "time", "exclude", "translate")
_RULES = ("events", "numbers", "categories", "birth", "survival")


def _table(entry: Entry, anchors: set[str]) -> TableRule:
    fields = entry.fields((*_TABLE, "code", *_RULES), ("file",))
    if not set(_RULES) & set(fields):
        raise entry.problem("The table says nothing that could become an event.", _RULES)
    anchored = "anchor" in fields
    if anchored == ("patient" in fields) or anchored != ("key" in fields):
        raise entry.problem(
            "A table needs either `patient`, or `anchor` and `key`.", ["patient", "anchor + key"]
        )
    if anchored:
        fields["anchor"].text(sorted(anchors))
    time = _moment(fields["time"], anchored) if "time" in fields else STATIC
    file = fields["file"].text()
    prefix = fields["code"].text() if "code" in fields else Path(file).stem
    rules = [_event(e, time, anchored) for e in _list(fields, "events")]
    rules += _wide(fields, prefix, time)
    return TableRule(
        file=file,
        patient=_text(fields, "patient"),
        anchor=_text(fields, "anchor"),
        key=_text(fields, "key"),
        record=_text(fields, "record"),
        events=tuple(rules),
        birth=_birth(fields["birth"], anchored) if "birth" in fields else None,
        survival=_survival(fields["survival"], anchored) if "survival" in fields else None,
        exclude=tuple(_exclusion(e) for e in _list(fields, "exclude")),
        translate=_translations(fields["translate"]) if "translate" in fields else {},
    )


def _wide(fields: Mapping[str, Entry], prefix: str, time: Moment) -> list[EventRule]:
    """Many columns, many codes: ``<prefix>//<column>``, and ``//<text>`` added for texts."""
    rules = []
    if "numbers" in fields:
        for column, unit in fields["numbers"].fields().items():
            constant = None if unit.content is None else unit.text()
            code = f"{prefix}//{column}"
            rules.append(EventRule((code,), time, value=column, unit=constant, wide=True))
    for column in fields["categories"].texts() if "categories" in fields else []:
        rules.append(EventRule((f"{prefix}//{column}//{{{column}}}",), time, wide=True))
    return rules


_EVENT = ("code", "time", "recorded", "value", "text", "unit", "where", "optional")


def _event(entry: Entry, time: Moment, anchored: bool) -> EventRule:
    fields = entry.fields(_EVENT, ("code",))
    unit = fields.get("unit")
    in_column = unit is not None and isinstance(unit.content, dict)
    column = unit.fields(("column",), ("column",))["column"].text() if unit and in_column else None
    where = fields["where"].fields() if "where" in fields else {}
    return EventRule(
        code=tuple(_template(fields["code"], text) for text in fields["code"].texts()),
        time=_moment(fields["time"], anchored) if "time" in fields else time,
        recorded=_moment(fields["recorded"], anchored) if "recorded" in fields else None,
        value=_text(fields, "value"),
        text=_text(fields, "text"),
        unit=unit.text() if unit is not None and not in_column else None,
        unit_column=column,
        where={name: item.texts() for name, item in where.items()},
        optional="optional" in fields and fields["optional"].text(["true", "false"]) == "true",
    )


_MOMENT = ("column", "constant", "template", "format", "anchor", "plus", "minus", "unit")


def _moment(entry: Entry, anchored: bool) -> Moment:
    """A time: a column, a template, ``static``, or a mapping of the names in ``_MOMENT``."""
    if isinstance(entry.content, str):
        text = _template(entry, entry.content)
        if text == "static":
            return STATIC
        return Moment(template=text if "{" in text else f"{{{text}}}")
    fields = entry.fields(_MOMENT)
    bases = [name for name in ("column", "constant", "template", "anchor") if name in fields]
    if len(bases) != 1 or ("plus" in fields and "minus" in fields):
        raise entry.problem("A time needs exactly one base, and at most one offset.", _MOMENT)
    if "anchor" in fields:
        fields["anchor"].text(["true"])
        if not anchored:
            raise fields["anchor"].problem("The table has no anchor.")
    base = fields[bases[0]]
    template = None if bases[0] == "anchor" else _template(base, base.text())
    if bases[0] == "column":
        template = f"{{{template}}}"
    offset = fields.get("plus") or fields.get("minus")
    if (offset is None) != ("unit" not in fields):
        raise entry.problem("An offset needs a unit, and a unit an offset.", list(UNITS))
    seconds = UNITS[fields["unit"].text(list(UNITS))] if "unit" in fields else 0
    return Moment(
        template=template,
        format=_text(fields, "format"),
        anchor="anchor" in fields,
        offset=offset.text() if offset else None,
        seconds=-seconds if "minus" in fields else seconds,
    )


def _template(entry: Entry, text: str) -> str:
    """The text, unless its braces do not pair up around names of columns."""
    if re.search(r"[{}]", _FIELD.sub("", text)):
        raise entry.problem("Each { needs its }, with the name of a column between.")
    return text


def _birth(entry: Entry, anchored: bool) -> Birth:
    fields = entry.fields(("age", "at"), ("age", "at"))
    return Birth(fields["age"].text(), _moment(fields["at"], anchored))


def _survival(entry: Entry, anchored: bool) -> Survival:
    fields = entry.fields(("end", "event"), ("end", "event"))
    return Survival(_moment(fields["end"], anchored), fields["event"].text())


def _exclusion(entry: Entry) -> Exclusion:
    names = ("column", "equals", "reason")
    fields = entry.fields(names, names)
    return Exclusion(fields["column"].text(), fields["equals"].texts(), fields["reason"].text())


def _translations(entry: Entry) -> dict[str, dict[str, str]]:
    return {
        column: {old: new.text() for old, new in words.fields().items()}
        for column, words in entry.fields().items()
    }


def _text(fields: Mapping[str, Entry], name: str) -> str | None:
    return fields[name].text() if name in fields else None


def _list(fields: Mapping[str, Entry], name: str) -> list[Entry]:
    return fields[name].items() if name in fields else []
