"""contracts.Transaction in SQL, on one connection whose transaction somebody else begins and ends.

A statement that failed ends the transaction: the rows before it may be half a batch, and SQLite may have
rolled back already, after which each further statement would be a transaction of its own.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from burstway.contracts import ClusterSource, Rental
from burstway.errors import StoreError, UnknownError
from burstway.model.cluster import Cluster
from burstway.model.node import Node, NodeEvent, State
from burstway.store.faults import explained
from burstway.store.rows import (
    Row,
    cluster_from_json,
    cluster_to_json,
    event_rows,
    node_rows,
    rental_rows,
    source_row,
)
from burstway.store.schema import clusters, events, nodes, people, rentals, still_running, templates

_CLUSTER_SOURCE = [clusters.c[name] for name in source_row(ClusterSource())]
_TEMPLATE_SOURCE = [templates.c[name] for name in source_row(ClusterSource())]
_STORY = [column for column in events.c if column.name != "number"]


def _upsert(table: Table) -> Insert:
    """Writes the whole row, whether or not one of its primary key is there."""
    statement = insert(table)
    rest = {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)


_PUT_NODE = _upsert(nodes)
_PUT_CLUSTER = _upsert(clusters)
_PUT_TEMPLATE = _upsert(templates)
_PUT_PERSON = _upsert(people)
_START_RENTAL = insert(rentals).on_conflict_do_nothing(index_elements=["key"])
_END_RENTAL = update(rentals).where(still_running, rentals.c.key == bindparam("rental"))
_TOUCH = update(nodes).where(nodes.c.name == bindparam("node")).values(seen_at=bindparam("at"))


class SqliteTransaction:
    """Valid inside the `with` that handed it out. `failed` once a statement of it has failed."""

    def __init__(self, connection: Connection, path: Path, *, writing: bool) -> None:
        self._connection = connection
        self._path = path
        self._writing = writing
        self.failed = False

    def clusters(self) -> tuple[Cluster, ...]:
        rows = self._rows(select(clusters.c.model).order_by(clusters.c.name))
        return tuple(cluster_from_json(model) for (model,) in rows)

    def cluster_source(self, name: str) -> ClusterSource:
        rows = self._rows(select(*_CLUSTER_SOURCE).where(clusters.c.name == name))
        if not rows:
            raise UnknownError(f"there is no cluster {name!r}", remedy="import it first")
        return ClusterSource(*rows[0])

    def put_cluster(self, cluster: Cluster, source: ClusterSource) -> None:
        row = {"name": cluster.name, "model": cluster_to_json(cluster), **source_row(source)}
        self._write(_PUT_CLUSTER, [row])

    def delete_cluster(self, name: str) -> None:
        self._write(delete(clusters).where(clusters.c.name == bindparam("cluster")), [{"cluster": name}])

    def templates(self) -> dict[str, ClusterSource]:
        """By name, in the order of the names."""
        rows = self._rows(select(templates.c.name, *_TEMPLATE_SOURCE).order_by(templates.c.name))
        return {name: ClusterSource(*source) for name, *source in rows}

    def template(self, name: str) -> ClusterSource | None:
        rows = self._rows(select(*_TEMPLATE_SOURCE).where(templates.c.name == name))
        return ClusterSource(*rows[0]) if rows else None

    def put_template(self, name: str, source: ClusterSource) -> None:
        self._write(_PUT_TEMPLATE, [{"name": name, **source_row(source)}])

    def delete_template(self, name: str) -> bool:
        """Whether there was one."""
        gone = delete(templates).where(templates.c.name == bindparam("template"))
        return self._write(gone, [{"template": name}]) > 0

    def node(self, name: str) -> Node | None:
        rows = self._rows(select(nodes).where(nodes.c.name == name))
        return Node(*rows[0]) if rows else None

    def nodes(self, names: Collection[str] | None = None, *, live: bool = False) -> list[Node]:
        """By cluster, array and index. Names that have no row are left out; each comes once."""
        wanted = select(nodes).order_by(
            nodes.c.cluster, nodes.c.array, func.length(nodes.c.name), nodes.c.name
        )
        if names is not None:  # one parameter however many names: SQLite bounds the number of parameters
            listed = func.json_each(json.dumps(list(names))).table_valued("value")
            wanted = wanted.where(nodes.c.name.in_(select(listed.c.value)))
        if live:
            wanted = wanted.where(nodes.c.state != State.GONE)
        return [Node(*row) for row in self._rows(wanted)]

    def save(self, changes: Iterable[tuple[Node, NodeEvent]]) -> None:
        pairs = list(changes)
        self._write(_PUT_NODE, node_rows(node for node, _ in pairs))
        self._write(events.insert(), event_rows(event for _, event in pairs))

    def touch(self, seen: Mapping[str, float]) -> None:
        self._write(_TOUCH, [{"node": name, "at": at} for name, at in seen.items()])

    def story(self, node: str, most: int = 1000) -> list[NodeEvent]:
        """The last `most` lines, the oldest of them first."""
        latest = select(*_STORY).where(events.c.node == node).order_by(events.c.number.desc()).limit(most)
        return [NodeEvent(*row) for row in reversed(self._rows(latest))]

    def events_after(self, number: int, most: int = 1000) -> list[tuple[int, NodeEvent]]:
        """The first `most` lines of any story with a greater number, as they were written."""
        later = select(events).where(events.c.number > number).order_by(events.c.number).limit(most)
        return [(row[0], NodeEvent(*row[1:])) for row in self._rows(later)]

    def start_rentals(self, rentals: Iterable[Rental]) -> None:
        self._write(_START_RENTAL, rental_rows(rentals))

    def end_rentals(self, keys: Iterable[str], now: float) -> None:
        self._write(_END_RENTAL, [{"rental": key, "ended_at": now} for key in keys])

    def rentals(self, *, running: bool = False) -> list[Rental]:
        """In the order in which they began."""
        wanted = select(rentals).order_by(rentals.c.started_at, rentals.c.key)
        return [Rental(*row) for row in self._rows(wanted.where(still_running) if running else wanted)]

    def put_person(self, name: str, role: str, token_hash: str) -> None:
        """A new person, or a new role and token for a known one. ConflictError: it is another one's token."""
        self._write(_PUT_PERSON, [{"name": name, "role": role, "token_hash": token_hash}])

    def delete_person(self, name: str) -> bool:
        gone = delete(people).where(people.c.name == bindparam("person"))
        return self._write(gone, [{"person": name}]) > 0

    def person(self, token_hash: str) -> tuple[str, str] | None:
        rows = self._rows(select(people.c.name, people.c.role).where(people.c.token_hash == token_hash))
        return (rows[0][0], rows[0][1]) if rows else None

    def people(self) -> list[tuple[str, str]]:
        return [
            (name, role) for name, role in self._rows(select(people.c.name, people.c.role).order_by("name"))
        ]

    def _rows(self, statement: Executable) -> Sequence[Any]:
        self._check()
        self.failed = True
        with explained(self._path):
            rows = self._connection.execute(statement).all()
        self.failed = False
        return rows

    def _write(self, statement: Executable, rows: list[Row]) -> int:
        """Runs the statement once for each row; the number of rows it changed."""
        self._check()
        if not self._writing:
            raise StoreError("a transaction for reading cannot write", where=str(self._path))
        if not rows:
            return 0
        self.failed = True
        with explained(self._path):
            changed = self._connection.execute(statement, rows).rowcount
        self.failed = False
        return changed

    def _check(self) -> None:
        if self.failed:
            raise StoreError("this transaction has failed before and saves nothing", where=str(self._path))
