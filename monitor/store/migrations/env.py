"""Run the steps on the connection that was handed in, inside its transaction."""

from __future__ import annotations

from alembic import context


def migrate() -> None:
    """Run what `monitor.store.migrate` asked for."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    context.run_migrations()


# Alembic runs this file under this name; importing it does nothing.
if __name__ == "env_py":
    migrate()
