"""``nof1 federation egress``: one signed file for the privacy officer before a model leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof1.cli.options import WIDTH, common, step, table, tell
from nof1.core.errors import UsageError
from nof1.core.extras import require
from nof1.core.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {"pass": "pass", "attention": "LOOK", "fail": "FAIL", "not_checked": "not checked"}
VERDICTS = {
    "pass": "Every check passed.",
    "attention": "No check failed; a person must look at the lines marked LOOK.",
    "fail": "At least one check FAILED: the model should not leave as it is.",
}


@click.command()
@click.argument("model", required=False)
@common
@click.option("--version", type=int, help="An earlier version [default: the newest].")
@click.option(
    "--kind",
    type=click.Choice(["models", "effects", "images", "laboratory"]),
    help="Where models of several kinds have this name.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    metavar="FILE.json",
    help="Where to, with a page beside it [default: in the folder reports].",
)
@click.option(
    "--fewest",
    type=click.IntRange(2, 1_000),
    default=10,
    show_default=True,
    help="Patients below which a cell is too small.",
)
@click.option(
    "--verify",
    type=click.Path(dir_okay=False),
    metavar="FILE.json",
    help="Check the signature of such a file instead.",
)
@click.option("--key", metavar="HEX", help="With --verify: the public key it must be signed by.")
@click.pass_context
def egress(
    ctx: click.Context, model: str | None, workspace: str | None, as_json: bool,
    version: int | None, kind: str | None, out: str | None, fewest: int, verify: str | None,
    key: str | None,
) -> None:  # fmt: skip
    """Check a stored model before it leaves: rows, small cells, membership, audit; signed.

    Exit code 1: a check failed, or (with --verify) the signature does not hold.
    """
    require("cryptography", "federation")
    if (model is None) == (verify is None):
        raise UsageError(
            "Give either a model to check or a file to verify.",
            where="nof1 federation egress",
            next_step="nof1 federation egress MODEL, or: nof1 federation egress --verify FILE",
        )
    if verify is not None:
        ctx.exit(_verify(Path(verify), key, as_json))
    assert model is not None
    if key is not None:
        raise UsageError(
            "--key goes with --verify.",
            where="--key",
            next_step="nof1 federation egress --verify FILE --key HEX",
        )
    _check(ctx, open_workspace(workspace), model, version, kind, out, fewest, as_json)


def _check(
    ctx: click.Context, found: Workspace, model: str, version: int | None, kind: str | None,
    out: str | None, fewest: int, as_json: bool,
) -> None:  # fmt: skip
    from nof1.federation.egress.pack import egress as checked
    from nof1.pictures.pages import write

    pack = checked(found, model, version=version, few=fewest, say=step, kind=kind)
    named = f"egress-{pack['model']['name']}-{pack['model']['version']}.json"
    path = Path(out) if out is not None else found.root / "reports" / named
    page = write("egress", pack, path.with_suffix(".html"))
    tell(pack, _text(pack, page.with_suffix(".json")), as_json=as_json)
    ctx.exit(1 if pack["verdict"] == "fail" else 0)


def _text(pack: Mapping[str, Any], path: Path) -> str:
    model = pack["model"]
    lines = [
        *(["SYNTHETIC DATA: no real patient is behind any number.", ""] * pack["synthetic"]),
        f"{model['name']}, version {model['version']}",
        VERDICTS[pack["verdict"]],
        "",
        table([[WORDS[one["status"]], one["title"]] for one in pack["checks"]], ["", "question"]),
    ]
    for one in pack["checks"]:
        lines += ["", f"{one['title']}  {WORDS[one['status']]}", *_wrapped(one["reason"])]
        shown = one["found"][:5]
        lines += [
            line
            for row in shown
            for line in _wrapped(f"- {row['where']}: {row['what']} ({row['count']:,})")
        ]
        if one["findings"] > len(shown):
            lines.append(f"  and {one['findings'] - len(shown):,} more, in the file")
    return "\n".join(
        [
            *lines,
            "",
            f"Signed with the {pack['signature']['key']}'s key:",
            f"  {pack['signature']['public_key']}",
            f"File: {path}",
            f"Page: {path.with_suffix('.html')}",
            "No check proves that nothing leaks. Research and education use.",
            "Next step, for whoever gets the file:",
            f"  nof1 federation egress --verify {path.name}",
        ]
    )


def _wrapped(text: str) -> list[str]:
    import textwrap

    plain = "".join(one if one.isprintable() else " " for one in text)
    return textwrap.wrap(plain, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _verify(path: Path, key: str | None, as_json: bool) -> int:
    from nof1.federation.egress import signing

    pack = signing.read(path)
    holds = signing.holds(pack, key.strip().lower() if key is not None else None)
    signature, model = _part(pack, "signature"), _part(pack, "model")
    data = {
        "schema": "nof1/federation-egress-verify/1",
        "file": path.name,
        "holds": holds,
        "public_key": _printable(signature.get("public_key")),
        "key_given": key is not None,
        "model": _printable(model.get("name")),
        "content_hash": _printable(model.get("content_hash")),
        "verdict": _printable(pack.get("verdict")) if holds else None,
    }
    tell(data, _verified(data), as_json=as_json)
    return 0 if holds else 1


def _part(pack: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a file that anybody may have written; empty when it is no object."""
    part = pack.get(name)
    return part if isinstance(part, dict) else {}


def _printable(value: object) -> str | None:
    """A word of such a file without signs that a terminal would obey."""
    if not isinstance(value, str):
        return None
    return "".join(one if one.isprintable() else " " for one in value)[:200]


def _verified(data: Mapping[str, Any]) -> str:
    if not data["holds"]:
        return "\n".join(
            [
                "The signature does NOT hold: the file was changed after signing, or it is by",
                "another key. Do not trust what it says.",
                "Next step: ask the site for the file again, over another way.",
            ]
        )
    who = (
        "It is by the key that was given."
        if data["key_given"]
        else "Whose key this is, the file cannot prove: compare it with the site."
    )
    return "\n".join(
        [
            f"The signature holds. Verdict in the file: {WORDS.get(data['verdict'] or '', '?')}",
            f"  model         {data['model']}",
            f"  content hash  {data['content_hash']}",
            f"  public key    {data['public_key']}",
            who,
        ]
    )
