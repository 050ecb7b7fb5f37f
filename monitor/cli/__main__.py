"""Run the command line as `python -m monitor.cli`."""

from monitor.cli.root import main

main()
