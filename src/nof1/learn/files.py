"""Files of a stored model, by name, with clear errors when one is missing or damaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nof1.core.errors import ModelError

Files = dict[str, bytes]


def need_file(files: Mapping[str, bytes], name: str) -> bytes:
    """One file of a stored model, or a ModelError that names it."""
    if name not in files:
        raise ModelError(
            f"The stored model has no {name}.",
            allowed=sorted(files),
            next_step="Load the model with the learner that saved it.",
        )
    return files[name]


def read_json(files: Mapping[str, bytes], name: str) -> Any:
    """A JSON file of a stored model, or a ModelError."""
    try:
        return json.loads(need_file(files, name))
    except ValueError as error:
        raise ModelError(f"{name} of the stored model is not JSON.", where=name) from error
