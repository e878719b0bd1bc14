"""What no source file may do, because files of strangers pass through it."""

import ast

import pytest

from source_facts import FILES, facts, name_of, roots, unpacks

# Parsers that follow entities, servers that listen for pictures, ways that unpack an archive.
NEVER = ("xml", "lxml", "pynetdicom", "tarfile", "requests", "telnetlib", "ftplib")


def test_no_parser_of_entities_no_listener_and_no_unpacking():
    for path in FILES:
        assert not roots(facts(path).imports) & set(NEVER), name_of(path)
        assert facts(path).unpacking == (), name_of(path)


def test_weights_are_loaded_as_weights_only():
    loaded = 0
    for path in FILES:
        for line, weights_only in facts(path).weights:
            assert weights_only == "True", f"{name_of(path)}, line {line}"
            loaded += 1
    assert loaded  # else the test looks at nothing


@pytest.mark.parametrize(
    "text",
    ["packed.extractall(here)", "shutil.unpack_archive(name)", "archive.extract(one)"],
)
def test_unpacking_would_be_seen(text):
    assert unpacks(ast.parse(text).body[0].value)
