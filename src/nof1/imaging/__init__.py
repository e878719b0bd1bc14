"""Medical images: reading, gates before any score, training, and answers that may be refused.

from nof1 import imaging
done = imaging.read("study/", models=["phantom-chest"])
[finding.status for finding in done.findings]
# ['found']
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof1.imaging.answering.study import StudyAnswer


def read(
    path: str | Path, models: Sequence[str | Path] = (), *, patient: str = "unknown"
) -> StudyAnswer:
    """What models and measurements say about the pictures of a file or folder.

    Parameters
    ----------
    models : folders of models, or the name of the one that comes with nof1. CT volumes need none.
    patient : whom the pictures show.

    Raises
    ------
    InputError : no such file. UsageError, ModelError : no such model, or a damaged one.
    MissingExtra : a package of the extra ``imaging`` is missing.
    """
    from nof1.core.finding import Subject
    from nof1.imaging.answering import shelf
    from nof1.imaging.answering.reader import Reader
    from nof1.imaging.answering.study import read_study

    readers = [Reader.open(shelf.find(None, str(model))) for model in models]
    at = datetime.now(UTC).replace(microsecond=0)  # whole seconds, as `nof1 advise` asks
    return read_study(path, readers, subject=Subject(id=patient), at=at)
