"""Where the public data sets lie; tests that need one skip by name when it is absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def needs(name: str) -> Path:
    """The path of a public data set, or skip the test by name."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name}")
    return path
