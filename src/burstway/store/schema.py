"""The tables. A change here needs a migration beside it (migrations/versions), and a test compares the two.

The columns of nodes, events and rentals are the fields of Node, NodeEvent and Rental, by name and in order,
so that a row is an object's arguments and a field added there cannot be forgotten here.

No row of nodes, events or rentals belongs to a row of clusters: a deleted cluster's machines may still bill,
its stories are still read, and a node's generation must go on counting, for it makes each key new.
"""

from dataclasses import fields
from typing import Any, get_type_hints

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Enum,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from burstway.contracts import Rental
from burstway.model.node import Node, NodeEvent, Origin, State


def _words(kind: type[State] | type[Origin]) -> Enum:
    """Words of an enumeration, stored as they are written and read back as its members."""
    return Enum(
        kind, native_enum=False, length=16, values_callable=lambda members: [m.value for m in members]
    )


_TYPES: dict[type, TypeEngine[Any]] = {
    str: Text(),
    int: Integer(),
    float: Double(),
    bool: Boolean(),
    State: _words(State),
    Origin: _words(Origin),
}


def _columns(kind: type, primary: str = "") -> list[Column[Any]]:
    """One column for each field of the dataclass, none of them ever NULL."""
    hints = get_type_hints(kind)
    return [
        Column(f.name, _TYPES[hints[f.name]], primary_key=f.name == primary, nullable=False)
        for f in fields(kind)
    ]


metadata = MetaData(
    naming_convention={"pk": "%(table_name)s_key", "uq": "%(table_name)s_%(column_0_name)s_once"}
)


def _source_columns() -> list[Column[Any]]:
    """Those of contracts.ClusterSource, whose `text` is the column `source`."""
    return [
        Column("source", Text(), nullable=False),
        Column("file", Text(), nullable=False),
        Column("section", Text(), nullable=False),
        Column("parameters", JSON(), nullable=False),
    ]


clusters = Table(
    "clusters",
    metadata,
    Column("name", Text(), primary_key=True),
    Column("model", JSON(), nullable=False),
    *_source_columns(),
)

templates = Table("templates", metadata, Column("name", Text(), primary_key=True), *_source_columns())

nodes = Table("nodes", metadata, *_columns(Node, primary="name"))

events = Table(
    "events",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    *_columns(NodeEvent),
    Index("events_of_node", "node", "number"),
    sqlite_autoincrement=True,  # a number is never given twice, whatever is deleted
)

rentals = Table("rentals", metadata, *_columns(Rental, primary="key"))

still_running = rentals.c.ended_at == literal_column("0")
"""Written without a parameter: only so does SQLite see that the index below answers it."""

Index("rentals_running", rentals.c.started_at, sqlite_where=still_running, postgresql_where=still_running)

people = Table(
    "people",
    metadata,
    Column("name", Text(), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("token_hash", Text(), nullable=False, unique=True),
)
