"""A value of a JSON document that knows where it stands.

Asking a node for a field of the wrong type records a problem and gives a harmless value, so that reading goes
on and all problems are found at once. Two habits of Azure are dealt with here: field names are compared
without regard to case (`enableIPForwarding`, `enableIpForwarding`), and what REST nests under `properties`
the command line prints flat, so a field is looked for in both. `null` is absent.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from burstway.network.read.findings import Findings, Place, printable, shown

T = TypeVar("T")

_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number"}


class Node:
    __slots__ = ("_fields", "findings", "place", "value")

    def __init__(self, value: object, place: Place, findings: Findings) -> None:
        self.value = value
        self.place = place
        self.findings = findings
        self._fields: dict[str, Node] | None = None

    @property
    def where(self) -> str:
        return str(self.place)

    @property
    def fields(self) -> Mapping[str, "Node"]:
        """By lower-case name, without those that are null; those under `properties` too."""
        if self._fields is None:
            self._fields = self._read_fields()
        return self._fields

    def _read_fields(self) -> dict[str, "Node"]:
        if not isinstance(self.value, dict):
            self.wrong_type("an object")
            return {}
        own = {
            key.lower(): Node(each, self.place.field(key), self.findings)
            for key, each in self.value.items()
            if each is not None
        }
        nested = own.pop("properties", None)
        return own if nested is None else {**nested._read_fields(), **own}

    def wrong_type(self, expected: str) -> None:
        found = "null" if self.value is None else _NAMES.get(type(self.value), "a number")
        self.problem(f"expected {expected}, found {found}")

    def problem(self, what: str, remedy: str = "") -> None:
        self.findings.problem(self.place, what, remedy)

    def note(self, what: str) -> None:
        self.findings.note(self.place, what)

    def get(self, key: str) -> "Node | None":
        return self.fields.get(key.lower())

    def required(self, key: str) -> "Node | None":
        """The field, or None and a problem."""
        if (found := self.get(key)) is None and isinstance(self.value, dict):
            self.problem(f"has no {key}")
        return found

    def as_text(self) -> str:
        """A literal text. An expression of a deployment template is a problem: its value is not known."""
        if not isinstance(self.value, str):
            self.wrong_type("a text")
            return ""
        if is_expression(self.value):
            self.problem(
                f"{shown(self.value)} is an expression, and only the deployment knows its value",
                "give the deployed resource instead, as `az network … list -o json` prints it",
            )
            return ""
        if not self.value.isprintable():
            self.problem(f"{shown(self.value)} has a character that cannot be shown")
            return ""
        return self.value[1:] if self.value.startswith("[[") else self.value

    def text(self, key: str) -> str:
        """The text of a field, "" where there is none."""
        found = self.get(key)
        return found.as_text() if found else ""

    def remark(self, key: str) -> str:
        """What a person wrote into a field for people; of any other type, nothing."""
        found = self.get(key)
        return printable(found.value) if found and isinstance(found.value, str) else ""

    def flag(self, key: str, default: bool = False) -> bool:
        found = self.get(key)
        if found is None:
            return default
        if not isinstance(found.value, bool):
            found.wrong_type("true or false")
            return default
        return found.value

    def whole(self, key: str) -> int | None:
        """The whole number of a field that must be there, or None and a problem."""
        found = self.required(key)
        if found is None:
            return None
        if type(found.value) is not int:
            if isinstance(found.value, float):
                found.problem(f"{found.value} is not a whole number")
            else:
                found.wrong_type("a number")
            return None
        return found.value

    def choice(self, key: str, choices: Mapping[str, T]) -> T | None:
        """What a text stands for, compared without regard to case; None and a problem if for nothing."""
        found = self.required(key)
        if found is None or not (text := found.as_text()):
            if found is not None and found.value == "":
                found.problem(f"is empty and not one of {', '.join(choices)}")
            return None
        for name, meaning in choices.items():
            if name.lower() == text.lower():
                return meaning
        found.problem(f"{shown(text)} is not one of {', '.join(choices)}")
        return None

    def items(self, key: str) -> list["Node"]:
        """The items of a field that is a list, none where there is none."""
        found = self.get(key)
        return list(found.each()) if found else []

    def each(self) -> Iterator["Node"]:
        """The items of this list."""
        if not isinstance(self.value, list):
            self.wrong_type("a list")
            return
        for index, item in enumerate(self.value):
            yield Node(item, self.place.item(index), self.findings)


def is_expression(text: str) -> bool:
    """Whether Azure's deployment would compute it: `[…]`, but `[[` is a bracket that is meant."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")
