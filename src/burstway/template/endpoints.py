"""`[[[input-endpoint NAME]]]` -> model.cluster.Endpoint."""

from typing import Literal

from burstway.model.cluster import Endpoint
from burstway.template.known import Part, Setting, is_missing
from burstway.template.problems import Reporter
from burstway.template.source import quoted
from burstway.template.typed import text, whole_number

LAST_PORT = 65_535


def read_endpoints(parts: list[Part], report: Reporter) -> tuple[Endpoint, ...]:
    return tuple(endpoint for part in parts if (endpoint := _endpoint(part, report)))


def _endpoint(part: Part, report: Reporter) -> Endpoint | None:
    """The public port is the private one where only that is given."""
    private, public = part.settings.get("privateport"), part.settings.get("publicport")
    if is_missing(private):
        report.add(part.place, f"{part} has no PrivatePort", "add the port that is reached")
        return None
    inside, outside = _port(private, report), _port(public, report)
    if inside is None or (outside is None and not is_missing(public)):
        return None
    return Endpoint(part.name, _protocol(part.settings.get("protocol"), report), inside, outside or inside)


def _port(setting: Setting | None, report: Reporter) -> int | None:
    port = whole_number(setting, report, least=1)
    if setting is None or port is None or port <= LAST_PORT:
        return port
    report.add(setting.value.place, f"{setting.key} = {port} is no port", f"1 to {LAST_PORT}")
    return None


def _protocol(setting: Setting | None, report: Reporter) -> Literal["tcp", "udp"]:
    written = text(setting, report) or "tcp"
    if setting is not None and written.lower() not in ("tcp", "udp"):
        what = f"{setting.key} = {quoted(written)} is neither tcp nor udp"
        report.add(setting.value.place, what)
    return "udp" if written.lower() == "udp" else "tcp"
