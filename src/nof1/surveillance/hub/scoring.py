"""Forecast files against what came: a row of scores for each model, and their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from nof1.core.errors import InputError
from nof1.surveillance import scores
from nof1.surveillance.hub import truth
from nof1.surveillance.hub.rows import Forecast
from nof1.surveillance.scores import Floats
from nof1.surveillance.series import WEEK, Panel


@dataclass(frozen=True)
class Tasks:
    """The judged forecasts of one model, one a row.

    ``keys`` are (reference date, place, horizon, target), ``truth`` (tasks,) what came and
    ``quantiles`` (tasks, 23).
    """

    model: str
    keys: list[tuple[date, str, int, str]]
    truth: Floats
    quantiles: Floats
    not_judged: int

    @property
    def week(self) -> list[str]:
        """Reference date of each task."""
        return [key[0].isoformat() for key in self.keys]


def judge(forecasts: Sequence[Forecast], came: Panel) -> list[Tasks]:
    """The forecasts for which it is known what came, by model in order of name.

    Raises
    ------
    InputError : a model has two forecasts for the same place, week and horizon, or none of the
        forecasts can be judged.
    """
    by_model: dict[str, list[Forecast]] = {}
    for one in forecasts:
        by_model.setdefault(one.model, []).append(one)
    made = [_judged(model, by_model[model], came) for model in sorted(by_model)]
    if not any(one.keys for one in made):
        first, last = came.dates[0], came.dates[-1]
        raise InputError(
            "For none of the forecasts it is known what came.",
            where="--truth",
            allowed=f"target_end_date from {first} to {last}; the same places as in the forecasts",
            next_step="Take a newer target file, and look at its places (06, not 6).",
        )
    return [one for one in made if one.keys]


def _judged(model: str, forecasts: list[Forecast], came: Panel) -> Tasks:
    keys: list[tuple[date, str, int, str]] = []
    values, rows, missing = [], [], 0
    for one in forecasts:
        ends = [one.reference_date + timedelta(days=WEEK * week) for week in one.horizons]
        known = truth.pick(came, one.places, ends)
        given = ~np.isnan(one.quantiles).any(axis=2)
        missing += int((given & np.isnan(known)).sum())
        for i, k in np.argwhere(given & ~np.isnan(known)):
            keys.append((one.reference_date, one.places[i], one.horizons[k], one.target))
            values.append(known[i, k])
            rows.append(one.quantiles[i, k])
    if len(set(keys)) < len(keys):
        raise InputError(
            f"The model {model} has {len(keys) - len(set(keys))} forecasts twice.",
            where=model,
            allowed="one forecast for each place, week and horizon",
            next_step="Name each file once; do not name a folder and a file in it.",
        )
    quantiles = np.array(rows).reshape(len(rows), len(scores.LEVELS))
    return Tasks(model, keys, np.array(values), quantiles, missing)


def summary(tasks: Tasks) -> dict[str, Any]:
    """Mean scores of one model: wis with its parts, log_wis, error, coverage, and by horizon."""
    made = _means(tasks.truth, tasks.quantiles)
    horizon = np.array([key[2] for key in tasks.keys])
    by_horizon = [
        {
            "horizon": int(one),
            **_means(tasks.truth[horizon == one], tasks.quantiles[horizon == one]),
        }
        for one in np.unique(horizon)
    ]
    return {
        "model": tasks.model,
        **made,
        "not_judged": tasks.not_judged,
        "weeks": len(set(tasks.week)),
        "by_horizon": by_horizon,
    }


def compare(judged: Sequence[Tasks], baseline: str) -> list[dict[str, Any]]:
    """Each model against the baseline, in the order given.

    ``relative_skill`` is pairwise and scaled (see ``scores.relative_skill``); ``ratio`` is the
    plain ratio of mean WIS on shared tasks with its week-block bootstrap interval; ``log_ratio``
    the same ratio of log-WIS.

    Raises
    ------
    UsageError : no such baseline.
    """
    names = [one.model for one in judged]
    every = sorted({key for one in judged for key in one.keys})
    at = {key: i for i, key in enumerate(every)}
    table, logs = (np.full((len(judged), len(every)), np.nan) for _ in range(2))
    for i, one in enumerate(judged):
        columns = [at[key] for key in one.keys]
        table[i, columns] = scores.wis(one.truth, one.quantiles).total
        logs[i, columns] = scores.log_wis(one.truth, one.quantiles)
    skill = scores.relative_skill(table, names, baseline)
    base = names.index(baseline)
    week = [key[0].isoformat() for key in every]
    made = []
    for i, name in enumerate(names):
        both = ~np.isnan(table[i]) & ~np.isnan(table[base])
        ratio = scores.bootstrap_ratio(table[i], table[base], week) if both.any() else None
        made.append(
            {
                "model": name,
                "relative_skill": _finite(skill[name]),
                "ratio": None if ratio is None else _finite(ratio.value),
                "ratio_low": None if ratio is None else _finite(ratio.low),
                "ratio_high": None if ratio is None else _finite(ratio.high),
                "log_ratio": _finite(scores.mean(logs[i][both]) / scores.mean(logs[base][both]))
                if both.any() and scores.mean(logs[base][both]) > 0
                else None,
                "shared": int(both.sum()),
            }
        )
    return made


def _means(came: Floats, quantiles: Floats) -> dict[str, Any]:
    made = scores.wis(came, quantiles)
    return {
        "n": len(came),
        "wis": scores.mean(made.total),
        "dispersion": scores.mean(made.dispersion),
        "underprediction": scores.mean(made.underprediction),
        "overprediction": scores.mean(made.overprediction),
        "log_wis": scores.mean(scores.log_wis(came, quantiles)),
        "absolute_error": scores.mean(scores.absolute_error(came, quantiles)),
        "coverage50": scores.coverage(came, quantiles, 0.5),
        "coverage95": scores.coverage(came, quantiles, 0.95),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
