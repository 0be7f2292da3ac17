"""Nodes know what is wrong with their network, and when that was found out."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A column that is never NULL needs a value for the rows that are there; the schema has no default."""
    with op.batch_alter_table("nodes", recreate="always") as nodes:
        nodes.add_column(sa.Column("trouble", sa.Text(), nullable=False, server_default=""))
        nodes.add_column(sa.Column("explained_at", sa.Double(), nullable=False, server_default="0"))
    with op.batch_alter_table("nodes", recreate="always") as nodes:
        nodes.alter_column("trouble", server_default=None)
        nodes.alter_column("explained_at", server_default=None)
