"""The command line; heavy imports stay inside commands."""

from monitor.cli.root import app, main

__all__ = ["app", "main"]
