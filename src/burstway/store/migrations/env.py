"""Alembic runs this file for every command: the migrations, on the connection that store.migrate hands over.

There is no alembic.ini, no logging configuration and no offline mode: only Burstway itself migrates.
"""

from alembic import context

from burstway.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
