"""What a hub asks for: targets, horizons, places and quantile levels, from its ``tasks.json``.

The file follows the hubverse's layout (hubverse.io, "tasks.json"): rounds hold model tasks, a model
task holds the task identifiers with required and optional values, and the output types. Only the
quantile task is read here. Our own ``tasks.json`` holds the FluSight target "wk inc flu hosp".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from nof1.core.errors import InputError

TARGET = "wk inc flu hosp"
OWN = "tasks.json"
IDS = ("reference_date", "target", "horizon", "location", "target_end_date")


@dataclass(frozen=True)
class Tasks:
    """What a forecast file may and must hold.

    Attributes
    ----------
    targets : allowed names of targets.
    horizons : allowed horizons, in weeks from the reference date; 0 is its own week.
    locations : allowed places; None where any is allowed.
    levels : the quantile levels each forecast must give.
    reference_dates : allowed reference dates; None where any Saturday is allowed.
    minimum : least value, or None.
    """

    targets: tuple[str, ...]
    horizons: tuple[int, ...]
    locations: tuple[str, ...] | None
    levels: tuple[float, ...]
    reference_dates: tuple[date, ...] | None = None
    minimum: float | None = 0.0

    def for_places(self, places: tuple[str, ...] | None) -> Tasks:
        """The same tasks for other places (None: any)."""
        return replace(self, locations=places)

    def for_any_week(self) -> Tasks:
        """The same tasks for any Saturday, not only for the weeks that the file lists."""
        return replace(self, reference_dates=None)


def flusight() -> Tasks:
    """FluSight's weekly admissions with influenza: 53 places, horizons -1 to 3, any Saturday."""
    text = files("nof1.surveillance.hub").joinpath(OWN).read_text(encoding="utf-8")
    return from_dict(json.loads(text), OWN).for_any_week()


def read(path: Path) -> Tasks:
    """The quantile task of a hub's ``tasks.json``.

    Raises
    ------
    InputError : no JSON, or not the hubverse's layout; the message names the key.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(
            "The file is not JSON.",
            where=path.name if line is None else f"{path.name}, line {line}",
            allowed="a hub's tasks.json",
        ) from None
    return from_dict(data, path.name)


def from_dict(data: Any, name: str) -> Tasks:
    """The quantile tasks of all rounds, joined.

    Raises
    ------
    InputError : a key is missing or has another type; ``where`` is its path in the file.
    """
    found: list[tuple[dict[str, Any], dict[str, Any], str]] = []
    for i, part in enumerate(_list(_key(data, "rounds", name), f"{name}, rounds")):
        at = f"{name}, rounds[{i}]"
        for k, task in enumerate(_list(_key(part, "model_tasks", at), f"{at}, model_tasks")):
            here = f"{at}, model_tasks[{k}]"
            outputs = _key(task, "output_type", here)
            if isinstance(outputs, dict) and "quantile" in outputs:
                ids = _object(_key(task, "task_ids", here), f"{here}, task_ids")
                found.append((ids, _object(outputs["quantile"], f"{here}, quantile"), here))
    if not found:
        raise InputError(
            "The tasks ask for no quantiles.",
            where=name,
            allowed='a model task with output_type "quantile"',
        )
    return _joined(found)


def _joined(found: list[tuple[dict[str, Any], dict[str, Any], str]]) -> Tasks:
    values: dict[str, list[Any]] = {one: [] for one in IDS}
    levels: list[float] = []
    minimum: float | None = None
    for ids, output, here in found:
        for one in IDS[:4]:
            values[one] += _values(_key(ids, one, f"{here}, task_ids"), f"{here}, {one}")
        level = _values(_key(output, "output_type_id", here), f"{here}, output_type_id")
        levels += [_level(value, here) for value in level]
        given = _object(output.get("value", {}), f"{here}, value").get("minimum")
        minimum = float(given) if isinstance(given, int | float) else minimum
    at = found[0][2]
    return Tasks(
        targets=tuple(dict.fromkeys(map(str, values["target"]))),
        horizons=tuple(sorted({_whole(value, at) for value in values["horizon"]})),
        locations=tuple(dict.fromkeys(map(str, values["location"]))),
        levels=tuple(sorted(set(levels))),
        reference_dates=tuple(sorted({_day(value, at) for value in values["reference_date"]})),
        minimum=minimum,
    )


def _values(part: Any, where: str) -> list[Any]:
    """Required and optional values together; ``null`` means none."""
    parts = _object(part, where)
    return [
        value
        for key in ("required", "optional")
        for value in _list(parts.get(key) or [], f"{where}, {key}")
    ]


def _key(part: Any, name: str, where: str) -> Any:
    whole = _object(part, where)
    if name not in whole:
        raise InputError(
            f"The key {name!r} is missing.", where=where, allowed="the hubverse's tasks.json"
        )
    return whole[name]


def _object(part: Any, where: str) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise InputError("Not an object.", where=where, allowed='{"name": value, ...}')
    return part


def _list(part: Any, where: str) -> list[Any]:
    if not isinstance(part, list):
        raise InputError("Not a list.", where=where, allowed="[value, ...]")
    return part


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError("A horizon is not a whole number.", where=where, allowed="-1, 0, 1, ...")
    return value


def _level(value: Any, where: str) -> float:
    number = float(value) if isinstance(value, int | float) else math.nan
    if not 0 < number < 1:
        raise InputError("A quantile level is not between 0 and 1.", where=where, allowed="0.025")
    return number


def _day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InputError("A date is not a date.", where=where, allowed="2024-01-06") from None
