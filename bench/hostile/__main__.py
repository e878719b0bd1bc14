"""So that the bench can start itself again for one family."""

import sys

from bench.hostile import main

main(sys.argv[1:])
