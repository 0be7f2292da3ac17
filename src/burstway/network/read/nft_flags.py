"""TCP's flags in the first packet of a connection: SYN, and none of FIN, RST, ACK, PSH, URG.

RFC 9293, 3.5. ECN's two bits (RFC 3168, 6.1.1) may be set as well or not: what depends on them is not
decidable.
"""

from burstway.network.read.nft_values import NotDecidableError

FLAGS = frozenset({"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"})
_FIRST = frozenset({"syn"})
_UNCERTAIN = frozenset({"ecn", "cwr"})
_FIELD = {"payload": {"protocol": "tcp", "field": "flags"}}


def of(left: object) -> frozenset[str]:
    """Which flags an expression looks at: the mask of `tcp flags & (…)`, all of them without one; none if it
    is not about flags."""
    if left == _FIELD:
        return FLAGS
    if isinstance(left, dict) and left.keys() == {"&"} and isinstance(left["&"], list):
        match left["&"]:
            case [field, mask] if field == _FIELD:
                try:
                    return _set(mask)
                except NotDecidableError:
                    return frozenset({"unknown"})
    return frozenset()


def holds(mask: frozenset[str], op: object, right: object) -> bool:
    """Whether the first packet's flags under this mask are as the match wants them."""
    wanted = _set(right)
    if not mask <= FLAGS:
        raise NotDecidableError
    if op in ("in", "!"):  # any of them is set, or none
        if not wanted & _FIRST and wanted & _UNCERTAIN:
            raise NotDecidableError
        return bool(wanted & _FIRST) is (op == "in")
    if op not in ("==", "!="):
        raise NotDecidableError
    certain = mask - _UNCERTAIN
    same = _FIRST & certain == wanted & certain
    if same and mask & _UNCERTAIN:
        raise NotDecidableError
    return same is (op == "==")


def _set(value: object, depth: int = 0) -> frozenset[str]:
    if value == 0 and type(value) is int:
        return frozenset()
    if isinstance(value, str) and value in FLAGS:
        return frozenset({value})
    if isinstance(value, dict) and value.keys() == {"|"}:
        value = value["|"]
    if isinstance(value, list) and depth < 16:
        return frozenset(flag for each in value for flag in _set(each, depth + 1))
    raise NotDecidableError
