"""ARM: a deployment template in JSON, a whole one. Source:
https://learn.microsoft.com/en-us/azure/azure-resource-manager/templates/syntax
"""

import json
from collections.abc import Iterable

from burstway.network.model import Nsg
from burstway.network.render.properties import API_VERSION, TYPE, Value, properties

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def render_arm(nsgs: Iterable[Nsg]) -> str:
    """For `az deployment group create --template-file`. The groups are where their resource group is, unless
    the parameter `location` says otherwise. Attaching them to a subnet is left to who owns the subnet."""
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"location": {"type": "string", "defaultValue": "[resourceGroup().location]"}},
        "resources": [_resource(nsg) for nsg in nsgs],
    }
    return json.dumps(template, indent=2, ensure_ascii=False) + "\n"


def _resource(nsg: Nsg) -> dict[str, object]:
    rules = [
        {"name": rule.name, "properties": {key: _value(value) for key, value in properties(rule).items()}}
        for rule in nsg.rules
    ]
    return {
        "type": TYPE,
        "apiVersion": API_VERSION,
        "name": nsg.name,
        "location": "[parameters('location')]",
        "properties": {"securityRules": rules},
    }


def _value(value: Value) -> Value:
    """A text in brackets would be an expression; a second bracket makes it a text."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return f"[{value}"
    return value
