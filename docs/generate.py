"""Writes the documents that are printed from the code: `python -m docs.generate`. A test holds them to it."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from burstway import errors
from burstway.flows.profiles import ALL
from burstway.flows.table import Flow, Need, Profile
from burstway.lifecycle import states
from burstway.model.node import State
from burstway.settings import Settings
from docs.template_tables import refilled

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
    lines += [
        "answers with JSON: `code`, `what`, `where`, `remedy`. With `--json` a command prints these too, as",
        '`{"error": …}` on standard output.',
        "",
    ]
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


FLOWS_INTRODUCTION = """\
Every network connection that must exist is a row here. "from" opens the connection to "to"; answers travel
back on it and need no rule in a stateful firewall. Rules, proofs and probes are made from the same rows.

* "always": whoever uses the profile needs it. "when" says in which case it is needed, and "optional" that
  many sites do without: such a row is opened and proved only where `network.optional` in burstway.toml names
  it. Of the others, `network.without` leaves out those that a site does not need.
* **Never opened** marks a row that some document lists and nothing uses: it is here to be recognized, with
  the reason, and no rule is made from it.
* "mode" is who opens the control connection: simplified, the node; classic, the control plane. A row without
  a mode is needed in both.
"""


def flows_document() -> str:
    lines = ["# Flows", "", NOTE, "", FLOWS_INTRODUCTION, "| profile | for |", "| --- | --- |"]
    lines += [f"| [`{profile.name}`](#{profile.name}) | {profile.title} |" for profile in ALL]
    for profile in ALL:
        lines += ["", *_profile(profile)]
    return "\n".join(lines) + "\n"


def templates_document() -> str:
    """The page as people write it, with its tables printed anew."""
    return refilled((FOLDER / "templates.md").read_text(encoding="utf-8"))


DOCUMENTS = {
    "flows.md": flows_document,
    "states.md": states_document,
    "errors.md": errors_document,
    "settings.md": settings_document,
    "templates.md": templates_document,
}


def main() -> None:
    for name, render in DOCUMENTS.items():
        (FOLDER / name).write_text(render(), encoding="utf-8")


def _profile(profile: Profile) -> Iterator[str]:
    yield f"## {profile.name}"
    yield f"\n**{profile.title}.** {_cell(profile.about)}\n"
    yield "| name | from | to | protocol, ports | mode | needed | purpose | source |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    yield from (_flow(row) for row in profile.rows)


def _flow(row: Flow) -> str:
    match row.need:
        case Need.PHANTOM:
            name, needed = f"~~`{row.name}`~~", f"**Never opened:** {row.when}"
        case Need.OPTIONAL:
            name, needed = f"`{row.name}`", f"optional, when {row.when}"
        case Need.REQUIRED:
            name, needed = f"`{row.name}`", row.when if row.when == "always" else f"when {row.when}"
    cells = [name, row.source, row.target, row.service, row.mode or "", needed, row.purpose, _source(row)]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _source(row: Flow) -> str:
    """A link that shows where it leads: the host of an address, or the name of a text beside this one."""
    if row.document.startswith("docs/"):
        name = row.document.removeprefix("docs/")
        return f"[{name}]({name})"
    return f"[{urlsplit(row.document).hostname}]({row.document})"


def _cell(text: str) -> str:
    """What Markdown would take for its own is escaped."""
    return text.replace("\\", "\\\\").replace("|", "\\|")


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
