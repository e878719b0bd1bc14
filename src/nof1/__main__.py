"""``python -m nof1`` is the command ``nof1``."""

from nof1.cli import main

main()
