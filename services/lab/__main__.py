"""`python -m services.lab` is the command `lab`."""

from services.lab.cli import main

main()
