"""What no source file may do, because files of strangers pass through it."""

import ast

import pytest

from test_architecture import FILES, TREES, imports, name_of

# Parsers that follow entities, servers that listen for pictures, ways that unpack an archive.
NEVER = ("xml", "lxml", "pynetdicom", "tarfile", "requests", "telnetlib", "ftplib")
UNPACKING = ("extractall", "unpack_archive")


def test_no_parser_of_entities_no_listener_and_no_unpacking():
    for path in FILES:
        found = {module.split(".")[0] for module in imports(TREES[path])}
        assert not found & set(NEVER), name_of(path)
        for node in ast.walk(TREES[path]):
            assert not unpacks(node, "zipfile" in found), f"{name_of(path)}, line {node.lineno}"


def unpacks(node, archives=True):
    """Whether a call unpacks an archive; ``extract`` is something else where there are none."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in UNPACKING or (archives and node.func.attr == "extract")


def test_weights_are_loaded_as_weights_only():
    loaded = 0
    for path in FILES:
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                given = {one.arg: ast.unparse(one.value) for one in node.keywords}
                assert given.get("weights_only") == "True", f"{name_of(path)}, line {node.lineno}"
                loaded += 1
    assert loaded  # else the test looks at nothing


@pytest.mark.parametrize(
    "text",
    ["packed.extractall(here)", "shutil.unpack_archive(name)", "archive.extract(one)"],
)
def test_unpacking_would_be_seen(text):
    assert unpacks(ast.parse(text).body[0].value)
