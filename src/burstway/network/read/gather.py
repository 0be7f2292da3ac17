"""All resources of all documents, by kind, before any is read: names and references need all of them."""

from dataclasses import dataclass, field

from burstway.network.read.findings import shown
from burstway.network.read.kinds import COMMANDS, SUPPORTED, Kind, Other, kind_of, other_kind, types_of
from burstway.network.read.names import Names, ids_in, parse_id
from burstway.network.read.node import Node


@dataclass(slots=True)
class Resource:
    """`extra` are its parts that stand outside of it, by the field that they belong into."""

    name: str
    node: Node
    extra: dict[str, list[Node]] = field(default_factory=dict)

    def parts(self, key: str) -> list[Node]:
        return self.node.items(key) + self.extra.get(key, [])


@dataclass(slots=True)
class Gathered:
    names: Names = field(default_factory=Names)
    others: dict[Other, list[Node]] = field(default_factory=dict)
    resources: dict[Kind, dict[str, Resource]] = field(default_factory=dict)
    _nodes: list[tuple[Kind, str, Node, str]] = field(default_factory=list)

    def of(self, kind: Kind) -> list[Resource]:
        return list(self.resources.get(kind, {}).values())

    def add(self, document: Node) -> None:
        """A document of whatever kind."""
        if isinstance(document.value, list):
            for each in document.each():
                self._add_resource(each)
            if not document.value:
                document.note("is an empty list")
            return
        if not isinstance(document.value, dict):
            document.wrong_type("an object or a list")
            return
        other = other_kind(set(document.value))
        if other is Other.TEMPLATE:
            self._add_template(document)
        elif other is not None:
            self.others.setdefault(other, []).append(document)
        elif isinstance(document.value.get("value"), list):
            self._add_page(document)
        else:
            self._add_resource(document)

    def _add_page(self, document: Node) -> None:
        """A list as REST gives it."""
        if document.value.get("nextLink"):  # type: ignore[attr-defined]  # it is a dict here
            document.problem(
                "is the first page of a longer list",
                "give all pages, or what `az … list` prints: it follows them",
            )
        self.add(document.required("value") or document)

    def _add_template(self, document: Node, parent: Node | None = None) -> None:
        found = document.required("resources")
        if found is None:
            return
        if isinstance(found.value, dict):  # languageVersion 2.0 has names for them
            inner = [Node(v, found.place.field(k), found.findings) for k, v in found.value.items()]
        else:
            inner = list(found.each())
        for each in inner:
            if isinstance(each.value, dict):
                self._add_of_template(each, parent)
            else:
                each.wrong_type("an object, a resource")

    def _add_of_template(self, resource: Node, parent: Node | None) -> None:
        if parent is not None:
            self._add_inner(resource, parent)
            return
        kind, child = kind_of(resource)
        if kind is None:
            named = "/".join(types_of(resource)) or "without a type"
            resource.note(f"a resource {shown(named)} is not read")
            return
        if not _is_deployed(resource):
            return
        self._nodes.append((kind, child, resource, ""))
        if resource.get("resources") is not None:
            self._add_template(resource, resource)

    def _add_inner(self, resource: Node, parent: Node) -> None:
        """A resource inside of its parent: its type and name go on where the parent's end."""
        kind, _ = kind_of(parent)
        types = types_of(resource)
        stated = {"type": f"Microsoft.Network/{kind}/{types[-1] if types else ''}"}
        full = Node({**resource.value, **stated}, resource.place, resource.findings)  # type: ignore[dict-item]
        found, child = kind_of(full)
        if found is None or not child:
            resource.note("a resource inside of this one is not read")
        else:
            self._nodes.append((found, child, full, parent.text("name")))

    def _add_resource(self, resource: Node) -> None:
        if not isinstance(resource.value, dict):
            resource.wrong_type("an object, a resource of Azure")
            return
        kind, child = kind_of(resource)
        if kind is None:
            named = "/".join(types_of(resource))
            what = f"is a {shown(named)}" if named else f"has the fields {_fields(resource)}"
            resource.problem(f"is of a kind that is not read: it {what}", SUPPORTED)
        else:
            self._nodes.append((kind, child, resource, ""))

    def finish(self, documents: list[object]) -> None:
        """Names for all, and parts to their parents. To be called when all documents are added."""
        own = (node.get("id") for _, _, node, _ in self._nodes)
        self.names.learn(each.value for each in own if each is not None and isinstance(each.value, str))
        for value in documents:
            self.names.learn(ids_in(value))
        for kind, child, node, _ in self._nodes:
            if not child:
                self._keep(kind, node)
        for kind, child, node, parent in self._nodes:
            if child:
                self._attach(kind, child, node, parent)

    def _keep(self, kind: Kind, node: Node) -> None:
        name = self.name_of(node)
        if not name:
            node.problem("has neither an id nor a name")
            return
        kept = self.resources.setdefault(kind, {})
        if (before := kept.get(name)) is None:
            kept[name] = Resource(name, node)
        elif before.node.value == node.value:
            node.note(f"is {name} of {before.node.where} again, and the same")
        else:
            node.problem(
                f"{COMMANDS[kind]} {shown(name)} is also described at {before.node.where}, differently"
            )

    def name_of(self, node: Node) -> str:
        """Of a top resource: by its id, and by its name where it has none."""
        identity = node.get("id")
        if identity is not None and (text := identity.as_text()):
            if (found := parse_id(text)) is not None:
                return self.names.of(found)
            identity.problem(f"{shown(text)} is not the id of a resource of Microsoft.Network")
        return node.text("name")

    def _attach(self, kind: Kind, child: str, node: Node, parent: str) -> None:
        if not parent:
            identity = parse_id(node.text("id")) if node.get("id") else None
            parent = self.names.of(identity) if identity else node.text("name").partition("/")[0]
        known = {name.lower(): each for name, each in self.resources.get(kind, {}).items()}
        if (resource := known.get(parent.lower())) is None:
            node.problem(
                f"belongs to {COMMANDS[kind]} {shown(parent)}, which is not among the documents",
                f"give `az network {COMMANDS[kind]} list -o json` as well",
            )
            return
        inside = resource.node.items(child)
        if all(each.value != node.value for each in inside):
            resource.extra.setdefault(child, []).append(node)


def _is_deployed(resource: Node) -> bool:
    """Whether a resource of a template has no condition, or one that is true."""
    condition = resource.get("condition")
    if condition is not None and not isinstance(condition.value, bool):
        condition.as_text()  # says that it is an expression
    if condition is not None and condition.value is False:
        resource.note("has a condition that is false, and is not read")
        return False
    return True


def _fields(resource: Node) -> str:
    names = [shown(key) for key in list(resource.value)[:5]] if isinstance(resource.value, dict) else []
    return ", ".join(names) or "of nothing"
