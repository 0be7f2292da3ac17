"""Files of parameter values."""

from pathlib import Path

import pytest

from burstway.errors import TemplateError
from burstway.template.parameter_file import read_parameter_file


def written(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("p.json", "{}", {}),
        (
            "p.JSON",
            '\ufeff{"a": "x", "b": 1.10, "c": true, "d": -3}',
            {"a": "x", "b": "1.10", "c": True, "d": -3},
        ),
        ("p.json", '{"a": ' + "9" * 9999 + "}", {"a": "9" * 9999}),
        (
            "p.properties",
            "# x\n! y\n\n a = x y # z\r\nb:1\nc=\nd = e=f",
            {"a": "x y # z", "b": "1", "c": "", "d": "e=f"},
        ),
        ("p.json", '{"a": null, "b": [1, 0.5, {"c": 1e2}]}', {"a": None, "b": [1, 0.5, {"c": "1e2"}]}),
        ("p.properties", r"a = C:\\x\=\u00e9\tz", {"a": "C:\\x=\u00e9\tz"}),
        ("p.properties", "a = b\\\n   c\nd\\ e = f\\", {"a": "bc", "d e": "f\\"}),
    ],
)
def test_read(tmp_path: Path, name: str, text: str, values: dict[str, object]) -> None:
    """What JSON holds stays so, but for numbers with a spelling of their own; properties are texts."""
    assert read_parameter_file(written(tmp_path, name, text)) == values


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.txt", "", "p.txt: a file of parameters ends in .json or .properties"),
        ("p.json", '{\n "a" 1}', "p.json:2:6: not JSON: Expecting ':' delimiter"),
        ("p.json", "[1]", "the file is not a JSON object"),
        ("p.json", '{"a": NaN}', "the value of 'a' is not JSON: NaN"),
        ("p.json", '{"a": [{"b": -Infinity}]}', "the value of 'a' is not JSON: -Infinity"),
        ("p.json", '{"a": ' + "[" * 40 + "]" * 40 + "}", "lists inside of lists without end"),
        ("p.json", '{"a": 1, "a": 2}', "the parameter 'a' stands in the file a second time"),
        ("p.json", "[" * 100_000, "without end"),
        ("p.properties", "a = 1\n  stray", "p.properties:2:3: 'stray' is not a parameter and its value"),
        (
            "p.properties",
            "a = 1\na = 2",
            "p.properties:2:1: the parameter 'a' stands in the file a second time",
        ),
    ],
)
def test_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    """What is not a name with a value is refused at its place."""
    with pytest.raises(TemplateError) as refused:
        read_parameter_file(written(tmp_path, name, text))
    assert words in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is missing, not a file or not UTF-8 is a TemplateError that names it."""
    (tmp_path / "directory.json").mkdir()
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    for name, words in {
        "no.json": "no such file",
        "directory.json": "irectory",
        "latin.json": "UTF-8",
    }.items():
        with pytest.raises(TemplateError, match=words) as refused:
            read_parameter_file(tmp_path / name)
        assert name in str(refused.value)
