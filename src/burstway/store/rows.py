"""Objects to rows and back. Ten thousand nodes a transaction pass here, so no field is looked at twice."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import TypeAdapter

from burstway.contracts import ClusterSource, Rental
from burstway.model.cluster import Cluster
from burstway.model.node import Node, NodeEvent

_CLUSTER = TypeAdapter(Cluster)

T = TypeVar("T")
Row = dict[str, Any]


def _rows_of(kind: type[T]) -> Callable[[Iterable[T]], list[Row]]:
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]  # mypy has no word for "a dataclass"
    values = attrgetter(*names)
    return lambda things: [dict(zip(names, values(thing), strict=True)) for thing in things]


node_rows = _rows_of(Node)
event_rows = _rows_of(NodeEvent)
rental_rows = _rows_of(Rental)


def cluster_to_json(cluster: Cluster) -> dict[str, Any]:
    return asdict(cluster)


def cluster_from_json(model: Mapping[str, Any]) -> Cluster:
    """Also of one that an earlier release kept, which has fewer fields."""
    return _CLUSTER.validate_python(model)


def source_row(source: ClusterSource) -> Row:
    """The columns that tables with a source share."""
    return {
        "source": source.text,
        "file": source.file,
        "section": source.section,
        "parameters": dict(source.parameters),
    }
