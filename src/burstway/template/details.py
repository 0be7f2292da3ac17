"""What a node says of its machine beyond type, image and subnet -> model.cluster.Details.

It is kept with the cluster; what acts on it and what does not yet is told elsewhere (`account`).
"""

from collections.abc import Iterator

from burstway.model.cluster import Details, InitSpec, Volume
from burstway.template.data import Error, Record, Undefined
from burstway.template.endpoints import read_endpoints
from burstway.template.expand import Node
from burstway.template.expressions import as_text
from burstway.template.known import Part, Setting, is_missing
from burstway.template.left_out import LeftOuts
from burstway.template.problems import Reporter
from burstway.template.typed import boolean, number, one_word, text, whole_number, words

IMAGE = ("azure.publisher", "azure.offer", "azure.sku", "azure.imageversion")
_IMAGES = ("imageid", "imagename", *IMAGE)


def read_details(node: Node, report: Reporter) -> Details:
    """An endpoint of a node without a public address is none, as in CycleCloud."""
    public = _public_address(node, report)
    endpoints = read_endpoints([*enabled(node, "input-endpoint", report)], report)
    return Details(
        region=text(node.settings.get("region"), report) or "",
        zone=",".join(words(node.settings.get("zone"), report)),
        interruptible=boolean(node.settings.get("interruptible"), report) or False,
        max_price=_max_price(node.settings.get("maxprice"), report),
        public_address=public,
        endpoints=endpoints if public else (),
        volumes=_volumes(node, report),
        init_specs=_init_specs(node, report),
        tags=_tags(node),
        configuration=_configuration(node),
    )


def enabled(node: Node, kind: str, report: Reporter) -> Iterator[Part]:
    """The sections of a kind, without those that are disabled."""
    for (its_kind, _), part in node.inside.items():
        if its_kind == kind and not boolean(part.settings.get("disabled"), report):
            yield part


def read_image(node: Node, report: Reporter) -> str:
    """The image; "" without one. An identifier hides a name, and either the parts of a name."""
    for key in ("imageid", "imagename"):
        if not is_missing(setting := node.settings.get(key)):
            return one_word(setting, report) or ""
    parts = [text(node.settings.get(key), report) or "" for key in IMAGE]
    return ":".join([*parts[:3], parts[3] or "latest"]) if any(parts) else ""


def leave_images_out(node: Node, left_outs: LeftOuts) -> None:
    """Lists the ways to say the image that another one hides."""
    said = [node.settings[key] for key in _IMAGES if not is_missing(node.settings.get(key))]
    counts = said[0].key.lower() if said else ""
    for setting in said[1:] if counts in ("imageid", "imagename") else ():
        left_outs.add(setting.key, setting.place, f"{said[0].key} counts where both are said")


def read_subnet(node: Node, report: Reporter) -> str:
    """The node's SubnetId, else that of its first network interface that has one."""
    setting = node.settings.get("subnetid")
    if not is_missing(setting):
        return one_word(setting, report) or ""
    for interface in enabled(node, "network-interface", report):
        if not is_missing(inner := interface.settings.get("subnetid")):
            return one_word(inner, report) or ""
    return ""


def _public_address(node: Node, report: Reporter) -> bool:
    parts = enabled(node, "network-interface", report)
    settings = [node.settings, *(part.settings for part in parts)]
    said = [boolean(each.get("associatepublicipaddress"), report) for each in settings]
    return any(said)


def _max_price(setting: Setting | None, report: Reporter) -> float | None:
    """None is no limit, which CycleCloud writes as -1."""
    price = number(setting, report)
    if setting is None or price is None or price == -1:
        return None
    if price <= 0:
        report.add(setting.value.place, f"{setting.key} = {price:g} is no price", "-1 is no limit")
        return None
    return price


def _volumes(node: Node, report: Reporter) -> tuple[Volume, ...]:
    return tuple(
        Volume(
            name=part.name,
            size_gb=whole_number(part.settings.get("size"), report, least=0) or None,
            ssd=boolean(part.settings.get("ssd"), report) or False,
            persistent=boolean(part.settings.get("persistent"), report) or False,
            mount=text(part.settings.get("mount"), report) or "",
        )
        for part in enabled(node, "volume", report)
    )


def _init_specs(node: Node, report: Reporter) -> tuple[InitSpec, ...]:
    """`project:spec:version` in the section's name, or as its attributes. A name without colons is a project,
    or any name when an attribute says the project."""
    specs = []
    for part in enabled(node, "cluster-init", report):
        project, spec, version = (*part.name.split(":", 2), "", "")[:3]
        specs.append(
            InitSpec(
                text(part.settings.get("project"), report) or project,
                text(part.settings.get("spec"), report) or spec or "default",
                text(part.settings.get("version"), report) or version,
            )
        )
    return tuple(specs)


def _tags(node: Node) -> tuple[tuple[str, str], ...]:
    """`Tags = $record` and `tags.Owner = x`, which wins. Undefined ones are left out."""
    tags: dict[str, str] = {}
    whole = node.settings.get("tags")
    if whole and isinstance(whole.value.datum, Record) and is_kept(whole):
        for name, value in whole.value.datum.items():
            if not isinstance(value, Undefined | Error):
                tags[name] = as_text(value)
    for key, setting in node.settings.items():
        if key.startswith("tags.") and is_kept(setting):
            tags[setting.key[len("tags.") :]] = setting.value.written
    return tuple(sorted(tags.items()))


def _configuration(node: Node) -> tuple[tuple[str, str], ...]:
    found = ((key, setting.value.written) for key, setting in node.configuration.items() if is_kept(setting))
    return tuple(sorted(found))


def is_kept(setting: Setting) -> bool:
    """Whether it has a text that may be seen."""
    value = setting.value
    return not (value.undefined or value.secret or isinstance(value.datum, Error))
