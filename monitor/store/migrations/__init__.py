"""Steps from one schema to the next, run by `monitor.store.migrate`."""
