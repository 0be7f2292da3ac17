"""Azure's resources as `az network … -o json` prints them, as REST does, and as a template has them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from burstway.network.model import Nsg
from burstway.network.read.documents import Document, Found, read_documents

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
DATA = Path(os.environ.get("BURSTWAY_TEST_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
"""Real tables and service tags, where they are at hand. Tests pass without."""

Json = dict[str, Any]


def resource_id(path: str, group: str = "rg", subscription: str = SUBSCRIPTION) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/{path}"


def resource(kind: str, name: str, group: str = "rg", **fields: Any) -> Json:
    """As `az` prints it: flat."""
    return {
        "etag": 'W/"1"',
        "id": resource_id(f"{kind}/{name}", group),
        "location": "westeurope",
        "name": name,
        "provisioningState": "Succeeded",
        "resourceGroup": group,
        "type": f"Microsoft.Network/{kind}",
        **fields,
    }


def rule(name: str = "ssh", priority: Any = 100, **fields: Any) -> Json:
    """A rule that allows, with the empty lists that `az` prints for what is not given."""
    made: Json = {
        "access": "Allow",
        "destinationAddressPrefix": "*",
        "destinationAddressPrefixes": [],
        "destinationPortRange": "22",
        "destinationPortRanges": [],
        "direction": "Inbound",
        "name": name,
        "priority": priority,
        "protocol": "Tcp",
        "provisioningState": "Succeeded",
        "sourceAddressPrefix": "*",
        "sourceAddressPrefixes": [],
        "sourcePortRange": "*",
        "sourcePortRanges": [],
        "type": "Microsoft.Network/networkSecurityGroups/securityRules",
    }
    return {key: value for key, value in {**made, **fields}.items() if value is not ...}


def nsg(*rules: Json, name: str = "nodes", group: str = "rg", **fields: Any) -> Json:
    return resource("networkSecurityGroups", name, group, securityRules=list(rules), **fields)


def subnet(name: str, prefix: str, **fields: Any) -> Json:
    return {"name": name, "addressPrefix": prefix, "defaultOutboundAccess": False, **fields}


def vnet(name: str, prefix: str, *subnets: Json, group: str = "rg", **fields: Any) -> Json:
    space = {"addressPrefixes": [prefix]}
    return resource("virtualNetworks", name, group, addressSpace=space, subnets=list(subnets), **fields)


def peering(remote: str, name: str = "p", **fields: Any) -> Json:
    return {
        "name": name,
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "allowVirtualNetworkAccess": True,
        "remoteVirtualNetwork": {"id": resource_id(f"virtualNetworks/{remote}")},
        **fields,
    }


def referring(path: str, group: str = "rg") -> Json:
    return {"id": resource_id(path, group)}


def nested(flat: Json) -> Json:
    """The same as REST has it: all but the head of a resource under `properties`, in each of its parts."""
    head: Json = {key: flat[key] for key in ("id", "name", "type", "location", "etag") if key in flat}
    rest = {key: _inner(value) for key, value in flat.items() if key not in (*head, "resourceGroup")}
    return {**head, "properties": rest}


def _inner(value: Any) -> Any:
    if isinstance(value, list):
        return [nested(each) if isinstance(each, dict) and "name" in each else each for each in value]
    return value


def template(*resources: Json) -> Json:
    """A deployment template with these, without their ids."""
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    inner = [
        {**nested({k: v for k, v in each.items() if k != "id"}), "apiVersion": "2024-05-01"}
        for each in resources
    ]
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": inner}


def tags(**ranges: list[str]) -> Json:
    values = [
        {"name": name, "id": name, "properties": {"addressPrefixes": each}} for name, each in ranges.items()
    ]
    return {"changeNumber": 1, "cloud": "Public", "values": values}


def read(*values: Any, **more: Any) -> Found:
    """Documents d0.json, d1.json …"""
    return read_documents([Document(f"d{i}.json", json.dumps(each)) for i, each in enumerate(values)], **more)


def read_nsg(*rules: Json) -> Nsg:
    found: Mapping[str, Nsg] = read([nsg(*rules)]).nsgs
    return found["nodes"]
