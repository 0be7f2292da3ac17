"""Brings a database to the schema of this release, in one transaction, or refuses a later release's."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from burstway.errors import StoreError


def migrate(connection: Connection, where: str) -> None:
    """Runs what is missing on this connection, whose transaction the caller commits.

    Raises StoreError, and has changed nothing, when the database is at a revision that is not known here.
    """
    config = Config()
    config.set_main_option("script_location", "burstway.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if found == scripts.get_current_head():
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"the database was written by a later release (revision {found}, here {max(known)})",
            where=where,
            remedy="install that release again, or restore the backup made before it was installed",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
