"""Which parameters must have a value.

A parameter that the form does not show, because of what others are, need not be given in the form either.
"""

from burstway.template.parameters import Declared
from burstway.template.problems import Problems
from burstway.template.scope import Scope


def report_missing(scope: Scope, problems: Problems) -> None:
    """Reports each parameter that must have a value and has none."""
    for parameter in scope.declared.values():
        known = scope.find(parameter.name)
        if known and known.missing and _is_required(parameter, scope):
            what = f"the parameter {parameter.name} is required and has no value"
            problems.add(parameter.section.place, what, f"give one: -P {parameter.name}=…")


def _is_required(parameter: Declared, scope: Scope) -> bool:
    if not any(_holds(parameter, key, scope) for key in ("Required", "Conditions.Required")):
        return False
    return not any(_holds(parameter, key, scope) for key in ("Conditions.Excluded", "Conditions.Hidden"))


def _holds(parameter: Declared, key: str, scope: Scope) -> bool:
    value = parameter.value(key)
    return value is not None and scope.resolver.resolve(value).written.lower() == "true"
