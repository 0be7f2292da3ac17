"""Where the language of CycleCloud's templates is not HTCondor's ClassAds, and where we differ from either.

The tests take each row's example to both: HTCondor's library gives `classad`, we give `ours`. Nothing else
differs in what they compare.
"""

from dataclasses import dataclass

REFUSED = "refused"
"""In place of a value: the text is no expression."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`classad` and `ours` are values as `unparse` writes them, or REFUSED."""

    what: str
    example: str
    classad: str
    ours: str
    why: str


_CYCLECLOUD = "CycleCloud's; templates in use have it"
_DOCUMENTED = "CycleCloud's documentation of functions"
_BITS = "a wrong number in a template would go unnoticed"

DIFFERENCES = (
    Difference("=== and !==", '"a" === "A"', REFUSED, "false", _CYCLECLOUD),
    Difference("=== and !==", "undefined !== 1", REFUSED, "true", _CYCLECLOUD),
    Difference("in", '"B" in {"a", "b"}', REFUSED, "true", _CYCLECLOUD),
    Difference("in", "undefined in {1}", REFUSED, "false", "what is not chosen is in no list of choices"),
    Difference("undefined as a function", "undefined() is undefined", REFUSED, "true", _CYCLECLOUD),
    Difference("a dollar before a name", "$Name is undefined", REFUSED, "true", _DOCUMENTED),
    Difference(
        "is and isnt as names", "[is = 1].is", REFUSED, "1", "they are operators only where one can stand"
    ),
    Difference("whole numbers in hexadecimal", "0x10", REFUSED, "16", "as in every other language"),
    Difference("a whole number beyond 64 bits", "9223372036854775808", "0", REFUSED, _BITS),
    Difference("my, self and parent", "[b = my.a; a = 4].b", "4", "undefined", "ordinary names in templates"),
    Difference("a semicolon alone", "[;]", REFUSED, "[]", "HTCondor accepts it before and behind a member"),
    Difference("a semicolon between arguments", 'strcat("a"; "b")', '"ab"', REFUSED, "a slip of the pen"),
    Difference(
        "a name that begins with a dot", ".a", "undefined", REFUSED, "nothing encloses a template's value"
    ),
    Difference("characters", 'size("é")', "2", "1", "a text is characters, not octets"),
    Difference("case beyond ASCII", '"É" == "é"', "false", "true", "Java, and so CycleCloud, knows letters"),
    Difference(
        "reals as texts", 'strcat("", 1.5)', '"1.500000000000000E+00"', '"1.5"', "as in names and paths"
    ),
    Difference("lists as texts", "string({1, 2})", '"{ 1,2 }"', '"{1, 2}"', "as we write them elsewhere"),
    Difference(
        "records as texts", "string([a = 1])", '"[ a = 1 ]"', '"[a = 1]"', "as we write them elsewhere"
    ),
    Difference(
        "texts of unfinished values", "string({1 + 1})", '"{ 1 + 1 }"', '"{2}"', "values are finished"
    ),
    Difference("a member of a member by its name", '[a = [b = 3]]["a"].b', "undefined", "3", _CYCLECLOUD),
    Difference(
        "a member that needs itself, by index",
        '[m = isUndefined(m)]["m"]',
        "false",
        "true",
        "as it is without an index; HTCondor crashes on others of the kind",
    ),
    Difference(
        "a list that leaves its record",
        "[v = 1; r = sum([v = 2; l = {v}].l)].r",
        "1",
        "2",
        "a name means what it means where it is written",
    ),
    Difference("an index beyond 32 bits", "{7}[4294967296]", "7", "error", _BITS),
    Difference("a position beyond 32 bits", 'substr("abc", 4294967297)', '"bc"', '""', _BITS),
    Difference("regexps", 'regexps("[^a-z]", "a b c", "-")', '"-"', '"a-b-c"', _DOCUMENTED),
    Difference("regexps", 'regexps("z", "abc", "-")', '""', '"abc"', _DOCUMENTED),
    Difference(
        "groups in regexps", 'regexps("(b)", "abc", "<$1>", "f")', '"a<$1>c"', '"a<b>c"', "as in Java"
    ),
    Difference(
        "a group that matches nothing", 'replace("a(b)?", "ac", "<\\\\1>")', "error", '"<>c"', "as in Java"
    ),
    Difference("empty matches", 'replaceAll("b*", "ac", "-")', "error", '"-a-c-"', "as in Java"),
    Difference("look-around", 'regexp("a(?=b)", "ab")', "true", "error", "its time has no bound"),
    Difference("back references", 'regexp("(a)\\\\1", "aa")', "true", "error", "their time has no bound"),
    Difference("the option x", 'regexp("a b", "ab", "x")', "true", "error", "RE2 does not have it"),
    Difference(
        "$ before a last line end", 'regexp("a$", "a\\n")', "true", "false", "RE2's only end is the end"
    ),
    Difference("a broken pattern for a list", 'regexpMember("(", {"a"})', "false", "error", "as in regexp"),
    Difference("a real beyond 64 bits as whole", "int(1e30)", "-9223372036854775808", "error", _BITS),
    Difference("a power of a negative number", "pow(-2, 3)", "-7", "-8", "a slip of HTCondor's"),
    Difference("a power beyond 64 bits", "pow(2, 63)", "-9223372036854775808", "error", _BITS),
    Difference("a power that is no number", "pow(-1, 0.5)", 'real("NaN")', "error", _BITS),
    Difference("ifUndefined", 'ifUndefined(undefined, "a")', "error", '"a"', _DOCUMENTED),
    Difference("strjoin", 'strjoin("-", "a", "b")', "error", '"a-b"', _DOCUMENTED),
    Difference(
        "strjoin and what is undefined", 'strjoin("-", "a", undefined)', "error", '"a"', "as join has it"
    ),
    Difference("strjoin and lists", 'strjoin("-", {"a", "b"}, "c")', "error", '"a-b-c"', _DOCUMENTED),
    Difference("trim", 'trim(" a ")', "error", '"a"', _DOCUMENTED),
    Difference(
        "startsWith", 'startsWith("a", "abc")', "error", "true", _CYCLECLOUD + ", the beginning first"
    ),
    Difference("endsWith", 'endsWith("c", "abc")', "error", "true", "as startsWith"),
    Difference("abs", "abs(-1)", "error", "1", "for symmetry with floor and round"),
    Difference("functions that are not pure", "time() > 0", "true", "error", "a template means one thing"),
    Difference("eval", 'eval("1 + 1")', "2", "error", "no template has it; nothing is evaluated twice"),
    Difference("versions", 'versioncmp("1.10", "1.9")', "1", "error", "no template has them"),
)
"""`substr` takes a length, as HTCondor's does and as templates use it, where CycleCloud's documentation says
that it takes the index of the end."""
