"""Races and measurements: ``./dev bench NAME``; without a name, a list of them."""

import sys
from importlib import import_module
from pathlib import Path

NOT_RACES = ("__init__", "__main__")


def races() -> dict[str, str]:
    """Modules of this folder that have a ``main``, with the first line of their description."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.stem not in NOT_RACES and "\ndef main(" in text:
            found[path.stem] = text.strip('"\n').splitlines()[0].rstrip('"')
    return found


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
