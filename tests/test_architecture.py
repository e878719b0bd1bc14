"""The house rules that a machine can check: floors, cycles, sizes, docstrings, dangerous calls."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "nof1"
FLOORS = {
    "core": 0,
    "record": 1,
    "learn": 1,
    "knowledge": 1,
    "pictures": 1,
    "predict": 2,
    "genome": 2,
    "medicines": 2,
    "imaging": 2,
    "surveillance": 2,
    "advice": 3,
    "federation": 3,
    "synthetic": 3,
    "academy": 3,
    "web": 4,
    "cli": 4,
}
SIBLINGS_ALLOWED = {
    ("medicines", "genome"),
    ("cli", "web"),  # ``nof1 serve`` starts the web
    ("academy", "advice"),  # cases carry the real card
    ("academy", "synthetic"),  # about invented patients whose true risk is known
}
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
DANGEROUS = {"eval", "exec", "compile", "__import__"}
DANGEROUS_MODULES = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def module_of(path: Path) -> str:
    parts = ("nof1", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(tree: ast.AST) -> set[str]:
    """Modules that a tree imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def top_imports(path: Path) -> set[str]:
    """Our modules that a file imports when it is loaded."""
    body = ast.Module([n for n in TREES[path].body if not is_type_checking(n)], [])
    nodes = [n for n in body.body if isinstance(n, ast.Import | ast.ImportFrom)]
    return imports(ast.Module(nodes, [])) & set(MODULES)


def is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring and its parameters."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:] or body
    return (function.end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_downward(path):
    room = path.relative_to(SOURCE).parts[0]
    if room not in FLOORS:
        return  # nof1/__init__.py and __main__.py stand above all rooms
    for module in imports(TREES[path]):
        other = module.split(".")[1] if module.startswith("nof1.") else room
        if other in (room, "__version__") or (room, other) in SIBLINGS_ALLOWED:
            continue
        assert FLOORS[other] < FLOORS[room], f"{room} may not import {module}"


def test_there_is_no_import_cycle():
    graph = {module: top_imports(path) - {module} for module, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for other in graph[module]:
                if not module.startswith(f"{other}."):  # a package comes before its modules
                    visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    for function in functions(TREES[path]):
        assert length(function) <= 60, f"{function.name} has {length(function)} lines"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_things_have_docstrings(path):
    tree = TREES[path]
    if tree.body:
        assert ast.get_docstring(tree), "the module needs a docstring"
    for node in tree.body:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, kinds) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} needs a docstring"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_dangerous_is_called(path):
    tree = TREES[path]
    assert not {module.split(".")[0] for module in imports(tree)} & DANGEROUS_MODULES
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in DANGEROUS, f"line {node.lineno}: {called}"
            assert called not in {"yaml.load", "os.system"}, f"line {node.lineno}: {called}"
            for keyword in node.keywords:
                bad = (
                    keyword.arg in {"shell", "allow_pickle"}
                    and ast.unparse(keyword.value) != "False"
                )
                assert not bad, f"line {node.lineno}: {keyword.arg}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_unfinished(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b", text)


def test_constraints_hold_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line), line
        assert "://" not in line


def test_every_source_module_has_its_floor():
    rooms = {path.relative_to(SOURCE).parts[0] for path in FILES if path.parent != SOURCE}
    assert rooms <= set(FLOORS)
