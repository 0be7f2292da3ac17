"""The text of a document to a JSON value, or problems with line and column.

Documents come from people and from other programs. The limits keep a wrong file from costing minutes or the
process: size, depth, and numbers of any length.
"""

import json
from collections import Counter

from burstway.network.read.findings import Findings, Place, shown

MOST_BYTES = 8 * 2**20
MOST_DEPTH = 60
"""Real documents are 12 deep."""


class _RefusedError(ValueError):
    """Something that JSON, or Python's reading of it, allows and these documents never have."""


def parse(name: str, text: str, findings: Findings) -> object:
    """The value, or None after a problem. A document that is only `null` is a problem too."""
    place = Place(name)
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        findings.problem(
            place, f"is larger than {MOST_BYTES // 2**20} MiB", "split it: one document for each kind"
        )
        return None
    text = text.removeprefix("\ufeff")  # PowerShell writes it
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _syntax(place, text, error, findings)
        return None
    except _RefusedError as error:
        findings.problem(place, str(error))
        return None
    except ValueError:
        findings.problem(place, "has a number of thousands of digits")
        return None
    except RecursionError:
        findings.problem(place, f"is nested deeper than {MOST_DEPTH}")
        return None
    if _too_deep(value):
        findings.problem(place, f"is nested deeper than {MOST_DEPTH}")
        return None
    if value is None:
        findings.problem(place, "is null: there is nothing in it")
    return value


def _syntax(place: Place, text: str, error: json.JSONDecodeError, findings: Findings) -> None:
    if not text.strip():
        findings.problem(place, "is empty")
        return
    lines = text.splitlines()
    source = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    findings.problem(
        place,
        f"is not JSON: {error.msg}",
        "give what `az … -o json` or `nft -j list ruleset` prints",
        line=error.lineno,
        column=error.colno,
        source=source if len(source) <= 200 else "",
    )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise _RefusedError(f'an object has the field "{shown(twice)}" twice: one of them would be ignored')
    return made


def _no_constant(name: str) -> object:
    raise _RefusedError(f"{name} is not JSON")


def _too_deep(value: object) -> bool:
    """Level by level, without recursion."""
    level: list[object] = [value]
    for _ in range(MOST_DEPTH + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
