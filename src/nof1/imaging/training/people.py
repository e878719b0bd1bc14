"""Who is on the pictures: headers from files, and over them what the task says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from nof1.imaging.image import Header
from nof1.imaging.training.task import ImagingTask

OnFilm = Callable[[NDArray[Any]], None]
SEXES = {"M": "M", "F": "F", "MALE": "M", "FEMALE": "F"}


def headers(
    task: ImagingTask, columns: Mapping[Any, NDArray[Any]], of_files: Sequence[Header], count: int
) -> tuple[Header, ...]:
    """One header for each picture; a word that nobody says stays None.

    Parameters
    ----------
    columns : the task's columns, (n,) texts each.
    of_files : headers of the files, or none for an npz file.
    """
    found = list(of_files) or [Header()] * count
    fixed = {name: text for name, text in task.everywhere.items()}
    for row, header in enumerate(found):
        said = {name: str(columns[one][row]).strip() for name, one in task.population.items()}
        known = {name: _value(name, text) for name, text in {**fixed, **said}.items() if text}
        found[row] = replace(header, **{k: v for k, v in known.items() if v is not None})
    return tuple(found)


def _value(name: str, text: str) -> Any:
    """A word of the header; None where the text is no age or sex."""
    if name == "age_years":
        try:
            return float(text)
        except ValueError:
            return None
    return SEXES.get(text.upper()) if name == "sex" else text.upper()
