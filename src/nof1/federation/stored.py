"""Jobs about a model that all sites have: the small task file, and which version is meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec

from nof1.core import artefacts, yaml_lines
from nof1.core.artefacts import Artefact
from nof1.core.errors import InputError, ModelError
from nof1.core.yaml_lines import Node
from nof1.federation.algorithms import Asked

KEYS = ("name", "model", "content_hash", "since")


@dataclass(frozen=True)
class ModelTask:
    """What such a task file says.

    Attributes
    ----------
    model : name of the model in every site's workspace.
    content_hash : of the version that is meant; "": the newest that all sites have.
    since : only index events from this day on; None: all.
    """

    name: str
    model: str
    content_hash: str = ""
    since: date | None = None

    @classmethod
    def parse(cls, text: str) -> ModelTask:
        """Read the text of a task file.

        Raises
        ------
        InputError : naming line and column of what is wrong.
        """
        parts = yaml_lines.parse(text, "task").mapping(KEYS, ("name", "model"))
        return cls(
            parts["name"].text(),
            parts["model"].text(),
            parts["content_hash"].text() if "content_hash" in parts else "",
            _day(parts["since"]) if "since" in parts else None,
        )


def read(text: str) -> None:
    """Refuse a text that is no such task file.

    Raises
    ------
    InputError : naming line and column.
    """
    ModelTask.parse(text)


def shared_version(asked: Asked, task: ModelTask) -> Artefact:
    """The version of the model that all sites have; content hashes are exchanged in the clear.

    Raises
    ------
    ModelError : there is none. InputError : a site's list cannot be read.
    """
    root = asked.workspace.models
    found = artefacts.versions(root, task.model) if task.model in artefacts.names(root) else []
    own = {artefacts.load(root, task.model, one).content_hash: one for one in found}
    got = asked.link.exchange(msgspec.json.encode(list(own)))
    try:
        lists = [msgspec.json.decode(got[name], type=list[str]) for name in asked.link.roster.names]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("A site's list of versions cannot be read.", where="federation") from None
    common = set(lists[0]).intersection(*lists[1:])
    if task.content_hash:
        common &= {task.content_hash}
    if not common:
        raise ModelError(
            "No version of the model is at all sites.",
            where=f"model {task.model}",
            next_step="Train it together: nof1 federation train",
        )
    newest = next(one for one in reversed(lists[0]) if one in common)
    return artefacts.load(root, task.model, own[newest])


def _day(node: Node) -> date:
    try:
        return date.fromisoformat(node.text())
    except ValueError:
        node.refuse("This is no date.", allowed="2024-12-31")
