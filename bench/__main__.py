"""Races and measurements: ``./dev bench NAME``; without a name, a list of them."""

import sys
from importlib import import_module
from pathlib import Path

NOT_RACES = ("__init__", "__main__")


def races() -> dict[str, str]:
    """Modules and packages here that have a ``main``, with the first line of their description."""
    found = {}
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.glob("*/__init__.py")]):
        text = path.read_text(encoding="utf-8")
        name = path.parent.name if path.stem == "__init__" else path.stem
        if path.parent == here and path.stem in NOT_RACES:
            continue
        if "\ndef main(" in text:
            found[name] = text.strip('"\n').splitlines()[0].rstrip('"')
    return dict(sorted(found.items()))


def main() -> None:
    """Run one race."""
    known = races()
    if len(sys.argv) < 2 or sys.argv[1] not in known:
        print("Usage: ./dev bench NAME [ARGUMENTS]\n")
        for name, text in known.items():
            print(f"  {name:10} {text}")
        sys.exit(0 if sys.argv[1:] in ([], ["--help"], ["-h"]) else 2)
    import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
