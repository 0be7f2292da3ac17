"""Which parameters must have a value.

A parameter that the form does not show, because of what others are, need not be given in the form either.
"""

from burstway.template.parameters import Declared
from burstway.template.problems import Problems
from burstway.template.scope import Scope

_DEMANDS = ("Required", "Conditions.Required")
_EXCUSES = ("Conditions.Excluded", "Conditions.Hidden")


def report_missing(scope: Scope, problems: Problems) -> None:
    """Reports each parameter that must have a value and has none."""
    for parameter in scope.declared.values():
        known = scope.find(parameter.name)
        if known and known.missing and is_required(parameter, scope):
            what = f"the parameter {parameter.name} is required and has no value"
            problems.add(parameter.section.place, what, f"give one: -P {parameter.name}=…")


def is_required(parameter: Declared, scope: Scope) -> bool:
    """Whether it must have a value, with the values that the others have."""
    if not any(_holds(parameter, key, scope) for key in _DEMANDS):
        return False
    return not any(_holds(parameter, key, scope) for key in _EXCUSES)


def is_conditional(parameter: Declared, scope: Scope) -> bool:
    """Whether other values of the others could make it required, or not required."""
    demands = [_decided(parameter, key, scope) for key in _DEMANDS]
    excuses = [_decided(parameter, key, scope) for key in _EXCUSES]
    if True in excuses or (True not in demands and None not in demands):
        return False
    return None in excuses or True not in demands


def _decided(parameter: Declared, key: str, scope: Scope) -> bool | None:
    """Whether the attribute is true; None when it depends on parameters."""
    value = parameter.value(key)
    if value is not None and any(name.lower() in scope.declared for name in scope.formulas.names_in(value)):
        return None
    return _holds(parameter, key, scope)


def _holds(parameter: Declared, key: str, scope: Scope) -> bool:
    value = parameter.value(key)
    return value is not None and scope.resolver.resolve(value).written.lower() == "true"
