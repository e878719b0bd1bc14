"""What the house rules ask of each source file, read once a file.

Only these few facts stay in memory: the syntax trees of all files are two million objects, through
which every later garbage collection of the test process would walk.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "nof1"
FILES = sorted(SOURCE.rglob("*.py"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DANGEROUS = {"eval", "exec", "compile", "__import__", "yaml.load", "os.system"}
DANGEROUS_NAMES = {"shell", "allow_pickle"}
UNPACKING = {"extractall", "unpack_archive"}


@dataclass(frozen=True)
class Facts:
    """What one file does.

    ``imports`` names the modules imported anywhere, ``loaded`` those imported when it is loaded;
    ``functions`` has a name and a number of lines each. The calls have their line first:
    ``dangerous`` ones, ``unpacking`` ones, and ``weights`` with what ``weights_only`` is there.
    """

    imports: frozenset[str]
    loaded: frozenset[str]
    functions: tuple[tuple[str, int], ...]
    undocumented: tuple[str, ...]
    dangerous: tuple[tuple[int, str], ...]
    unpacking: tuple[tuple[int, str], ...]
    weights: tuple[tuple[int, str | None], ...]


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@cache
def facts(path: Path) -> Facts:
    """The facts of one source file."""
    return facts_of(path.read_text(encoding="utf-8"))


def facts_of(text: str) -> Facts:
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    imports = imported(nodes)
    return Facts(
        imports=imports,
        loaded=imported(tree.body),
        functions=tuple((node.name, length(node)) for node in nodes if isinstance(node, FUNCTIONS)),
        undocumented=tuple(undocumented(tree)),
        dangerous=tuple((call.lineno, why) for call in calls for why in dangers(call)),
        unpacking=tuple(
            (call.lineno, call.func.attr)
            for call in calls
            if unpacks(call, "zipfile" in roots(imports))
        ),
        weights=tuple(
            (call.lineno, named(call).get("weights_only"))
            for call in calls
            if ast.unparse(call.func) == "torch.load"
        ),
    )


def imported(nodes: list[ast.AST] | list[ast.stmt]) -> frozenset[str]:
    """Modules that the import statements among the nodes name."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def roots(modules: frozenset[str]) -> set[str]:
    """The packages at the top of the modules."""
    return {module.split(".")[0] for module in modules}


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring and its parameters."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:] or body
    return (function.end_lineno or 0) - body[0].lineno + 1


def undocumented(tree: ast.Module) -> list[str]:
    """Public things without a docstring: the module, its functions and classes."""
    missing = ["the module"] if tree.body and not ast.get_docstring(tree) else []
    for node in tree.body:
        public = isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            missing.append(node.name)
    return missing


def named(call: ast.Call) -> dict[str | None, str]:
    """The named arguments of a call, as they are written."""
    return {one.arg: ast.unparse(one.value) for one in call.keywords}


def dangers(call: ast.Call) -> list[str]:
    """What is dangerous in a call: its name, or an argument that is not False."""
    called = ast.unparse(call.func)
    found = [called] if called in DANGEROUS else []
    for one in call.keywords:
        if one.arg in DANGEROUS_NAMES and ast.unparse(one.value) != "False":
            found.append(one.arg)
    return found


def unpacks(node: ast.AST, archives: bool = True) -> bool:
    """Whether a call unpacks an archive; ``extract`` is something else where there are none."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in UNPACKING or (archives and node.func.attr == "extract")
