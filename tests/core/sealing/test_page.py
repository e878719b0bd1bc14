"""The page docs/encryption-at-rest.md: its program decrypts, its vectors are those of the tests."""

import re
import subprocess
import sys
from pathlib import Path

from nof1.core.sealing import folder, keys, recipients
from sealing_samples import (
    SECRET,
    VECTOR_COMMITMENT,
    VECTOR_EMPTY,
    VECTOR_LONG,
    VECTOR_SHORT,
    contents,
    plain,
)

PAGE = (Path(__file__).parents[3] / "docs" / "encryption-at-rest.md").read_text(encoding="utf-8")


def run(tmp_path, root, key, target):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    (tmp_path / "decrypt.py").write_text(program)
    command = [sys.executable, "-I", tmp_path / "decrypt.py", root, key, target]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_program_on_the_page_opens_a_sealed_workspace_without_nof1(tmp_path):
    root = plain(tmp_path / "ws")
    before = {path: data for path, data in contents(root).items() if data is not None}
    key = keys.make_key(tmp_path / "a.key")
    words = recipients.of_passphrase("paper", keys.passphrase("five random words"), cost=14)
    folder.seal(root, key, [words, recipients.Recipient("ana", key.public)])
    done = run(tmp_path, root, tmp_path / "a.key", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    after = contents(tmp_path / "out")
    assert {path: data for path, data in after.items() if data is not None} == before
    assert any(SECRET in path for path in after)
    head = (root / "nof1.sealed").read_text()
    (root / "nof1.sealed").write_text(head.replace('"paper"', '"paxer"'))
    done = run(tmp_path, root, tmp_path / "a.key", tmp_path / "again")
    assert done.returncode == 1
    assert "head is refused" in done.stderr


def test_the_vectors_on_the_page_are_those_of_the_tests():
    for vector in (VECTOR_COMMITMENT, VECTOR_EMPTY, VECTOR_SHORT, VECTOR_LONG):
        assert f"`{vector}`" in PAGE
