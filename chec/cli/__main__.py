"""`python -m chec.cli` is `chec`."""

from chec.cli import main

main()
