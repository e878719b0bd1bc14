"""Speed of reading films: ./dev bench imaging_speed [--model DIR] [--repeats N] [--films N].

SYNTHETIC films of 1024 x 1024, 12 of 16 bits, stored raw, in RLE, JPEG-LS and JPEG 2000: from the
file to the finding, its heatmap, the structured report and the segmentation. Cold is a command in a
fresh process, warm is a process that has read a film before; then a folder with one command. CPU
seconds of one thread count the guarded decoding process too; memory is the sum of both peaks.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measured import ONE_THREAD, ROOT, measured

os.environ.update(ONE_THREAD)

import numpy as np

SIZE = 1024
PLACE = ROOT / ".bench" / "imaging_speed"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SYNTAXES = {
    "raw": None,
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}
GOALS = {"raw": 1.0, "JPEG 2000": 2.5}
TICKS = os.sysconf("SC_CLK_TCK")


def drawn(count: int, size: int) -> Iterator[Any]:
    """DICOM datasets of films of different people, with the noise that makes codecs work."""
    from nof1.synthetic.film_files import film_dataset
    from nof1.synthetic.films import draw_films

    for number, film in enumerate(draw_films(count, size=size, seed=7)):
        yield film_dataset(film, f"speed-{number}")


def stored(count: int) -> dict[str, Path]:
    """A film in each transfer syntax, and a folder of raw films."""
    PLACE.mkdir(parents=True, exist_ok=True)
    (first,) = drawn(1, SIZE)
    paths = {}
    for name, syntax in SYNTAXES.items():
        paths[name] = PLACE / f"{name.replace(' ', '-')}.dcm"
        if syntax:
            first.compress(syntax, encoding_plugin=_plugin(name), generate_instance_uid=False)
        first.save_as(paths[name], enforce_file_format=True)
        if syntax:
            first.decompress(generate_instance_uid=False)
    folder = PLACE / f"films-{count}"
    if not folder.exists():
        folder.mkdir()
        for number, film in enumerate(drawn(count, SIZE)):
            film.save_as(folder / f"film-{number:04}.dcm", enforce_file_format=True)
    paths["folder"] = folder
    return paths


def _plugin(name: str) -> str:
    return {"RLE": "pydicom", "JPEG-LS": "pyjpegls", "JPEG 2000": "pylibjpeg"}[name]


def cold(name: str, film: Path, model: Path, repeats: int) -> None:
    """The command, each time in a fresh process."""
    command = [sys.executable, "-m", "nof1", "imaging", "read", film, "--model", model]
    command += ["--sr", PLACE / "report.dcm", "--seg", PLACE / "map.dcm"]
    costs = [measured(command) for _ in range(repeats)]
    cpu, wall = (min(getattr(one, key) for one in costs) for key in ("cpu_s", "wall_s"))
    peak = max(one.peak_mb for one in costs)
    print(f"{name:10} cold  {cpu:6.2f} CPU-s {wall:6.2f} s  {peak:4.0f} MB (larger process)")


class Stages:
    """CPU seconds by stage, of this process and of the decoding one."""

    def __init__(self, decoder: Any) -> None:
        self.decoder = decoder
        self.spent: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count what is done inside under a name."""
        before, wall = self._cpu(), time.perf_counter()
        yield
        self.spent[name].append(self._cpu() - before)
        self.spent[f"{name} wall"].append(time.perf_counter() - wall)

    def _cpu(self) -> float:
        pid = self.decoder._process.pid
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / TICKS

    def peak_mb(self) -> float:
        """Largest memory of both processes, added."""
        status = Path(f"/proc/{self.decoder._process.pid}/status").read_text()
        theirs = int(status.partition("VmHWM:")[2].split()[0])
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + theirs) / 1024


def warm(name: str, film: Path, reader: Any, decoder: Any, repeats: int) -> None:
    """One film again and again in one process; the first pass is not counted."""
    from nof1.core.finding import Subject
    from nof1.imaging.answering import files
    from nof1.imaging.answering.study import answered
    from nof1.imaging.reading.study import open_study

    stages, subject = Stages(decoder), Subject(id="speed")
    for number in range(repeats + 1):
        with stages.of("decode"):
            (image,) = open_study(film, decoder=decoder).images
        with stages.of("answer"):
            picture = answered(image, [reader], subject, AT)
        with stages.of("SR"):
            files.report(picture, PLACE / "report.dcm", AT)
        with stages.of("SEG"):
            if any(True for _ in picture.labels()):
                files.segmentation(picture, PLACE / "map.dcm", AT)
        if number == 0:
            stages.spent.clear()
    told = {key: float(np.median(values)) for key, values in stages.spent.items()}
    cpu = sum(value for key, value in told.items() if not key.endswith("wall"))
    wall = sum(value for key, value in told.items() if key.endswith("wall"))
    goal = f"  goal {GOALS[name]} s" if name in GOALS else ""
    parts = ", ".join(f"{key} {told[key]:.3f}" for key in ("decode", "answer", "SR", "SEG"))
    print(
        f"{name:10} warm  {cpu:6.2f} CPU-s {wall:6.2f} s  {stages.peak_mb():4.0f} MB"
        f" (both processes){goal}; CPU: {parts}"
    )


def batch(folder: Path, model: Path, count: int) -> None:
    """One command for a folder of films."""
    command = [sys.executable, "-m", "nof1", "imaging", "read", folder, "--model", model, "--json"]
    cost = measured(command, accepted=(0, 1))
    by_cpu, by_clock = (60 * count / one for one in (cost.cpu_s, cost.wall_s))
    print(
        f"{count} films   {cost.cpu_s:6.1f} CPU-s {cost.wall_s:6.1f} s  {cost.peak_mb:4.0f} MB;"
        f" films a CPU-minute {by_cpu:.0f}, a minute {by_clock:.0f}"
    )


def main(arguments: list[str]) -> None:
    """Measure."""
    from nof1.imaging.answering import shelf
    from nof1.imaging.answering.reader import Reader
    from nof1.imaging.reading.decoder import Decoder

    asked = argparse.ArgumentParser(prog="./dev bench imaging_speed", description=__doc__)
    asked.add_argument("--model", type=Path, default=shelf.reference())
    asked.add_argument("--repeats", type=int, default=5)
    asked.add_argument("--films", type=int, default=100)
    chosen = asked.parse_args(arguments)
    if chosen.model is None:
        raise SystemExit("There is no model: name one with --model.")
    paths = stored(chosen.films)
    reader = Reader.open(chosen.model)
    members = len(reader.ensemble.sessions)
    print(f"{members} members of {reader.ensemble.size} px; load average {os.getloadavg()[0]:.1f}")
    for name in ("raw", "JPEG 2000"):
        cold(name, paths[name], chosen.model, min(chosen.repeats, 3))
    with Decoder() as decoder:
        for name in SYNTAXES:
            warm(name, paths[name], reader, decoder, chosen.repeats)
    batch(paths["folder"], chosen.model, chosen.films)
