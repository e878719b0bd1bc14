"""What was learned before a season: trees, networks, climatology; saved without pickle.

Everything up to the last day before the season is taught and nothing of the season itself, so
the forecasts of the season's earlier weeks are honest evidence of how good a member is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from nof1.core.errors import ModelError
from nof1.core.extras import require
from nof1.surveillance.forecast import climatology, season, seir, trees, windows
from nof1.surveillance.forecast.nets import ENSEMBLE, Nets
from nof1.surveillance.forecast.scaled import Scaled, scaled
from nof1.surveillance.forecast.trees import Trees
from nof1.surveillance.forecast.windows import Examples
from nof1.surveillance.scores import LEVELS
from nof1.surveillance.series import Floats, Panel

VERSION = 1
FEWEST = 400  # examples that a learner needs; fewer cannot hold 23 levels
CARD = "forecaster.json"


@dataclass(frozen=True)
class Learned:
    """The learned members.

    Attributes
    ----------
    trees, nets : None where there were too few examples.
    table : climatology, (53, 23).
    curves : the SEIR bank (always the same).
    steps : weeks ahead that the members know.
    until : the last day that was taught.
    examples : windows that were taught.
    digest : SHA-256 of what was taught and how.
    """

    trees: Trees | None
    nets: Nets | None
    table: Floats
    curves: seir.Bank
    steps: int
    until: date
    examples: int
    digest: str


def learn(panel: Panel, related: tuple[Panel, ...], before: date, steps: int) -> Learned:
    """Teach the members all that was known before the season of ``before``.

    Parameters
    ----------
    panel : weekly, as known now.
    related : other signals; their weeks from the season on are left out too.
    before : a day of the season that will be forecast.
    steps : weeks ahead to learn.
    """
    signals, until = taught(panel, related, before)
    lessons = windows.joined([windows.examples(one, steps) for one in signals])
    enough = len(lessons) >= FEWEST
    return Learned(
        trees=trees.learn(lessons) if enough else None,
        nets=_nets(lessons) if enough else None,
        table=climatology.learn(signals),
        curves=seir.bank(),
        steps=steps,
        until=until,
        examples=len(lessons),
        digest=digest(signals, steps),
    )


def taught(panel: Panel, related: tuple[Panel, ...], before: date) -> tuple[list[Scaled], date]:
    """The signals cut before the season of ``before``, and the last day that is taught."""
    until = season.start(before) - timedelta(days=1)
    return [scaled(one.until(until)) for one in (*related, panel)], until


def digest(signals: list[Scaled], steps: int) -> str:
    """What was taught and how, as SHA-256: the same digest, the same members."""
    code = hashlib.sha256(json.dumps([VERSION, steps, trees.SETTINGS, ENSEMBLE]).encode())
    for one in signals:
        code.update(one.panel.signal.encode())
        code.update(one.panel.dates.astype("datetime64[D]").astype(np.int64).tobytes())
        code.update(np.ascontiguousarray(one.roots).tobytes())
        code.update(np.ascontiguousarray(one.log_population).tobytes())
    return code.hexdigest()


def _nets(lessons: Examples) -> Nets:
    require("torch", "surveillance")
    from nof1.surveillance.forecast import training_nets  # torch is needed to learn only

    return training_nets.learn(lessons)


def save(learned: Learned, folder: Path) -> Path:
    """Write the members: networks as ONNX, trees as LightGBM's text, the rest as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, bytes] = {}
    for i, file in enumerate(learned.nets.files if learned.nets else ()):
        files[f"net-{i}.onnx"] = file
    for i, text in enumerate(learned.trees.texts() if learned.trees else ()):
        files[f"trees-{i}.txt"] = text.encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    card = {
        "schema": f"nof1/forecaster/{VERSION}",
        "digest": learned.digest,
        "steps": learned.steps,
        "until": learned.until.isoformat(),
        "examples": learned.examples,
        "climatology": [[None if np.isnan(v) else v for v in row] for row in learned.table],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    card["seal"] = _seal(card)
    (folder / CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")
    return folder


def _seal(card: dict[str, Any]) -> str:
    """SHA-256 of everything else in the card."""
    rest = {name: value for name, value in card.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def load(folder: Path) -> Learned:
    """Read saved members.

    Raises
    ------
    ModelError : a file is missing, was changed, or is of another version.
    """
    card, files = _card(folder)
    nets = tuple(files[name] for name in sorted(files) if name.endswith(".onnx"))
    texts = tuple(files[name].decode() for name in sorted(files) if name.endswith(".txt"))
    steps = int(card["steps"])
    table = [[np.nan if v is None else v for v in row] for row in card["climatology"]]
    return Learned(
        trees=trees.read(texts, steps) if texts else None,
        nets=Nets(nets, steps) if nets else None,
        table=np.array(table, dtype=float).reshape(climatology.YEAR, len(LEVELS)),
        curves=seir.bank(),
        steps=steps,
        until=date.fromisoformat(card["until"]),
        examples=int(card["examples"]),
        digest=str(card["digest"]),
    )


def _card(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        files = {name: (folder / Path(name).name).read_bytes() for name in card["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(folder, "cannot be read") from None
    if card.get("schema") != f"nof1/forecaster/{VERSION}":
        raise _damaged(folder, "is of another version")
    if card.get("seal") != _seal(card):
        raise _damaged(folder, f"was changed after training ({CARD})")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != card["files"][name]:
            raise _damaged(folder, f"was changed after training ({name})")
    return card, files


def _damaged(folder: Path, what: str) -> ModelError:
    return ModelError(
        f"The saved forecaster {what}.", where=folder.name, next_step="Remove it; it is made again."
    )
