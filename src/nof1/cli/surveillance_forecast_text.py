"""What ``forecast`` and ``backtest`` say to people, in 80 columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from nof1.cli.options import WIDTH, table
from nof1.core.finding import NOTICE
from nof1.surveillance.series import WEEK, Panel

if TYPE_CHECKING:
    from nof1.surveillance.forecast.backtest import Season
    from nof1.surveillance.forecast.learned import Learned
    from nof1.surveillance.forecast.run import Made

SHOWN = 12  # places in the terminal; all are in the file and the JSON
MIDDLE = "0.5"
FIFTY = ("0.25", "0.75")
NINETY_FIVE = ("0.025", "0.975")
SAID = "How to read it: of 20 such ranges, about 1 is missed. A forecast is no plan."


def late(panel: Panel, reference: date) -> list[str]:
    """A word about data that are older than a hub's: a week before the reference date."""
    newest = panel.dates[-1].item()
    weeks = (reference - newest).days // WEEK
    if weeks <= 1:
        return []
    return [f"The newest week, {newest}, lies {weeks} weeks before the reference date."]


def notes(made: Made, learned: Learned) -> list[str]:
    """What a reader must know beside the numbers."""
    from nof1.surveillance.forecast.coherent import adds_up, total_of

    found = []
    if learned.trees is None:
        found.append(
            f"Only {learned.examples} past weeks of seasons were there to learn from: the learned "
            "members are silent, and the ranges come from each place's own past."
        )
    for place, weeks in made.carried.items():
        found.append(
            f"{place}: the newest {_weeks(weeks)} not reported; it was carried on as the "
            "others went, and its range is wider."
        )
    if made.flat:
        found.append(
            f"No member could answer for {', '.join(made.flat[:8])}: "
            "the flat baseline stands there."
        )
    panel = made.scaled.panel
    total = total_of(panel.places)
    if total is not None and not adds_up(panel.values, total):
        found.append(
            f"{panel.places[total]} is not the sum of the other places here, or some are not "
            "known: it was forecast by itself."
        )
    return found


def not_checked(made: Made, learned: Learned) -> list[dict[str, str]]:
    """Places without any forecast, and members that could not be taught."""
    found = [
        {
            "what": f"forecast of {place}",
            "reason": "fewer than five known weeks in a row",
            "resolve": "Import more of its past.",
        }
        for place in made.silent
    ]
    if learned.trees is None:
        found.append(
            {
                "what": "trees and deep member",
                "reason": f"{learned.examples} examples before the season",
                "resolve": "Give a longer past of the signal, or related signals with --history.",
            }
        )
    return found


def forecast(data: dict[str, Any], out: Path | None) -> str:
    """The largest places at every horizon, the members, the past, the notes."""
    lines = [
        f"Forecast of {data['signal']}, reference date {data['reference_date']}, "
        f"known up to {data['as_of']}",
        "SYNTHETIC data: no person and no place in it exists." if data["synthetic"] else "",
        "",
        table(_rows(data), ("place", "week ends", "middle", "50 % range", "95 % range"), right="2"),
        "",
        _more(data),
        _past(data["past"]),
        _members(data["members"]),
        *(_wrapped(f"! {note}") for note in data["notes"]),
        *(
            _wrapped(f"? Not checked: {one['what']}: {one['reason']}. {one['resolve']}")
            for one in data["not_checked"]
        ),
        SAID,
        f"Written: {out}" if out else "Next: --out FILE.csv writes all 23 quantiles as hub rows.",
        NOTICE,
    ]
    return "\n".join(line for i, line in enumerate(lines) if line or i in (2, 4))


def judged(
    season: Season, rows: dict[str, dict[str, Any]], odd: list[str] | None = None
) -> dict[str, Any]:
    """The backtest's scores: ours, the flat baseline's, and what each member is worth."""
    from nof1.surveillance.forecast import backtest as test
    from nof1.surveillance.forecast.run import MODEL

    ours, flat = rows[MODEL], rows[test.BASELINE]
    mixes = [one.mix for one in season.made]
    return {
        "pool": ours,
        "baseline": flat,
        "members": test.worth(rows, mixes),
        "widths": [round(mix.width, 3) for mix in mixes],
        "notes": [
            "Made after the fact: the authors could know the season, live forecasters could not.",
            *(odd or []),
        ],
    }


def backtest(data: dict[str, Any]) -> str:
    """Scores of the season, by horizon and by member."""
    pool, flat = data["pool"], data["baseline"]
    horizons = zip(pool["by_horizon"], flat["by_horizon"], strict=True)
    lines = [
        f"{len(data['weeks'])} weeks, {data['weeks'][0]} to {data['weeks'][-1]}; "
        f"{pool['n']} forecasts judged,\n{pool['not_judged']} not (what came is not known). "
        f"Taught with {data['taught']['examples']} windows\n"
        f"up to {data['taught']['until']}, nothing of the season.",
        "",
        f"Mean WIS {pool['wis']:.2f}, flat baseline {flat['wis']:.2f}: "
        f"ratio {_interval(pool)}",
        f"On the log scale {_ratio(pool['log_ratio'])}. "
        f"In the 50 % range {pool['coverage50']:.1%}, "
        f"in the 95 % range {pool['coverage95']:.1%}.",
        "",
        table(
            [
                (a["horizon"], a["n"], f"{a['wis']:.2f}", _ratio(_over(a["wis"], b["wis"])),
                 f"{a['coverage50']:.3f}", f"{a['coverage95']:.3f}")
                for a, b in horizons
            ],
            ("horizon", "n", "WIS", "ratio", "in 50 %", "in 95 %"),
            right="012345",
        ),
        "",
        table(
            [_worth(one) for one in data["members"]],
            ("member", "mean weight", "WIS without it", "it lowers WIS by"),
            right="123",
        ),
        "",
        *(_wrapped(f"! {note}") for note in data["notes"]),
        f"Written: {len(data['written'])} hub files." if data["written"] else "",
        NOTICE,
    ]  # fmt: skip
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _worth(one: dict[str, Any]) -> tuple[str, str, str, str]:
    rest = _over(one["wis_with"], one["wis_without"])
    gain = "none" if rest is None else f"{1 - rest:+.1%}"
    return one["name"], f"{one['weight']:.0%}", f"{one['wis_without']:.2f}", gain


def _interval(pool: dict[str, Any]) -> str:
    if pool["ratio_low"] is None:
        return f"{_ratio(pool['ratio'])} (no interval: too few weeks)"
    return f"{pool['ratio']:.3f} ({pool['ratio_low']:.3f} to {pool['ratio_high']:.3f})"


def _over(one: float, other: float) -> float | None:
    return one / other if other > 0 else None


def _ratio(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _rows(data: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """The places with the most to come, the total first."""
    size: dict[str, float] = {}
    for row in data["rows"]:
        size[row["place"]] = max(size.get(row["place"], 0.0), row["quantiles"][MIDDLE])
    first = sorted(size, key=lambda place: -size[place])[:SHOWN]
    names = {one["id"]: one["name"] for one in data["places"]}
    found = []
    for place in first:
        for i, row in enumerate(r for r in data["rows"] if r["place"] == place):
            quantiles = row["quantiles"]
            found.append(
                (
                    "" if i else str(names.get(place) or place)[:22],
                    row["target_end_date"],
                    f"{quantiles[MIDDLE]:,.0f}",
                    _range(quantiles, FIFTY),
                    _range(quantiles, NINETY_FIVE),
                )
            )
    return found


def _range(quantiles: dict[str, float], ends: tuple[str, str]) -> str:
    return f"{quantiles[ends[0]]:,.0f} to {quantiles[ends[1]]:,.0f}"


def _more(data: dict[str, Any]) -> str:
    left = len({row["place"] for row in data["rows"]}) - SHOWN
    return f"{left} more places: --json, or --out FILE.csv" if left > 0 else ""


def _members(members: list[dict[str, Any]]) -> str:
    said = ", ".join(f"{one['name']} {one['weight']:.0%}" for one in members)
    return f"Members: {said or 'none could answer'}"


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _past(past: dict[str, Any] | None) -> str:
    if past is None:
        return "No earlier week of this season to judge it by."
    ratio = past["relative_wis"]
    words = "" if ratio is None else f"error {ratio:.0%} of a flat forecast's, "
    return (
        f"In {_count(past['weeks'])} of this season: {words.rstrip()}\n  "
        f"{past['coverage50']:.0%} in the 50 % range, {past['coverage95']:.0%} in the 95 % range."
    )


def _weeks(weeks: int) -> str:
    return "week was" if weeks == 1 else f"{weeks} weeks were"


def _count(weeks: int) -> str:
    return "1 earlier week" if weeks == 1 else f"{weeks} earlier weeks"
