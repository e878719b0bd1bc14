"""The documentation of the commands is held against the commands."""

import re
from pathlib import Path

import click
import pytest

from nof1.cli import COMMANDS, cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "commands.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## nof1 (\w+).*?\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M))
COMMON = {"--workspace", "--json", "--help"}


def options(command: click.Command) -> set[str]:
    """Long options of a command and, for a group, of its commands."""
    found = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            found |= options(inner)
    return {name for name in found if name.startswith("--")} - COMMON


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented_and_nothing_else(name):
    command = cli.get_command(None, name)
    assert command is not None
    documented = set(re.findall(r"--[a-z][a-z-]*", SECTIONS[name])) - COMMON
    assert documented == options(command)


def test_every_link_in_the_docs_leads_somewhere():
    root = DOCS.parent
    pages = [root / "README.md", root / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_shows_the_two_commands():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8").splitlines()[:30]
    assert any("./dev demo" in line for line in readme)
    assert any("./dev test" in line for line in readme)
