"""Errors inside the guarded process become reasons that quote nothing of the file."""

import pytest

from nof1.imaging.reading import worker


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "CANARY"), "It cannot be opened: Permission denied."),
        (FileNotFoundError(2, "CANARY"), "It cannot be opened: No such file or directory."),
        (ValueError("CANARY"), "Its data are damaged, or contradict one another (ValueError)."),
        (RecursionError("CANARY"), "contradict one another (RecursionError)."),
        (MemoryError("CANARY"), worker.NO_MEMORY),
    ],
)
def test_errors_as_reasons(error, reason):
    said = worker._refusal(error)
    assert reason in said["reason"]
    assert "CANARY" not in str(said)
