"""Lets Alembic run on a connection that is open already: records/engine.py upgrades at start, nobody by hand."""

from alembic import context

connection = context.config.attributes["connection"]
# Nothing is committed here: whoever has begun the transaction does, and two workers that start at once take turns.
context.configure(connection=connection, transactional_ddl=False, render_as_batch=True)
context.run_migrations()
