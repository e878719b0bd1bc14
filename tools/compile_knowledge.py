"""Compile the fact files of nof1.knowledge from a PharmCAT release and the guideline files.

    python tools/compile_knowledge.py [FOLDER] [--out FOLDER]

FOLDER holds ``alleles``, ``phenotype``, for genes that newer releases no longer list
``phenotype-2023-08``, and ``guidelines-2023-08`` (or has the layout of PharmCAT itself). The
manifest (SHA-256 of each file) is written last; without FOLDER only the manifest is: run this after
each change of a table that is kept by hand. The same code serves ``nof1 knowledge import``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nof1.knowledge.base import DATA
from nof1.knowledge.release import MANIFEST, compile_release, write_manifest

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    if arguments.folder is not None:
        for line in compile_release(arguments.folder, arguments.out).lines():
            print(line)
    print(f"{MANIFEST:28} {write_manifest(arguments.out)} files")
