"""The table that a network team is asked to carry out: what crosses the site's firewall, with the reasons.

One row a flow. `direction` is as the site's firewall sees it: answers travel back on the same connection and
need no row. Source of CSV: RFC 4180. A spreadsheet takes a cell that begins with one of `=+-@`, a tab or a
line's end for a formula; an apostrophe before it makes it a text
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from burstway.flows.rules import Place, Places, Rule, crossing, touches
from burstway.flows.table import Flow, Need, Role


class Way(StrEnum):
    OUTBOUND = "outbound, to the cloud"
    INBOUND = "inbound, from the cloud"
    BOTH = "both ways"
    UNPLACED = "not placed"


HEADINGS = ("Flow", "From", "To", "Protocol", "Ports", "Direction", "Purpose", "Needed when", "Source")


@dataclass(frozen=True, slots=True)
class TeamRow:
    """All of it is text, in the order of HEADINGS."""

    name: str
    source: str
    target: str
    protocol: str
    ports: str
    direction: str
    purpose: str
    when: str
    document: str


def team_rows(flows: Iterable[Flow], rules: Iterable[Rule], site: Sequence[IPv4Network]) -> list[TeamRow]:
    """The rules that a border around `site` sees, each with its flow's roles and reasons, outbound ones
    first. A rule is its flow's by the name."""
    rows = {flow.name: flow for flow in flows}
    found = [(_way(rule, site), rule, rows[rule.name]) for rule in crossing(rules, site)]
    order = list(Way)
    return [_row(way, rule, flow) for way, rule, flow in sorted(found, key=lambda each: order.index(each[0]))]


def unplaced_rows(flows: Iterable[Flow], places: Places) -> list[TeamRow]:
    """The flows that no rule could be made for, since one of their roles has no place yet."""
    return [
        _row(Way.UNPLACED, Rule(flow.name, *_ends(flow, places), flow.protocol, flow.ports), flow)
        for flow in flows
    ]


def _ends(flow: Flow, places: Places) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    return tuple(places.get(flow.source, ())), tuple(places.get(flow.target, ()))


def _way(rule: Rule, site: Sequence[IPv4Network]) -> Way:
    ends = [
        (touches([source], site), touches([target], site))
        for source in rule.sources
        for target in rule.targets
    ]
    out, back = (True, False) in ends, (False, True) in ends
    return Way.BOTH if out and back else Way.OUTBOUND if out else Way.INBOUND


def _row(way: Way, rule: Rule, flow: Flow) -> TeamRow:
    return TeamRow(
        name=rule.name,
        source=_end(flow.source, rule.sources),
        target=_end(flow.target, rule.targets),
        protocol=rule.protocol.upper(),
        ports=str(rule.ports) if rule.ports else "none",
        direction=way.value,
        purpose=flow.purpose,
        when=f"optional: {flow.when}" if flow.need is Need.OPTIONAL else flow.when,
        document="Burstway's documentation" if flow.document.startswith("docs/") else flow.document,
    )


def _end(role: Role, places: Iterable[Place]) -> str:
    return f"{role}: {', '.join(_place(place) for place in places) or Way.UNPLACED}"


def _place(place: Place) -> str:
    """A single address without its length, as people write it."""
    if isinstance(place, IPv4Network) and place.prefixlen == place.max_prefixlen:
        return str(place.network_address)
    return str(place)


def render_csv(rows: Iterable[TeamRow]) -> str:
    """With a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows([_as_text(cell) for cell in astuple(row)] for row in rows)
    return text.getvalue()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


def render_markdown(rows: Iterable[TeamRow], title: str) -> str:
    """A heading and a table, as in GitHub's Markdown."""
    lines = [f"# {_plain(title)}", "", _line(HEADINGS), _line(["---"] * len(HEADINGS))]
    lines += [_line(_plain(cell) for cell in astuple(row)) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """On one line and with nothing that Markdown would take for its own. An address becomes a link."""
    text = " ".join(text.split())
    if re.fullmatch(r"https://[^\s<>|\\]+", text):
        return f"<{text}>"
    return re.sub(r"([\\`*_\[\]<>|~&$])", r"\\\1", text)
