"""The small written hospital that the tests share (made in conftest.py)."""

import json
from collections.abc import Iterator
from gzip import open as open_gzip
from pathlib import Path
from typing import Any, NamedTuple

from nof1.synthetic.files import Written
from nof1.synthetic.truth import Truth


class Small(NamedTuple):
    """A hospital of 400 patients: its truth and its files."""

    truth: Truth
    written: Written

    def resources(self, site: str, kind: str) -> list[dict[str, Any]]:
        """All resources of one file, read back."""
        folder = self.written.sites[site] / "fhir"
        return [json.loads(line) for line in _lines(folder, kind)]


def _lines(folder: Path, kind: str) -> Iterator[str]:
    packed = folder / f"{kind}.ndjson.gz"
    if packed.exists():
        with open_gzip(packed, "rt", encoding="utf-8") as file:
            yield from file
    elif (folder / f"{kind}.ndjson").exists():
        yield from (folder / f"{kind}.ndjson").read_text(encoding="utf-8").splitlines()
