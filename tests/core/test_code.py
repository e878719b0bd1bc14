import subprocess
import sys

from nof1.core import code
from nof1.federation.network.home import ROOMS

WATCH = """
import sys
import nof1.federation.job, nof1.federation.network.resident
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("nof1.")}))
"""


def written(root, **files):
    for name, text in files.items():
        path = root / "room" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return code.on_disk(("room",), root)


def test_the_same_files_have_the_same_hash(tmp_path):
    one = written(tmp_path / "a", x="1", y="2")
    assert one == written(tmp_path / "b", y="2", x="1")
    assert len(bytes.fromhex(one)) == 32


def test_any_change_changes_it(tmp_path):
    hashes = {
        written(tmp_path / "a", x="1", y="2"),
        written(tmp_path / "b", x="1", y="3"),
        written(tmp_path / "c", x="1", z="2"),
        written(tmp_path / "d", x="1"),
        written(tmp_path / "e", x="12", y=""),
    }
    assert len(hashes) == 5


def test_files_of_other_rooms_and_kinds_do_not_count(tmp_path):
    before = written(tmp_path, x="1")
    (tmp_path / "room" / "notes.txt").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "y.py").write_text("y")
    assert code.on_disk(("room",), tmp_path) == before


def test_all_code_that_a_federated_training_loads_is_in_its_hash():
    made = subprocess.run([sys.executable, "-c", WATCH], capture_output=True, text=True, check=True)
    assert set(made.stdout.split()) <= set(ROOMS)
