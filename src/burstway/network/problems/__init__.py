"""What cannot be true of a network, or will not work, whatever is to be proved about it.

Each rule is one that Azure enforces when something is made (and a plan would fail half way), or one that
nobody enforces, so that packets go astray. Each fault names both sides and what to do. One module for each
subject; each is a list of functions from the network to faults.
"""

from burstway.network.model import Network
from burstway.network.problems import gateways, interfaces, peerings, routes, rules, spaces
from burstway.network.problems.fault import Fault, Severity

__all__ = ["Fault", "Severity", "network_problems"]


def network_problems(network: Network) -> list[Fault]:
    """All that is wrong, errors first."""
    modules = (spaces, peerings, gateways, interfaces, routes, rules)
    found = [fault for module in modules for check in module.CHECKS for fault in check(network)]
    return sorted(dict.fromkeys(found), key=lambda fault: fault.severity is not Severity.ERROR)
