"""Templates are kept, and clusters know the values that they were imported with."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "templates",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="templates_key"),
    )
    with op.batch_alter_table("clusters", recreate="always") as clusters:
        clusters.add_column(sa.Column("file", sa.Text(), nullable=False, server_default=""))
        clusters.add_column(sa.Column("section", sa.Text(), nullable=False, server_default=""))
        clusters.add_column(sa.Column("parameters", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("clusters", recreate="always") as clusters:
        for name in ("file", "section", "parameters"):
            clusters.alter_column(name, server_default=None)
