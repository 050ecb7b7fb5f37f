"""Watch sources for mentions, recognise listed false statements, keep evidence, tell a person."""

__version__ = "0.1.0"
