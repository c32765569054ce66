"""``python -m carryover``."""

from carryover.cli import main

main()
