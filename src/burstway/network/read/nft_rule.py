"""A rule of nftables as rules of a Ruleset: usually one, one for each element of a verdict map.

A rule is a list of statements, read from left to right: matches narrow, a verdict ends it. Statements that
only count, log or write something do not change what becomes of the packet. A rate, a quota, a number of
connections decide like a match, by what happened before: the rule is then `unknown`. So is one that hands
the packet to a program (queue), which may accept or drop it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from burstway.network.read.nft_match import ALWAYS, NEVER, Part, both, key_of, read_match
from burstway.network.read.nft_text import text_of
from burstway.network.read.nft_values import KNOWN, NotDecidableError, Scope, elements
from burstway.network.read.node import Node
from burstway.network.ruleset import FilterRule, Match, Verdict
from burstway.network.space import WITH_PORTS

VERDICTS = {verdict.value: verdict for verdict in Verdict}

NO_EFFECT = frozenset({"counter", "log", "comment", "mangle", "flow", "notrack", "last", "secmark", "dup",
                       "ct helper", "ct timeout", "ct expectation"})  # fmt: skip
ELSEWHERE = frozenset({"queue", "synproxy", "tproxy", "fwd"})
TRANSLATIONS = frozenset({"dnat", "snat", "masquerade", "redirect"})

_FOREIGN = {"xt": "an iptables extension; `iptables-restore-translate` would say it in nft's language"}


def read_rule(rule: Node, label: str, table: str, scope: Scope) -> list[FilterRule]:
    """The rule's outcomes, in order. `table` is put before the chains that it jumps to."""
    found = rule.required("expr")
    part, loose = ALWAYS, NEVER
    for statement in found.each() if found else ():
        if not isinstance(statement.value, dict) or len(statement.value) != 1:
            statement.wrong_type("an object with one field, a statement")
            continue
        [(kind, body)] = statement.value.items()
        ends = _end(part, kind, body, label, table, scope)
        if ends is not None:
            return [*ends, *(_end(loose, kind, body, label, table, scope) or ())]
        loose = _without_ports(part, kind, body) or _narrowed(loose, kind, body, scope)
        part = _narrowed(part, kind, body, scope)
        if not part.matches and not loose.matches:
            return []
    return []


def _end(
    part: Part, kind: str, body: object, label: str, table: str, scope: Scope
) -> list[FilterRule] | None:
    """What a statement that ends the rule makes of the packets; None of one that does not."""
    if kind in VERDICTS:
        return _outcome(part, kind, body, label, table)
    if kind == "vmap":
        return list(_verdict_map(part, body, label, table, scope))
    if kind in ELSEWHERE:
        part = replace(part, unknown=_joined(part.unknown, f"{text_of({kind: body})} decides"))
        return [
            *_outcome(part, "accept", None, label, table),
            *_outcome(part, "drop", None, label, table),
        ]
    if kind in TRANSLATIONS:
        return _outcome(part, "accept", None, label, table)
    return None


def _without_ports(part: Part, kind: str, body: object) -> Part | None:
    """What a match of `th` finds in a packet whose protocol has no ports: whatever bytes are there."""
    if kind != "match" or not isinstance(body, dict) or not key_of(body.get("left")).startswith("th "):
        return None
    others = both(part, Part((Match(KNOWN - WITH_PORTS),)))
    return replace(
        others, unknown=_joined(others.unknown, f"{text_of({kind: body})} of a packet without ports")
    )


def _narrowed(part: Part, kind: str, body: object, scope: Scope) -> Part:
    """The packets that get past this statement."""
    if kind in NO_EFFECT or (kind == "set" and _only_writes(body)) or _is_comment(kind, body):
        return part
    if kind == "match" and isinstance(body, dict):
        narrowed = read_match(body.get("left"), body.get("op", "=="), body.get("right"), scope)
        try:
            return both(part, narrowed)
        except NotDecidableError as why:
            return replace(part, unknown=_joined(part.unknown, f"a match ({why})"))
    reason = f" ({_FOREIGN[kind]})" if kind in _FOREIGN else ""
    return replace(part, unknown=_joined(part.unknown, text_of({kind: body}) + reason))


def _only_writes(body: object) -> bool:
    """Whether a statement that puts something into a set has no limit of its own."""
    return isinstance(body, dict) and not body.get("stmt")


def _is_comment(kind: str, body: object) -> bool:
    return kind == "xt" and isinstance(body, dict) and body.get("name") == "comment"


def _outcome(part: Part, kind: str, body: object, label: str, table: str) -> list[FilterRule]:
    verdict = VERDICTS[kind]
    if verdict is Verdict.CONTINUE or not part.matches:
        return []
    target = ""
    if verdict in (Verdict.JUMP, Verdict.GOTO):
        named = body.get("target") if isinstance(body, dict) else None
        target = f"{table}/{named}"
    return [FilterRule(part.matches, verdict, label, target, part.unknown)]


def _verdict_map(part: Part, body: object, label: str, table: str, scope: Scope) -> Iterator[FilterRule]:
    """Keys do not overlap, so each element is a rule of its own; `*` is every other key, and comes last."""
    key = body.get("key") if isinstance(body, dict) else None
    data = body.get("data") if isinstance(body, dict) else None
    try:
        pairs = [_pair(each) for each in elements(data, scope)]
    except NotDecidableError as why:
        unknown = replace(part, unknown=_joined(part.unknown, f"{text_of(key)} vmap ({why})"))
        for verdict in ("accept", "drop"):
            yield from _outcome(unknown, verdict, None, label, table)
        return
    keys = [each for each, _ in pairs if each != "*"]
    for value, chosen in sorted(pairs, key=lambda pair: pair[0] == "*"):
        match = read_match(key, "!=", keys, scope) if value == "*" else read_match(key, "==", value, scope)
        yield from _element(part, match, value, chosen, label, table)


def _element(
    part: Part, match: Part, value: object, verdict: object, label: str, table: str
) -> Sequence[FilterRule]:
    kind, body = _verdict(verdict)
    try:
        narrowed = both(part, match)
    except NotDecidableError as why:
        narrowed = replace(part, unknown=_joined(part.unknown, f"a verdict map ({why})"))
    label = f"{label}, for {text_of(value)}"
    if kind in VERDICTS:
        return _outcome(narrowed, kind, body, label, table)
    narrowed = replace(narrowed, unknown=_joined(narrowed.unknown, f"{text_of({kind: body})} decides"))
    return [
        *_outcome(narrowed, "accept", None, label, table),
        *_outcome(narrowed, "drop", None, label, table),
    ]


def _verdict(value: object) -> tuple[str, object]:
    if isinstance(value, dict) and len(value) == 1:
        [(kind, body)] = value.items()
        return kind, body
    return "an unknown verdict", None


def _pair(element: object) -> tuple[object, object]:
    if not isinstance(element, list) or len(element) != 2:
        raise NotDecidableError("an element that is no pair")
    key, verdict = element
    if isinstance(key, dict) and key.keys() == {"elem"} and isinstance(key["elem"], dict):
        key = key["elem"].get("val")
    return key, verdict


def _joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)
