"""The command line. Each group is one file, loaded only when one of its commands runs."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import textwrap
import traceback
from typing import Any

import click

from nof1 import __version__
from nof1.cli import door
from nof1.cli.lazy import Lazy
from nof1.cli.options import on_terminal
from nof1.core.errors import Nof1Error

# Command -> (module, one line of help). The help stands here so that `nof1 --help` loads nothing.
COMMANDS = {
    "demo": ("demo", "A synthetic hospital from raw files to advice, in one go."),
    "init": ("workspace", "Make a new workspace."),
    "ingest": ("record", "Import records: FHIR R4, OMOP CDM, MEDS, CSV, exposures."),
    "quality": ("record", "What is missing, implausible or odd in the record."),
    "train": ("models", "Train a model for a task file, and put it through the gate."),
    "evaluate": ("models", "Figures and gate of a trained model."),
    "card": ("models", "The model card as text, JSON or page."),
    "effect": ("effect", "Who benefits from which of two treatments."),
    "advise": ("advise", "Every finding about one patient."),
    "genome": ("genome", "Genes from a VCF: star alleles, medicines, polygenic scores."),
    "medicines": ("medicines", "Which medicine for this patient, and why."),
    "compounds": ("compounds", "Compounds: property models, library search, screening."),
    "imaging": ("imaging", "Films, CT and MRI: read, train, audit a data set."),
    "surveillance": ("surveillance", "Outbreaks: nowcast, alarms, forecast, plan, report."),
    "federation": ("federation", "One model of several hospitals; no row leaves any."),
    "academy": ("academy", "Training: read cards of invented patients, some of them wrong."),
    "serve": ("serve", "CDS Hooks services: advice inside the clinician's own system."),
    "users": ("users", "Who may sign in to nof1 serve, and with which roles."),
    "privacy": ("privacy", "De-identify records, pictures and text; seal workspaces."),
    "audit": ("audit", "The log of who asked what."),
    "governance": ("governance", "Which rules and models may be heard, and what became of them."),
    "knowledge": ("knowledge", "The facts: sources, dates, check, what a newer release changes."),
    "doctor": ("workspace", "Check this machine and workspace."),
}

# What the machine may refuse anywhere, and the way out of it.
REFUSALS = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Free disk space, or choose another place."
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS),
        "Ask for the right to read or write there, or choose another place.",
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE, errno.ENOMEM),
        "Close other programs, or ask for a higher limit (ulimit), and run it again.",
    ),
}


@click.command(cls=Lazy, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nof1")
def cli() -> None:
    """Machine learning for personalised medicine, from raw records to advice.

    Research and education use; not a medical device.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line. Exit codes: 0 ok, 1 needs attention, 2 usage or bad input."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(cli.main(arguments, prog_name="nof1", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        _fail({"error": "Stopped.", "where": None, "allowed": None, "next_step": None}, arguments)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # the help of the group, and nothing else
        sys.exit(2)
    except click.ClickException as error:
        _fail(_usage(error), arguments)
    except Nof1Error as error:
        _fail(error.to_dict() | _notes(error), arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail((_of_the_system(error) or _unexpected(error)) | _notes(error), arguments)
    except Exception as error:
        _fail(_unexpected(error) | _notes(error), arguments)


def _notes(error: Exception) -> dict[str, Any]:
    """What the door has to say besides the error: that it could not write it down."""
    notes = getattr(error, "__notes__", [])
    return {"note": door.UNWRITTEN} if door.UNWRITTEN in notes else {}


def _fail(shown: dict[str, Any], arguments: list[str]) -> None:
    if "--json" in arguments:
        click.echo(json.dumps(shown), err=True)
    else:
        error = Nof1Error(
            shown["error"],
            where=shown["where"],
            allowed=shown["allowed"],
            next_step=shown["next_step"],
        )
        _say(f"Error: {error}")
        if "note" in shown:
            _say(f"Note: {shown['note']}")
    sys.exit(2)


def _say(text: str) -> None:
    """On standard error; for a person its lines are broken between words, at the window's edge."""
    if on_terminal():
        width = max(shutil.get_terminal_size().columns, 40)
        text = "\n".join(
            textwrap.fill(
                line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
            for line in text.splitlines()
        )
    click.echo(text, err=True)


def _usage(error: click.ClickException) -> dict[str, Any]:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "nof1"
    return {
        "error": error.format_message(),
        "where": command,
        "allowed": None,
        "next_step": f"{command} --help",
    }


def _of_the_system(error: OSError) -> dict[str, Any] | None:
    """What the machine refused (a full disk, a missing right) is no fault of ours."""
    if error.errno not in REFUSALS:
        return None
    name = os.path.basename(os.fsdecode(error.filename)) if error.filename else None
    return {
        "error": f"The system refused: {error.strerror or os.strerror(error.errno or 0)}.",
        "where": name,
        "allowed": None,
        "next_step": REFUSALS[error.errno],
    }


def _unexpected(error: Exception) -> dict[str, Any]:
    """A fault of ours: its kind and place, never its text, which could hold a patient's values."""
    if os.environ.get("NOF1_DEBUG"):
        traceback.print_exception(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "nof1" in f.filename]
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else None
    return {
        "error": f"Something went wrong inside nof1 ({type(error).__name__}).",
        "where": place,
        "allowed": None,
        "next_step": "Run it again with NOF1_DEBUG=1 for the details, and report it without them.",
    }
