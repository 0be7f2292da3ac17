"""What `burstway network rules` makes: the site's rules in the notation of each filter, by file name."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from burstway.cli.rule_targets import Target
from burstway.errors import InputError
from burstway.flows.expand import Tags
from burstway.flows.firewalld import render_firewalld
from burstway.flows.nftables import render_nftables, render_site_nftables
from burstway.flows.rules import Rule
from burstway.flows.team import render_csv, render_markdown, team_rows, unplaced_rows
from burstway.flows.team_page import render_html
from burstway.network.model import Nsg
from burstway.network.plan_nsg import plan_nsg
from burstway.network.read.documents import read_documents
from burstway.network.render.arm import render_arm
from burstway.network.render.bicep import render_bicep
from burstway.network.render.properties import properties
from burstway.network.render.terraform import render_terraform
from burstway.service.found import files_of, read_files
from burstway.service.site_network import firewall_rules, site_flows, site_places, site_rules, unplaced
from burstway.settings import Settings


@dataclass(frozen=True, slots=True)
class Made:
    """`files` by name, which may have folders; `rows` is what they say, for programs."""

    files: dict[str, str]
    rows: list[dict[str, object]]


TAGS_REMEDY = "https://www.microsoft.com/en-us/download/details.aspx?id=56519 has the file"

Maker = Callable[[Settings, Tags], Made]


def _azure(ending: str, render: Callable[[list[Nsg]], str], mark: str = "") -> Maker:
    """The group of the nodes' subnet. `mark` begins a comment, where the notation has some."""

    def make(settings: Settings, _: Tags) -> Made:
        nsg = plan_nsg(f"burstway-{settings.site.name}-nodes", site_rules(settings), [settings.cloud.subnet])
        rows = [{"name": rule.name, **dict[str, object](properties(rule))} for rule in nsg.rules]
        return Made(
            {f"{nsg.name}.{ending}": render([nsg]) + (_remarks(settings, mark) if mark else "")}, rows
        )

    return make


def _site_nftables(settings: Settings, tags: Tags) -> Made:
    rules = firewall_rules(settings)
    text = render_site_nftables(rules, [settings.cloud.network], tags)
    return Made({"burstway.nft": text + _remarks(settings, "#")}, [_row(rule) for rule in rules])


def _border_nftables(settings: Settings, tags: Tags) -> Made:
    rules = firewall_rules(settings)
    text = render_nftables(rules, tags) + _remarks(settings, "#")
    return Made({"burstway.nft": text}, [_row(rule) for rule in rules])


def _firewalld(settings: Settings, tags: Tags) -> Made:
    rules = firewall_rules(settings)
    notes = [f"not in it: {note}" for note in unplaced_notes(settings)]
    return Made(
        render_firewalld(rules, [settings.cloud.network], tags, notes), [_row(rule) for rule in rules]
    )


def _team(ending: str) -> Maker:
    def make(settings: Settings, _: Tags) -> Made:
        rows = team_rows(site_flows(settings), site_rules(settings), [settings.site.network])
        rows += unplaced_rows(unplaced(settings), site_places(settings))
        title = f"Connections between site {settings.site.name} and its cloud"
        text = {
            "md": lambda: render_markdown(rows, title),
            "csv": lambda: render_csv(rows),
            "html": lambda: render_html(rows, title, _about(settings)),
        }[ending]()
        return Made({f"burstway-flows.{ending}": text}, [dict(asdict(row)) for row in rows])

    return make


def _about(settings: Settings) -> dict[str, str]:
    """What a reader who knows the site but not Burstway compares first."""
    return {
        "Site": f"{settings.site.name}, head node {settings.site.head} ({settings.site.address})",
        "Networks of the site": str(settings.site.network),
        "Ranges of the cloud": f"{settings.cloud.network}, of which nodes have {settings.cloud.subnet}",
    }


def _remarks(settings: Settings, mark: str) -> str:
    """Lines of comment about what is missing."""
    return "".join(f"{mark} not in it: {note}\n" for note in unplaced_notes(settings))


def _row(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "sources": [str(place) for place in rule.sources],
        "targets": [str(place) for place in rule.targets],
        "protocol": rule.protocol.value,
        "ports": str(rule.ports) if rule.ports else None,
        "purpose": rule.purpose,
    }


MAKERS: dict[Target, dict[str, Maker]] = {
    Target.AZURE: {
        "arm": _azure("json", render_arm),
        "bicep": _azure("bicep", render_bicep, "//"),
        "terraform": _azure("tf", render_terraform, "#"),
    },
    Target.NFTABLES: {"site": _site_nftables, "border": _border_nftables},
    Target.FIREWALLD: {"files": _firewalld},
    Target.TEAM: {"markdown": _team("md"), "csv": _team("csv"), "html": _team("html")},
}
"""By target and format; the first format of each is meant when none is named."""


def make(settings: Settings, target: Target, form: str | None, tags: Tags) -> Made:
    """Raises InputError for a format that the target has not, and where the rules cannot be said."""
    makers = MAKERS[target]
    form = form or next(iter(makers))
    if form not in makers:
        raise InputError(
            f"there is no format {form!r} for {target}", remedy=f"its formats are {', '.join(makers)}"
        )
    return makers[form](settings, tags)


def unplaced_notes(settings: Settings) -> list[str]:
    """In words, the flows that no rule could be made for since one of their roles is nowhere."""
    places = site_places(settings)
    return [
        f"{row.name}: nothing says where the {role} is; name it under [network.places]"
        for row in unplaced(settings)
        for role in dict.fromkeys((row.source, row.target))
        if not places.get(role)
    ]


def read_tags(path: Path) -> Tags:
    """The ranges in the file that Azure publishes each week. Raises DocumentError."""
    found = read_documents(read_files([str(path)]))
    if not found.tags:
        raise InputError("there is no service tag in it", where=str(path), remedy=TAGS_REMEDY)
    return found.tags


def found_tags(settings: Settings) -> Tags:
    """Those of the site's own documents, where there are some."""
    if not settings.network.found:
        return {}
    return read_documents(read_files(files_of(settings))).tags
