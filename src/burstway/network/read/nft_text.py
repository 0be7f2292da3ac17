"""A part of a rule for people, close to how nft writes it: `icmp type == echo-request`, `limit rate 10`."""

import json
from collections.abc import Callable, Mapping

_LONGEST = 160


def text_of(value: object) -> str:
    """Never fails; cut where it is long."""
    text = _text(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if not isinstance(value, dict) or len(value) != 1:
        return json.dumps(value, separators=(",", ":"))
    [(kind, body)] = value.items()
    if isinstance(body, list) and kind in _LISTS:
        return _LISTS[kind]([_text(each) for each in body])
    return f"{kind} {_words(body)}".strip()


_LISTS: Mapping[str, Callable[[list[str]], str]] = {
    "range": "-".join,
    "concat": " . ".join,
    "set": lambda texts: f"{{ {', '.join(texts)} }}",
    "&": " & ".join,
    "|": "|".join,
}


def _words(body: object) -> str:
    """The values of an object, with their names where these say more than `key`."""
    if body is None:
        return ""
    if not isinstance(body, dict):
        return _text(body)
    if body.keys() == {"addr", "len"}:
        return f"{body['addr']}/{body['len']}"
    plain = {"key", "protocol", "field", "left", "right"}
    return " ".join(_text(each) if key in plain else f"{key} {_text(each)}" for key, each in body.items())
