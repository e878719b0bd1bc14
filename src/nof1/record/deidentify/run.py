"""A whole run: learn the patients, write every file cleaned, look again, report.

Nothing is written into the input, and the output folder appears only when all is done: until then
everything stands in a folder of its own that only its owner can open.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nof1.core.errors import Nof1Error, UsageError
from nof1.record.deidentify import anonymity, formats, mapping
from nof1.record.deidentify.context import Choices, Context
from nof1.record.deidentify.inventory import Item, Settings, items, safe_parts
from nof1.record.deidentify.key import Key
from nof1.record.deidentify.report import Report
from nof1.record.deidentify.residual import Residual, total
from nof1.record.deidentify.spellings import too_short
from nof1.record.deidentify.tally import Refusal, Refused

REPORT_NAME = "deidentification.json"
SENSITIVE = "first diagnosis"
Told = Callable[[str], None]


def deidentify(
    source: Path,
    target: Path,
    key: Key,
    choices: Choices | None = None,
    *,
    settings: Settings | None = None,
    people: Path | None = None,
    mapping_file: Path | None = None,
    tell: Told = lambda text: None,
) -> Report:
    """De-identify a file or folder into a new folder.

    Parameters
    ----------
    settings : name of a CSV table (lower case) -> column -> role (``table_rules.ROLES``).
    people : table of patients whose identifiers are looked for, beside those of the input.
    mapping_file : where to write the encrypted mapping; None writes none.
    tell : is told what is being done.

    Raises
    ------
    UsageError : the output exists, or lies in the input (or the other way round).
    InputError : the input is empty or cannot be read.
    MissingExtra : a package is missing (pydicom for DICOM, cryptography for the mapping).
    """
    _check_folders(source, target)
    if mapping_file is not None:
        mapping.require_cipher()
    context = Context(key, choices or Choices())
    found = list(items(source, settings or {}))
    refused = [Refusal(i.number, i.kind, i.refused, i.next_step) for i in found if i.refused]
    tell(f"Learning the patients of {len(found):,} files")
    good = _gathered([item for item in found if not item.refused], context, refused)
    if people is not None:
        formats.gather_people(people, context)
    with _staging(target) as folder:
        tell(f"Cleaning {len(good):,} files")
        written = _cleaned(good, folder, context, refused)
        tell("Looking again")
        left = _looked_again(written, context)
        report = _report(found, written, context, refused, left)
        if mapping_file is not None:
            mapping.write_mapping(mapping_file, key, context.pairs)
        shown = msgspec.json.format(msgspec.json.encode(report.to_dict()))
        (folder / REPORT_NAME).write_bytes(shown)
        os.rename(folder, target)
    return report


def _check_folders(source: Path, target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise UsageError(
            "The output exists already; nothing is ever overwritten.",
            where="OUT",
            next_step="Name a folder that does not exist.",
        )
    real, base = target.resolve(), source.resolve()
    if real == base or base in real.parents or real in base.parents:
        raise UsageError("Input and output must not lie in each other.", where="OUT")
    if not target.resolve().parent.is_dir():
        raise UsageError("The folder for the output does not exist.", where="OUT")


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".nof1-", dir=target.resolve().parent))  # mode 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _gathered(found: list[Item], context: Context, refused: list[Refusal]) -> list[Item]:
    good = []
    for item in found:
        try:
            formats.gather(item, context)
            good.append(item)
        except Exception as error:
            refused.append(_refusal(item, error))
    return good


def _refusal(item: Item, error: Exception) -> Refusal:
    """Why a file is refused; what concerns the whole run is raised on.

    A fault of ours must not let a file through, nor stop the others: its kind is told, not its
    text, which could hold a value.
    """
    if isinstance(error, Nof1Error):
        raise error
    if isinstance(error, Refused):
        return Refusal(item.number, item.kind, error.reason, error.next_step)
    reason = f"It could not be handled ({type(error).__name__})."
    return Refusal(item.number, item.kind, reason, "Report this without the file.")


def _cleaned(
    good: list[Item], folder: Path, context: Context, refused: list[Refusal]
) -> list[tuple[Item, Path]]:
    written = []
    for item in good:
        path = folder.joinpath(*safe_parts(item, context))
        if path.exists():
            same = Refused("Another file has the same name in the output.", "Rename one.")
            refused.append(_refusal(item, same))
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            formats.clean(item, path, context)
            written.append((item, path))
        except Exception as error:
            path.unlink(missing_ok=True)
            refused.append(_refusal(item, error))
    return written


def _looked_again(written: list[tuple[Item, Path]], context: Context) -> dict[int, Counter[str]]:
    """Take every file with a hit out of the output; number -> what was found."""
    residual, left = Residual(context), {}
    for item, path in written:
        found = +residual.hits(path, item)
        if found:
            path.unlink()
            left[item.number] = found
    return left


def _report(
    found: list[Item],
    written: list[tuple[Item, Path]],
    context: Context,
    refused: list[Refusal],
    left: dict[int, Counter[str]],
) -> Report:
    taken = [
        Refusal(
            item.number, item.kind, "Found in it: " + ", ".join(sorted(left[item.number])) + "."
        )
        for item, _ in written
        if item.number in left
    ]
    told = [
        {**profile, SENSITIVE: context.diagnoses.get(subject)}
        for subject, profile in context.profiles.items()
    ]
    known = list(context.register.people())
    return Report(
        as_of=context.choices.as_of,
        files=Counter(item.kind for item in found),
        written=Counter(item.kind for item, _ in written if item.number not in left),
        patients=len(known),
        tally=context.tally,
        refused=tuple(sorted(refused, key=lambda one: one.file)),
        taken_out=tuple(taken),
        residual=total(left.values()),
        anonymity=anonymity.measure(told, SENSITIVE),
        too_short=sum(too_short(person) for person in known),
        free_text=context.choices.free_text,
    )
