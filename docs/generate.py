"""Writes the documents that are printed from the code: `python -m docs.generate`. A test holds them to it."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from burstway import errors
from burstway.lifecycle import states
from burstway.model.node import State
from burstway.settings import Settings

FOLDER = Path(__file__).parent
NOTE = "<!-- Printed from the code: python -m docs.generate -->"


def states_document() -> str:
    lines = ["# The life of a node", "", NOTE, "", "```mermaid", *states.diagram(), "```", ""]
    theory = inspect.getdoc(states) or ""
    meanings = [
        line.split(maxsplit=1) for line in theory.splitlines() if line.startswith("  ") and line.strip()
    ]
    lines += ["| state | what is known |", "| --- | --- |"]
    lines += [
        f"| {words[0]} | {words[1]} |" for words in meanings if words[0] in list(State) and words[1][0] != "→"
    ]
    return "\n".join(lines) + "\n"


def errors_document() -> str:
    lines = ["# Errors", "", NOTE, ""]
    lines += [
        "The command line prints what happened, where, and what to do next, and ends with code 2. The API"
    ]
    lines += ["answers with JSON: `code`, `what`, `where`, `remedy`.", ""]
    lines += ["| code | HTTP status | |", "| --- | --- | --- |"]
    for kind in _subclasses(errors.BurstwayError):
        if kind.__module__ == errors.__name__:
            lines.append(f"| `{kind.code}` | {kind.status} | {kind.__name__} |")
    theory = inspect.getdoc(errors) or ""
    return "\n".join([*lines, "", "```", theory, "```"]) + "\n"


def settings_document() -> str:
    lines = ["# burstway.toml", "", NOTE, "", inspect.cleandoc(Settings.__doc__ or ""), ""]
    for name, field in Settings.model_fields.items():
        section = _section(field)
        lines += [f"## [{name}]" + ("" if field.is_required() else " (optional)"), ""]
        lines += [inspect.cleandoc(section.__doc__ or ""), "", "| key | default | |", "| --- | --- | --- |"]
        for key, each in section.model_fields.items():
            lines.append(f"| `{key}` | {_default(each)} | {each.description or ''} |")
        lines.append("")
    return "\n".join(lines)


DOCUMENTS = {
    "states.md": states_document,
    "errors.md": errors_document,
    "settings.md": settings_document,
}


def main() -> None:
    for name, render in DOCUMENTS.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")


def _subclasses(kind: type[errors.BurstwayError]) -> Iterator[type[errors.BurstwayError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _subclasses(each)


def _section(field: FieldInfo) -> type[BaseModel]:
    kinds = getattr(field.annotation, "__args__", (field.annotation,))
    return next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None or value is PydanticUndefined else f"`{value}`"


if __name__ == "__main__":
    main()
