"""The house rules that a machine can check: floors, cycles, sizes, docstrings, dangerous calls."""

import re
from pathlib import Path

import pytest

from source_facts import FILES, ROOT, SOURCE, facts, facts_of, name_of, roots

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
DANGEROUS_MODULES = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}


def module_of(path: Path) -> str:
    parts = ("nof1", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_downward(path):
    room = path.relative_to(SOURCE).parts[0]
    if room not in FLOORS:
        return  # nof1/__init__.py and __main__.py stand above all rooms
    for module in facts(path).imports:
        other = module.split(".")[1] if module.startswith("nof1.") else room
        if other in (room, "__version__") or (room, other) in SIBLINGS_ALLOWED:
            continue
        assert FLOORS[other] < FLOORS[room], f"{room} may not import {module}"


def test_there_is_no_import_cycle():
    graph = {
        module: (facts(path).loaded & set(MODULES)) - {module} for module, path in MODULES.items()
    }
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
    for name, lines in facts(path).functions:
        assert lines <= 60, f"{name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_public_things_have_docstrings(path):
    assert facts(path).undocumented == ()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_dangerous_is_called(path):
    assert not roots(facts(path).imports) & DANGEROUS_MODULES
    assert facts(path).dangerous == ()


@pytest.mark.parametrize(
    "text",
    [
        "eval(x)",
        "yaml.load(x)",
        "os.system(x)",
        "run(x, shell=True)",
        "np.load(x, allow_pickle=yes)",
        "def f():\n    class A:\n        exec(x)",
    ],
)
def test_what_is_dangerous_would_be_seen(text):
    assert facts_of(text).dangerous
    assert not facts_of("run(x, shell=False); np.load(x); re.compile(x)").dangerous


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
