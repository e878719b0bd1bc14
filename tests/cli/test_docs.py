"""The documentation of the commands is held against the commands."""

import re
from pathlib import Path

import click
import pytest

from nof1.cli import COMMANDS, cli
from nof1.cli.lazy import Lazy

DOCS = Path(__file__).resolve().parents[2] / "docs"
CLI = DOCS.parent / "src" / "nof1" / "cli"
TEXT = (DOCS / "commands.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## nof1 (\w+).*?\n(.*?)(?=^## |\Z)", TEXT, re.S | re.M))
COMMON = {"--workspace", "--json", "--help"}


def inner_commands(command: click.Command) -> dict[str, click.Command]:
    """The commands of a group by name, those of a lazily loaded group too."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    assert all(found.values()), "a group lists a command that it does not have"
    return found


def options(command: click.Command) -> set[str]:
    """Long options of a command and, for a group, of its commands."""
    given = [p for p in command.params if isinstance(p, click.Option)]
    found = {name for one in given for name in [*one.opts, *one.secondary_opts]}
    for inner in inner_commands(command).values():
        found |= options(inner)
    return {name for name in found if name.startswith("--")} - COMMON


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented_and_nothing_else(name):
    command = cli.get_command(None, name)
    assert command is not None
    documented = set(re.findall(r"--[a-z][a-z-]*", SECTIONS[name])) - COMMON
    assert documented == options(command)


LAZY = [name for name in COMMANDS if isinstance(cli.get_command(None, name), Lazy)]


@pytest.mark.parametrize("name", LAZY)
def test_every_command_of_a_lazy_group_is_documented_with_its_options_and_nothing_else(name):
    group = cli.get_command(None, name)
    assert isinstance(group, Lazy)
    parts = re.split(rf"^### nof1 {name} (\w+)", SECTIONS[name], flags=re.M)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(told) == list(group.table)
    for inner, command in inner_commands(group).items():
        documented = set(re.findall(r"--[a-z][a-z-]*", told[inner])) - COMMON
        assert documented == options(command), inner


def test_there_is_a_lazy_group():
    assert "surveillance" in LAZY


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


EVERY = {
    " ".join(("nof1", name, *inner)): command
    for name in COMMANDS
    for inner, command in (
        ((), cli.get_command(None, name)),
        *(((key,), one) for key, one in inner_commands(cli.get_command(None, name)).items()),
    )
}


@pytest.mark.parametrize("name", EVERY)
def test_every_option_says_what_it_is_for_and_its_default(name):
    for one in EVERY[name].params:
        if not isinstance(one, click.Option) or one.name == "help":
            continue
        said = one.help or ""
        assert said, one.opts
        assert said.endswith("."), one.opts
        given = one.to_info_dict()["default"]
        if given not in (None, False, (), ""):
            assert one.show_default or f"default: {given}" in said, one.opts
        assert "%Y" not in one.make_metavar(click.Context(EVERY[name])), one.opts


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    root = DOCS.parent
    waiting, seen = [root / "README.md"], set()
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            there = (page.parent / target).resolve()
            found = [there] if there.suffix == ".md" else sorted(there.glob("*.md"))
            waiting += [one for one in found if one.is_file()]
    assert not sorted(set(DOCS.rglob("*.md")) - seen)


def test_the_json_of_every_command_is_described():
    code = "".join(page.read_text(encoding="utf-8") for page in CLI.glob("*.py"))
    docs = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    made = set(re.findall(r'"schema": "(nof1/[a-z-]+/\d)"', code))
    assert len(made) > 40
    assert sorted(one for one in made if f"`{one}`" not in docs) == []
