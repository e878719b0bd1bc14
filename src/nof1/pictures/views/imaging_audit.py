"""The page about a data set of pictures: what each gate asked, found, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nof1.pictures.interval_charts import interval_bar
from nof1.pictures.picture import Picture

JUDGED = {
    "passed": ("good", "passed"),
    "failed": ("critical", "failed"),
    "not checkable": ("warning", "not checkable"),
}
ASKS = {
    "leakage": "Is a test picture, or its patient, in training?",
    "frame only": "How much does a model see that cannot see the middle of the picture?",
    "exposure only": "How much do three grey levels of the frame tell?",
    "metadata only": "How much does the header tell, without any picture?",
    "within view": "What is left of the skill within one view?",
    "site": "Does the site tell the label, and the picture the site?",
    "quality": "Can anything be seen in the pictures?",
    "population": "Whom would a model of these pictures know?",
    "door": "How many of these pictures do a model's gates refuse?",
}
NAMES = {
    "full": "the whole picture",
    "frame_only": "the outer frame alone",
    "exposure_only": "the grey of the frame alone",
    "metadata_only": "the header alone",
    "site_only": "the site alone",
    "site_from_frame": "telling the site from the frame",
    "site_from_exposure": "telling the site from the exposure",
    "set_aside": "pictures set aside",
    "far_outside": "pictures far outside the rest, by measure",
    "sizes": "different sizes",
}
CHANCE = 0.5
DIFFERENCES = (-0.5, 0.5)


def context(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs, from ``nof1/imaging-audit/1``; ``synthetic`` may be added to it."""
    severity, word = JUDGED[data["judgement"]]
    return {
        "title": f"Audit of pictures: {data['name']}",
        "severity": severity,
        "word": word,
        "failed": data["failed"],
        "not_checkable": data["not_checkable"],
        "synthetic": bool(data.get("synthetic")),
        "data_date": data.get("as_of", "today"),
        "json_name": data.get("json_name"),
        "counts": [(_words(name), _told(value)) for name, value in data["counts"].items() if value],
        "aside": list(data["set_aside"].items()),
        "gates": [_gate(one) for one in data["gates"]],
    }


def _gate(one: Mapping[str, Any]) -> dict[str, Any]:
    severity, word = JUDGED[one["judgement"]]
    figures = one["figures"]
    return {
        "name": str(one["gate"]).capitalize(),
        "asks": ASKS.get(one["gate"], ""),
        "severity": severity,
        "word": word,
        "because": _sentence(one["because"]),
        "model": figures.get("model"),
        "bars": list(_bars(figures)),
        "counts": list(_counts(figures)),
    }


def _sentence(words: str) -> str:
    """The words as a sentence; nothing stays nothing."""
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _bars(figures: Mapping[str, Any], of: str = "") -> Iterator[dict[str, Any]]:
    """Each AUROC and each difference with its interval, those of a part of the pictures last."""
    later = []
    for name, value in figures.items():
        if not isinstance(value, Mapping):
            continue
        if "value" in value:
            yield _bar(_words(name), value, of, difference="_minus_" in name)
        elif name == "within":
            yield from (_bar(f"within {part}", row, of) for part, row in value.items())
        elif name == "matched":
            later.append(value)
    for value in later:
        yield from _bars(value, f"matched subset, {value['pictures']:,} pictures")


def _bar(name: str, figure: Mapping[str, Any], of: str, difference: bool = False) -> dict[str, Any]:
    told = {"name": name, "of": of, "bar": None, "difference": difference}
    if figure["value"] is None or figure["low"] is None:
        note = figure.get("note") or "no interval"
        return {**told, "said": note if figure["value"] is None else f"{figure['value']:.3f}"}
    numbers = (figure["value"], figure["low"], figure["high"])
    texts = tuple(f"{one:.3f}".replace("-", "\u2212") for one in numbers)
    return {
        **told,
        "said": f"{texts[0]} ({texts[1]} to {texts[2]})",
        "bar": _drawn(name, numbers, (texts[0], texts[1], texts[2]), figure["level"], difference),
    }


def _drawn(
    name: str,
    numbers: tuple[float, float, float],
    texts: tuple[str, str, str],
    level: float,
    difference: bool,
) -> Picture:
    return interval_bar(
        f"{'Difference of AUROC' if difference else 'AUROC'}, {name}",
        numbers,
        texts,
        axis=DIFFERENCES if difference else (0.0, 1.0),
        reference=0.0 if difference else CHANCE,
        level=level,
    )


def _counts(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Plain numbers and words of a gate; lists of rows stay in the JSON."""
    for name, value in figures.items():
        if name in ("model", "full", "within", "mean_within", "matched") or value in (None, {}, []):
            continue
        if isinstance(value, Mapping) and "value" in value:
            continue
        if name.endswith("_rows"):
            yield _words(name.removesuffix("_rows")) + ", listed in the JSON", f"{len(value):,}"
        else:
            yield _words(name), _told(value)


def _words(name: str) -> str:
    if "_minus_" in name:
        first, _, second = name.partition("_minus_")
        return f"{_words(first)} minus {_words(second)}"
    return NAMES.get(name, name.replace("_", " "))


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(str(name))}: {_told(count)}" for name, count in value.items())
    if isinstance(value, list | tuple):
        numbers = all(isinstance(one, int | float) for one in value) and len(value) == 2
        return (" to " if numbers else ", ").join(_told(one) for one in value)
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
