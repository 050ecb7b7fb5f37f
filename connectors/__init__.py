"""Built-in connectors, one module a source, found through entry points like any stranger's."""
