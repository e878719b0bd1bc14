"""The figures of the federation race as Markdown: what ``docs/federation-figures.md`` holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import federation_words as words
from bench.federation_intervals import Interval, paired

Cell = Mapping[str, Any]
ORDER, BRIER = 0, 1
WORSE = 0.005
DUE = 10
"""Seeds below which the page says that it is not done."""

CURVES = ("glass box", "hazards")
PEER = "EBM"
WAYS = {
    "joint": "as it is",
    "intercept": "own intercept",
    "recalibrated": "own intercept and slope",
    "chosen": "own choice",
    "mixed": "own mix",
    "blended": "own blend",
}


def page(files: Sequence[Mapping[str, Any]]) -> str:
    """The whole page, from result files of the race and of the engine."""
    cells = [cell for one in files for cell in one.get("cells", [])]
    rows = [row for one in files for row in one.get("rows", [])]
    seeds = len({cell["seed"] for cell in cells})
    first = words.TITLE if seeds >= DUE else words.TITLE + words.early(seeds, DUE)
    parts = [first, part("equality", cells), part("small-sites", cells)]
    if rows:
        parts.append(engine(rows))
    return "\n".join(parts)


def part(name: str, cells: Sequence[Cell]) -> str:
    """One section of the race: ``equality`` or ``small-sites``."""
    if name == "equality":
        return "\n".join([words.EQUALITY, _equality(cells), words.WON, _won(cells)])
    return "\n".join([words.SMALL, _sites(cells), words.WAYS, _ways(cells)])


def _groups(cells: Sequence[Cell], keep: Callable[[Cell], bool]) -> list[list[Cell]]:
    """Cells of one data set and learner, by seed; in a fixed order."""
    found: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        if keep(cell):
            found.setdefault(words.place(cell["data"], cell["learner"]), []).append(cell)
    return [sorted(found[key], key=lambda cell: cell["seed"]) for key in sorted(found)]


def _name(group: Sequence[Cell]) -> list[str]:
    return [words.DATA[group[0]["data"]], words.LEARNERS[group[0]["learner"]]]


def _tiny(value: float) -> str:
    return f"{value:.0e}" if value else "0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _ratio(group: Sequence[Cell]) -> float:
    """Judged over learned from, where the seeds split one table; 0 where each has its own."""
    if group[0]["independent"]:
        return 0.0
    sizes = list(group[0]["sites"].values())
    return sum(size[2] for size in sizes) / sum(size[0] for size in sizes)


def _gap(group: Sequence[Cell], value: Callable[[Cell], float | None]) -> Interval | None:
    """The paired interval over the seeds that have the figure."""
    found = [one for one in map(value, group) if one is not None and not math.isnan(one)]
    return paired(found, _ratio(group)) if found else None


def _told(gap: Interval | None) -> str:
    if gap is None:
        return "-"
    if math.isnan(gap.low):
        return _signed(gap.mean)
    return f"{_signed(gap.mean)} ({_signed(gap.low)} to {_signed(gap.high)})"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-0.0000", "+0.0000")


def _score(cell: Cell, model: str, which: int) -> float | None:
    found = cell["scores"].get(model)
    return None if found is None else float(found["all"][which])


def _difference(first: str, second: str, which: int) -> Callable[[Cell], float | None]:
    def value(cell: Cell) -> float | None:
        ours, theirs = _score(cell, first, which), _score(cell, second, which)
        return None if ours is None or theirs is None else ours - theirs

    return value


def _mean(group: Sequence[Cell], model: str, which: int) -> str:
    found = [one for one in (_score(cell, model, which) for cell in group) if one is not None]
    return f"{sum(found) / len(found):.4f}" if found else "-"


def _equality(cells: Sequence[Cell]) -> str:
    rows = []
    for group in _groups(cells, lambda cell: cell["learner"] != PEER):
        done = [cell for cell in group if not cell["failed"]]
        figures = _equal(done) if done else ["failed", *["-"] * 7]
        rows.append([*_name(group), f"{len(done)} of {len(group)}", *figures])
    head = ["data", "learner", "seeds", "curves", "planes", "risks", "terms not in both"]
    head += ["AUROC or C", "Brier", "sums", "MB a site"]
    return _table(head, rows)


def _equal(done: Sequence[Cell]) -> list[str]:
    def most(name: str) -> float:
        return max(float(cell["equal"][name]) for cell in done)

    def gap(which: int) -> float:
        value = _difference("federated", "pooled", which)
        return max(abs(value(cell) or 0.0) for cell in done)

    linear = not most("terms")
    terms = sum(cell["equal"]["terms"] for cell in done)
    return [
        _tiny(most("curves")),
        "-" if linear else _tiny(most("planes")),
        _tiny(most("risk")),
        "-" if linear else f"{sum(cell['equal']['terms_apart'] for cell in done)} of {terms:,}",
        _tiny(gap(ORDER)),
        _tiny(gap(BRIER)),
        f"{_average(done, 'rounds'):,.0f}",
        f"{_average(done, 'megabytes'):,.1f}",
    ]


def _average(cells: Sequence[Cell], name: str) -> float:
    return sum(float(cell[name]) for cell in cells) / len(cells)


def _won(cells: Sequence[Cell]) -> str:
    rows = []
    for group in _groups(cells, lambda cell: True):
        learner = group[0]["learner"]
        best = "pooled" if learner == PEER else "federated"
        for which, unit in ((ORDER, words.measure(learner)), (BRIER, "Brier")):
            gaps = [_told(_gap(group, _difference(one, best, which))) for one in words.OTHERS]
            rows.append([*_name(group), unit, _mean(group, best, which), *gaps])
    return _table(["data", "learner", "measure", "federated", *words.OTHERS], rows)


def _own(cell: Cell, site: str, way: str, which: int) -> float | None:
    """What a way gains over the site's own model on its own patients; above 0 is better."""
    found = cell.get("small", {}).get(site)
    if found is None or way not in found:
        return None
    gain = found[way][which] - found["alone"][which]
    return float(gain if which == ORDER else -gain)


def _gain(group: Sequence[Cell], site: str, way: str, which: int) -> Interval | None:
    return _gap(group, lambda cell: _own(cell, site, way, which))


def _sites(cells: Sequence[Cell]) -> str:
    rows = []
    for group in _groups(cells, lambda cell: cell["learner"] in CURVES):
        for site in group[0]["sites"]:
            rows.append(_site(group, site))
    head = ["data", "learner", "site", "patients (with outcome)", "AUROC or C alone"]
    head += ["gain of the joint model", "gain of the own mix"]
    head += ["Brier gain of the joint model", "recalibrated", "of the own mix"]
    return _table(head, rows)


def _site(group: Sequence[Cell], site: str) -> list[str]:
    sizes = [cell["sites"][site] for cell in group]
    patients, events = (sum(size[k] for size in sizes) / len(sizes) for k in (0, 1))
    alone = [cell["small"][site]["alone"][ORDER] for cell in group if site in cell.get("small", {})]
    return [
        *_name(group),
        site,
        f"{patients:,.0f} ({events:,.0f})",
        f"{sum(alone) / len(alone):.3f}" if alone else "-",
        _told(_gain(group, site, "joint", ORDER)),
        _told(_gain(group, site, "mixed", ORDER)),
        _told(_gain(group, site, "joint", BRIER)),
        _told(_gain(group, site, "recalibrated", BRIER)),
        _told(_gain(group, site, "mixed", BRIER)),
    ]


def _ways(cells: Sequence[Cell]) -> str:
    rows = []
    for group in _groups(cells, lambda cell: "small" in cell):
        for way, told in WAYS.items():
            if not any(way in found for cell in group for found in cell["small"].values()):
                continue  # not asked of this data
            row = [*_name(group), told]
            for which in (ORDER, BRIER):
                row += _worst(group, way, which)
            rows.append(row)
    head = ["data", "learner", "the joint model", "AUROC or C: worst site", "mean of sites"]
    head += ["worse by > .005 (surely)", "Brier: worst site", "mean of sites", "worse (surely)"]
    return _table(head, rows)


def _worst(group: Sequence[Cell], way: str, which: int) -> list[str]:
    found = {site: _gain(group, site, way, which) for site in group[0]["sites"]}
    known = {site: gain for site, gain in found.items() if gain is not None}
    if not known:
        return ["-", "-", "-"]
    site = min(known, key=lambda one: known[one].mean)
    mean = sum(gain.mean for gain in known.values()) / len(known)
    worse = sum(gain.mean < -WORSE for gain in known.values())
    surely = sum(gain.high < -WORSE for gain in known.values())
    return [
        f"{known[site].mean:+.3f} {site}",
        f"{mean:+.3f}",
        f"{worse} ({surely}) of {len(known)}",
    ]


def engine(rows: Sequence[Mapping[str, Any]]) -> str:
    """The engine's table."""
    lines = [_engine_row(row) for row in rows]
    head = ["sites", "entries", "sums", "line", "start", "in the sums", "submit to finished"]
    head += ["CPU of a site", "of the coordinator", "of all", "peak of a site", "coordinator"]
    return "\n".join([words.ENGINE, _table([*head, "largest error"], lines)])


def _engine_row(row: Mapping[str, Any]) -> list[str]:
    def shown(name: str, unit: str, digits: int = 1) -> str:
        return f"{row[name]:.{digits}f} {unit}" if name in row else "-"

    return [
        str(row["sites"]),
        f"{row['entries']:,}",
        f"{row['rounds']:,}",
        "mutual TLS" if row["engine"] == "TLS" else "none: threads",
        shown("start_s", "s"),
        shown("in_sums_s", "s"),
        shown("submit_to_finished_s", "s"),
        shown("site_cpu_s", "s"),
        shown("coordinator_cpu_s", "s"),
        shown("all_cpu_s", "s"),
        shown("site_peak_mb", "MB", 0),
        shown("coordinator_peak_mb", "MB", 0),
        _tiny(row["worst_error"]),
    ]
