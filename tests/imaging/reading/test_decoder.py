"""The guarded process: what kills it, hangs it or exhausts it ends in a named reason."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from imaging.reading.dicom_files import GREY, write
from nof1.core.errors import InputError, MissingExtra, Nof1Error
from nof1.imaging.reading import decoder as module
from nof1.imaging.reading.decoder import Decoder
from nof1.imaging.reading.limits import MIB, Limits
from nof1.imaging.reading.refusal import Unreadable
from nof1.imaging.reading.study import open_study


def test_one_process_serves_many_files(tmp_path):
    pids = set()
    with Decoder() as decoder:
        for number in range(3):
            path = write(tmp_path / f"{number}.dcm", GREY + number, uid=f"1.2.{number}")
            description, header = decoder.describe(path)
            stored, _ = decoder.pixels(path, description)
            np.testing.assert_array_equal(stored, GREY + number)
            assert header
            pids.add(decoder._process.pid)
    assert len(pids) == 1
    assert decoder._process is None


def test_a_killed_process_gives_a_reason_and_the_next_file_is_read(tmp_path):
    path = write(tmp_path / "a.dcm")
    with Decoder() as decoder:
        decoder.describe(path)
        os.kill(decoder._process.pid, signal.SIGKILL)
        with pytest.raises(Unreadable, match="ended the decoding process"):
            decoder.describe(path)
        assert decoder.describe(path)[0].shape == GREY.shape


def test_a_hanging_process_is_ended(tmp_path):
    path = write(tmp_path / "a.dcm")
    with Decoder(Limits(seconds=5)) as decoder:
        decoder.describe(path)
        os.kill(decoder._process.pid, signal.SIGSTOP)
        started = time.monotonic()
        study = open_study(path, decoder=decoder)
        assert time.monotonic() - started < 600  # and not for ever
        assert "more than 5 seconds" in study.refused[0].reason
        assert open_study(path, decoder=decoder).images


def test_a_process_that_is_killed_while_we_wait(tmp_path):
    path = write(tmp_path / "a.dcm")
    with Decoder() as decoder:
        decoder.describe(path)
        pid = decoder._process.pid
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(2, os.kill, (pid, signal.SIGKILL)).start()
        with pytest.raises(Unreadable, match="ended the decoding process"):
            decoder.describe(path)


def test_too_much_memory_gives_a_reason_and_the_next_file_is_read(tmp_path):
    large = write(tmp_path / "large.dcm", np.zeros((4000, 4000), np.uint16))
    small = write(tmp_path / "small.dcm")
    with Decoder(Limits(memory_bytes=24 * MIB)) as decoder:
        study = open_study(large, decoder=decoder)
        assert "more than 24 MiB of memory" in study.refused[0].reason
        assert open_study(small, decoder=decoder).images


def test_processor_time_is_limited_too(tmp_path):
    """The soft limit of RLIMIT_CPU is moved on with each file, so a warm process lives long."""
    path = write(tmp_path / "a.dcm")
    with Decoder(Limits(seconds=5)) as decoder:
        decoder.describe(path)
        limits = Path(f"/proc/{decoder._process.pid}/limits").read_text().splitlines()
        line = next(line for line in limits if line.startswith("Max cpu time"))
        assert 5 <= int(line.split()[3]) <= 20
        for name, value in {"Max core file size": "0", "Max file size": "0"}.items():
            assert (
                next(s for s in limits if s.startswith(name)).split()[4 - (name[4] == "f")] == value
            )


def test_a_file_that_changes_in_between(tmp_path):
    path = write(tmp_path / "a.dcm")
    other = write(tmp_path / "b.dcm", GREY + 1, uid="1.2.5")
    with Decoder() as decoder:
        description, _ = decoder.describe(path)
        decoder.describe(other)
        path.write_bytes(other.read_bytes())
        with pytest.raises(Unreadable, match="changed while it was read"):
            decoder.pixels(path, description)


def test_threads_share_one_process(tmp_path):
    paths = [write(tmp_path / f"{n}.dcm", GREY + n, uid=f"1.2.{n}") for n in range(8)]
    with Decoder() as decoder, ThreadPoolExecutor(4) as pool:
        studies = list(pool.map(lambda path: open_study(path, decoder=decoder), paths))
    for number, study in enumerate(studies):
        np.testing.assert_array_equal(study.images[0].pixels, GREY + number)


def test_a_copy_of_our_process_starts_its_own(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dcm")
    with Decoder() as decoder:
        decoder.describe(path)
        first = decoder._process
        monkeypatch.setattr(decoder, "_owner", -1)  # as after a fork
        decoder.describe(path)
        assert decoder._process is not first
        first.kill()
        first.communicate()


def test_after_an_interruption_the_next_file_gets_its_own_answer(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dcm")
    other = write(tmp_path / "b.dcm", GREY[:32], uid="1.2.7")

    def interrupted(*_):
        raise KeyboardInterrupt

    with Decoder() as decoder:
        decoder.describe(path)
        with monkeypatch.context() as patch:
            patch.setattr(module.protocol, "receive", interrupted)
            with pytest.raises(KeyboardInterrupt):
                decoder.describe(path)
        assert decoder.describe(other)[0].shape == (32, 48)


def test_strange_file_names(tmp_path):
    name = os.fsdecode("Bild ü 图\n".encode() + b"\xff.dcm")
    path = write(tmp_path / "a.dcm")
    os.rename(path, tmp_path / name)
    study = open_study(tmp_path)
    assert study.images[0].sources == (name,)


def test_modules_beside_the_user_are_not_imported(tmp_path):
    (tmp_path / "numpy.py").write_text("open('was here', 'w')")
    (tmp_path / "user.py").write_text(
        "from nof1.imaging.reading.study import open_study\nprint(len(open_study('film').images))\n"
    )
    write(tmp_path / "film")
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "user.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"  # and the user's program itself ran once, without a main guard
    assert not (tmp_path / "was here").exists()


def test_no_such_file():
    with pytest.raises(InputError, match="no such file"):
        open_study("nowhere.dcm")


def test_without_pydicom(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="pydicom"):
        open_study(write(tmp_path / "a.dcm"))


def test_a_process_that_does_not_start(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "START", "raise SystemExit(1)")
    with pytest.raises(Nof1Error, match="did not start"):
        open_study(write(tmp_path / "a.dcm"))


def test_answers_that_are_no_answers(monkeypatch, tmp_path):
    """A process taken over by a file can send bytes, and no more than bytes."""
    evil = (
        "import sys; sys.path.append(sys.argv[1]); sys.argv\n"
        "from nof1.imaging.reading import protocol as p\n"
        "i, o = sys.stdin.buffer, sys.stdout.buffer\n"
        "p.receive(i, 0); p.send(o, b'{}'); p.receive(i, 0)\n"
        'p.send(o, b\'{"description": {"kind": "dicom", "shape": [1e99], "x": 1}}\')\n'
    )
    monkeypatch.setattr(module, "START", evil)
    study = open_study(write(tmp_path / "a.dcm"))
    assert "ended the decoding process" in study.refused[0].reason
