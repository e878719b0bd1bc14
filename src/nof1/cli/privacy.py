"""``nof1 privacy``: de-identify files, check what was de-identified, encrypt workspaces."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof1.cli import sealing
from nof1.cli.options import as_json as json_option
from nof1.cli.options import step, table, tell
from nof1.core.errors import UsageError

if TYPE_CHECKING:
    from nof1.record.deidentify.inventory import Settings

existing = click.Path(exists=True, path_type=Path)
any_path = click.Path(path_type=Path)
key_option = click.option(
    "--key", "key_file", type=any_path, required=True, help="Key file (nof1 privacy key)."
)
tables_option = click.option("--tables", type=existing, help="What the columns of CSV tables are.")


@click.group()
def privacy() -> None:
    """Take identifiers out of records, pictures and texts; encrypt (seal) workspaces.

    Research and education use; not a legal opinion, and no proof of anonymity.
    """


@privacy.command(short_help="Make a new key file.")
@json_option
@click.argument("file", type=any_path)
def key(as_json: bool, file: Path) -> None:
    """Make a new key file, for its owner's eyes only.

    Keep it apart from the data: with it, pseudonyms can be guessed and dates moved back.
    """
    from nof1.record.deidentify.key import make_key

    make_key(file)
    data = {"schema": "nof1/privacy-key/1", "written": True}
    tell(data, "Key written. Keep it apart from the data, and keep it safe.", as_json=as_json)


@privacy.command(short_help="De-identify a file or folder IN into a folder OUT.")
@json_option
@click.argument("source", metavar="IN", type=any_path)
@click.argument("target", metavar="OUT", type=any_path)
@key_option
@click.option("--free-text", type=click.Choice(["drop", "scrub"]), default="drop",
              help="Drop free text, or scrub it [default: drop].")  # fmt: skip
@click.option("--detectors", help="Detectors of the scrubber, with commas [all; all required].")
@tables_option
@click.option("--people", type=existing, help="Table of patients whose identifiers to look for.")
@click.option("--reviewed-pixels", type=existing, help="File of SOP Instance UIDs looked at.")
@click.option("--mapping", type=any_path, help="Write an encrypted way back to this new file.")
@click.option("--as-of", help="Day on which ages are counted [default: today].")
@click.pass_context
def deidentify(
    ctx: click.Context,
    as_json: bool,
    source: Path,
    target: Path,
    key_file: Path,
    free_text: str,
    detectors: str | None,
    tables: Path | None,
    people: Path | None,
    reviewed_pixels: Path | None,
    mapping: Path | None,
    as_of: str | None,
) -> None:
    """De-identify a file or folder IN into a new folder OUT.

    FHIR, OMOP, CSV tables named in --tables, DICOM, and texts with --free-text scrub. Exit code 1:
    a file was refused, or taken out again because something was left in it.
    """
    from nof1.record.deidentify import run
    from nof1.record.deidentify.context import Choices
    from nof1.record.deidentify.key import read_key, refuse_inside
    from nof1.record.deidentify.patterns import REQUIRED

    for secret in (key_file, *([mapping] if mapping else [])):
        refuse_inside(secret, source, target)
    named = REQUIRED if detectors is None else tuple(d for d in detectors.split(",") if d)
    choices = Choices(
        free_text,
        named,
        _day(as_of) if as_of else date.today(),
        _uids(reviewed_pixels) if reviewed_pixels else frozenset(),
        mapping is not None,
    )
    report = run.deidentify(
        source,
        target,
        read_key(key_file),
        choices,
        settings=_settings(tables),
        people=people,
        mapping_file=mapping,
        tell=step,
    )
    tell(report.to_dict(), report.text(), as_json=as_json)
    ctx.exit(0 if report.clean else 1)


@privacy.command(short_help="Look for identifiers in de-identified files.")
@json_option
@click.argument("path", type=any_path)
@click.option("--against", type=existing, help="The original input, to look for its patients.")
@click.option("--key", "key_file", type=existing, help="The key of the run, for a closer look.")
@tables_option
@click.pass_context
def check(
    ctx: click.Context,
    as_json: bool,
    path: Path,
    against: Path | None,
    key_file: Path | None,
    tables: Path | None,
) -> None:
    """Look for identifiers in files that are said to be de-identified.

    Exit code 1: found some, or there was no file to look at.
    """
    from nof1.record.deidentify import check as checking
    from nof1.record.deidentify.key import read_key

    key = read_key(key_file) if key_file else None
    step("Looking for identifiers")
    result = checking.check(path, against=against, key=key, settings=_settings(tables))
    tell(result.to_dict(), result.text(), as_json=as_json)
    ctx.exit(0 if result.clean else 1)


@privacy.command(short_help="What stands behind pseudonyms, with the key.")
@json_option
@click.argument("mapping", type=any_path)
@click.argument("pseudonyms", metavar="PSEUDONYM...", nargs=-1, required=True)
@key_option
def reveal(as_json: bool, mapping: Path, pseudonyms: tuple[str, ...], key_file: Path) -> None:
    """Say what stands behind pseudonyms, from the encrypted mapping and its key.

    This prints identifiers of patients: that is what it is for.
    """
    from nof1.record.deidentify.key import read_key
    from nof1.record.deidentify.mapping import read_mapping

    pairs = read_mapping(mapping, read_key(key_file))
    wanted = set(pseudonyms)
    found = [[new, kind, old] for kind, old, new in pairs if new in wanted]
    data = {
        "schema": "nof1/privacy-reveal/1",
        "found": [dict(zip(("pseudonym", "kind", "original"), row, strict=True)) for row in found],
        "unknown": len(wanted - {row[0] for row in found}),
    }
    text = table(found, ["pseudonym", "kind", "original"]) if found else "None of them is known."
    tell(data, text, as_json=as_json)


for one in sealing.COMMANDS:
    privacy.add_command(one)


def _settings(path: Path | None) -> Settings | None:
    from nof1.record.deidentify.table_rules import read_settings

    if path is None:
        return None
    return {name.lower(): columns for name, columns in read_settings(path).items()}


def _uids(path: Path) -> frozenset[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return frozenset(line.strip() for line in text.splitlines() if line.strip())


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise UsageError("This is no day.", where="--as-of", allowed="YYYY-MM-DD") from None
