"""The benchmark lies beside ``src``; a plain ``pytest`` does not see it otherwise."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
