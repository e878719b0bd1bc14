"""The algorithm ``imaging-head``: a head on a frozen network, learned from films of all sites.

Every site ends with the same folder, that of an imaging model as ``nof1 imaging train`` writes it,
with its calibration, card and gates from sums.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nof1.core import audit
from nof1.federation.algorithms import Algorithm, Asked, Result
from nof1.federation.averaging import card as cards
from nof1.federation.averaging.doors import Words, door, words
from nof1.federation.averaging.films import Films, prepare, read
from nof1.federation.averaging.frames import against_frame
from nof1.federation.averaging.heads import Heads, check_answers, learn
from nof1.federation.averaging.joint import Joint, offers, same
from nof1.federation.averaging.layer import with_head
from nof1.federation.averaging.verdicts import calibration, figures, judged
from nof1.federation.judging import Groups
from nof1.imaging.answering.shelf import MODELS
from nof1.imaging.explaining.placing import grid_of
from nof1.imaging.nets.ensemble import Ensemble
from nof1.imaging.nets.folder import ModelFolder, extend_folder, write_folder
from nof1.imaging.training.calibrating import Calibration
from nof1.imaging.training.loading import banded

NAME = "imaging-head"
OUTPUTS = ("model", "vocabulary")
ENOUGH = 10  # pictures of a site that carry a word before it is told


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site says in the clear: names, no count and no figure of its own."""

    backbone: str
    created: str
    synthetic: bool
    patients_known: bool
    words: Words
    groups: dict[str, tuple[str, ...]]


def run(asked: Asked) -> Result:
    """Take part in a job; called at every site at the same time.

    Raises
    ------
    Refused : too few patients here. InputError : files, or sites that differ.
    ModelError : what is missing at all sites together, or sums that cannot be.
    """
    films = prepare(asked.text, asked.workspace, asked.cohort, asked.policy)
    said = offers(asked.link, _offer(films, asked.workspace.synthetic))
    same(
        [one.backbone for one in said],
        "the frozen network",
        "Give every site the same folder of the model that `backbone` names.",
    )
    joint = Joint.open(asked.link, asked.text, said)
    kinds = films.asked.task.kinds is not None
    check_answers(films.values, (films.test,), joint)
    heads = learn(films.features, films.values, films.train, films.inner, kinds, joint)
    inner = heads.logits(films.features[:, films.inner])
    made = calibration(inner, films.values[films.inner], kinds, joint)
    with tempfile.TemporaryDirectory(dir=_images(asked), prefix=".federated-") as folder:
        place = Path(folder) / "model"
        about = _about(films, heads, made, said, joint)
        write_folder(place, about, _arrays(heads), _networks(films, heads))
        finished = _judged(films, heads, made, said, joint, place)
        kept = _kept(asked, films.asked.task.name)
        place.rename(kept)
    audit.append(
        asked.workspace.audit, "federated training", job=asked.link.job,
        sites=list(asked.link.roster.names), model=kept.name, rounds=joint.total.rounds,
    )  # fmt: skip
    return Result(kept.name, "1", finished.sha256, cards.told(finished.about, joint))


def _offer(films: Films, synthetic: bool) -> Offer:
    groups = {name: _told(values[films.test]) for name, values in films.data.groups.items()}
    return Offer(
        backbone=films.backbone.folder.sha256,
        created=f"{datetime.now(UTC):%Y-%m-%d}",
        synthetic=synthetic or films.data.synthetic,
        patients_known=films.data.patients is not None,
        words=words(films),
        groups=groups,
    )


def _told(values: NDArray[Any]) -> tuple[str, ...]:
    names, counts = np.unique(values.astype(str), return_counts=True)
    kept = [str(one) for one, count in zip(names, counts, strict=True) if one and count >= ENOUGH]
    return tuple(kept)


def _groups(films: Films, said: Sequence[Offer]) -> tuple[Groups, ...]:
    """Groups of the card: the bands of a task, or what sites have told."""
    found = []
    for one in films.asked.task.subgroups:
        told = sorted({word for offer in said for word in offer.groups.get(one.name, ())})
        if one.limits:
            middles = [one.limits[0] - 1, *one.limits]
            told = list(banded(np.array([str(middle) for middle in middles]), one))
        if told:
            found.append(Groups(one.name, tuple(told)))
    return tuple(found)


def _about(
    films: Films, heads: Heads, made: Calibration, said: Sequence[Offer], joint: Joint
) -> dict[str, Any]:
    """``model.json`` as a training writes it; the parts of the frozen network are its own."""
    old, task = films.backbone.folder.about, films.asked.task
    given, apart = joint.sums(
        np.array([float(len(films.taught))]), np.array([len(films.inner) * 1.0])
    )
    kept = {key: old[key] for key in ("prepare", "plan", "precision", "torch", "numbers", "half")
            if key in old}  # fmt: skip
    found: dict[str, Any] = cards.rounded(
        kept
        | {
            "name": task.name,
            "created": max(one.created for one in said),
            "question": made.question,
            "classes": list(task.classes),
            "size": films.backbone.size,
            "members": [
                {"seed": number, "passes": len(heads.losses), "best_pass": None,
                 "inner_loss": heads.losses[heads.decay]}
                for number in range(len(heads.weights))
            ],
            "pictures": {"given": round(float(given[0])), "inner": round(float(apart[0]))},
            "calibration": made.to_dict(),
            "notes": cards.notes([one.patients_known for one in said]),
            "synthetic": any(one.synthetic for one in said),
            "federation": {
                "sites": len(said),
                "algorithm": NAME,
                "backbone": films.backbone.folder.sha256,
                "decay": heads.decay,
                "inner_losses": {f"{decay:g}": loss for decay, loss in heads.losses.items()},
            },
        }
    )  # fmt: skip
    return found


def _arrays(heads: Heads) -> dict[str, NDArray[np.float32]]:
    return {"head": heads.weights, "constant": heads.constant}


def _networks(films: Films, heads: Heads) -> list[bytes]:
    return [
        with_head(content, weights, constant, films.backbone.size)
        for content, weights, constant in zip(
            films.backbone.folder.networks, heads.weights, heads.constant, strict=True
        )
    ]


def _judged(
    films: Films,
    heads: Heads,
    made: Calibration,
    said: Sequence[Offer],
    joint: Joint,
    place: Path,
) -> ModelFolder:
    """Figures, gates, trial and card; the finished folder."""
    task = films.asked.task
    groups = {name: values[films.test] for name, values in films.data.groups.items()}
    logits = heads.logits(films.features[:, films.test])
    own = judged(logits, films.values[films.test], made, task.classes, groups)
    found = figures(own, made, task.classes, _groups(films, said), joint)
    gates, notes = door(films, [one.words for one in said], joint, place)
    gates.save(place)
    shortcuts = against_frame(films, own.risk, joint)
    leaking = cards.leaking(films, joint)
    reasons = cards.reasons(found, shortcuts, leaking, notes)
    card = cards.card(films, found, shortcuts, leaking, notes, len(said), joint)
    told: Mapping[str, Any] = {
        "card": card,
        "may_speak": {"passed": not reasons, "reasons": list(reasons)},
        "grid": asdict(grid_of(Ensemble.open(place))),
    }
    return extend_folder(place, cards.rounded(dict(told)))


def _images(asked: Asked) -> Path:
    place = asked.workspace.images
    place.mkdir(parents=True, exist_ok=True)
    return place


def _kept(asked: Asked, name: str) -> Path:
    """A folder of this name that does not exist yet: ``name``, ``name-2``, ``name-3`` ..."""
    models = asked.workspace.images / MODELS
    models.mkdir(parents=True, exist_ok=True)
    number, place = 1, models / name
    while place.exists():
        number += 1
        place = models / f"{name}-{number}"
    return place


def _read(text: str) -> None:
    read(text)


HEAD = Algorithm(NAME, OUTPUTS, _read, run, words=cards.words)
