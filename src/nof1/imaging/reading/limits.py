"""How much a picture may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one file, one picture and one folder may ask for.

    Attributes
    ----------
    file_bytes : largest file that is opened.
    voxels : most numbers in one picture (rows x columns x slices x colours).
    study_voxels : most numbers of all pictures of one call together.
    memory_bytes : memory of the decoding process beyond what it needs to start.
    seconds : processor time, and also time on the clock, for one file.
    files : most files looked at in one folder.
    """

    file_bytes: int = 2048 * MIB
    voxels: int = 400 * MIB
    study_voxels: int = 1024 * MIB
    memory_bytes: int = 2048 * MIB
    seconds: float = 60.0
    files: int = 50_000
