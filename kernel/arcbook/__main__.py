"""`python -m arcbook`: the command `arcbook` where no scripts are on the path."""

from arcbook.cli import main

main()
