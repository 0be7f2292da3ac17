"""The language of expressions in templates: HTCondor's ClassAds, as CycleCloud speaks it.

    parse(text) -> Expression                     or ExpressionError with the place in the text
    expression.names()                            what somebody else has to define
    unknown_functions(expression)                 names of functions that do not exist
    evaluate(expression, scope) -> Datum          always a value: what fails is an Error with the reason
    Allowance                                     what many evaluations together may cost: `limit` of evaluate
    as_text(datum), unparse(datum)                in a text, and as written in an expression

HTCondor's own library is the oracle of the tests. Where we differ from it there is a row in `dialect`, with
the reason. Each module is one step:

    limits      how large an expression and what comes of it may be
    tokens      the text's words; `escapes` what stands in quotes
    grammar     words -> `tree`, read by Lark
    parse       the front of both, with errors for people
    names       which names somebody else has to define
    evaluate    the tree -> a value, in a `scope`
    operators   what the operators mean
    functions   what the functions do, one module a family
    regex       regular expressions in a bounded time
    writing     values as texts
    dialect     where CycleCloud's language is not HTCondor's
"""

from burstway.template.expressions.errors import ExpressionError
from burstway.template.expressions.evaluate import evaluate
from burstway.template.expressions.functions import unknown_functions
from burstway.template.expressions.limits import Allowance
from burstway.template.expressions.parse import parse
from burstway.template.expressions.tree import Expression
from burstway.template.expressions.writing import as_text, unparse

__all__ = [
    "Allowance",
    "Expression",
    "ExpressionError",
    "as_text",
    "evaluate",
    "parse",
    "unknown_functions",
    "unparse",
]
