"""`burstway cluster check`, `format` and `parameters -f`: they read files and ask nobody."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burstway.cli.cluster_format import unified_diff
from burstway.cli.cluster_input import MOST_BYTES
from command_line import Said, invoke

GOOD = """\
[cluster c]

    [[nodearray a]]
    MachineType = Standard_D2s_v5
    MaxCount = 2
"""
UGLY = "[cluster c]\n\n\n[[ nodearray  a ]]\nMachineType=Standard_D2s_v5\n\tMaxCount   = 2"
WARNS = GOOD + "    MaxCoutn = 4\n"
WRONG = GOOD + "    Extends = b\n    ImageName = ${1 +}\n"
PARAMETERS = GOOD + "\n[parameter Cores]\nDefaultValue = 4\n\n[parameter Needed]\nRequired = true\n"

Runner = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs a command in a folder of its own, without a control plane."""
    monkeypatch.chdir(tmp_path)
    return lambda *words, given="": invoke("cluster", *words, given=given, BURSTWAY_SOCKET="/nonexistent")


def put(text: str | bytes, name: str = "t.txt") -> Path:
    path = Path(name)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# --- check -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "code", "last"),
    [
        (GOOD, (), 0, "no problems in 1 file"),
        (WARNS, (), 0, "1 warning in 1 file"),
        (WARNS, ("--strict",), 2, "1 warning in 1 file"),
        (GOOD, ("--strict",), 0, "no problems in 1 file"),
        (WRONG, (), 2, "2 errors in 1 file"),
        ("", (), 2, "1 error in 1 file"),
        (PARAMETERS, (), 0, "no problems in 1 file"),
        (PARAMETERS, ("-P", "Cores=3"), 2, "1 error in 1 file"),
        (PARAMETERS, ("-P", "Needed=x"), 0, "no problems in 1 file"),
    ],
)
def test_a_check_says_everything_and_counts_it(
    run: Runner, text: str, words: tuple[str, ...], code: int, last: str
) -> None:
    """The code is 2 when there is an error; with --strict a warning is one. As JSON the same."""
    put(text)
    ended, said, _ = run("check", "t.txt", *words)
    assert (ended, said.splitlines()[-1]) == (code, last), said
    ended, said, _ = run("check", "t.txt", *words, "--json")
    found = json.loads(said)
    assert (ended, found["good"]) == (code, code == 0)
    assert sum(int(word) for word in re.findall(r"(\d+) (?:error|warning)", last)) == len(found["problems"])


def test_each_problem_has_its_line_and_a_caret(run: Runner) -> None:
    """And a suggestion, where a name is like another; without colours when it is not a terminal."""
    put(WARNS)
    _, said, _ = run("check", "t.txt")
    place, line, caret, _ = said.splitlines()
    assert place.startswith("t.txt:6:5: warning: ")
    assert "did you mean MaxCount?" in place
    assert (line.strip(), caret.index("^")) == ("MaxCoutn = 4", line.index("M"))
    assert "\x1b" not in said


def test_several_files_are_checked_and_standard_input_is_one(run: Runner) -> None:
    """Each problem names its file; a file that is named twice is one."""
    put(GOOD, "a.txt")
    put(WARNS, "b.txt")
    ended, said, _ = run("check", "a.txt", "b.txt", "b.txt", "-", given=WRONG)
    assert ended == 2
    assert said.splitlines()[-1] == "2 errors, 1 warning in 3 files"
    assert "b.txt:6:5" in said
    assert "standard input:6:" in said


# --- format ----------------------------------------------------------------------------------------------


def test_formatted_text_is_printed(run: Runner) -> None:
    """Nothing else, and the file stays as it is; an empty one is empty."""
    path = put(UGLY)
    assert run("format", "t.txt")[:2] == (0, GOOD)
    assert path.read_text() == UGLY
    assert run("format", "-", given=UGLY)[:2] == (0, GOOD)
    assert run("format", "-", given="")[:2] == (0, "")


def test_a_file_is_rewritten_in_its_place_only_when_it_changes(run: Runner) -> None:
    """With its mode; a link is followed; one that is formatted already is not touched."""
    put(UGLY, "real.txt").chmod(0o640)
    Path("link.txt").symlink_to("real.txt")
    good = put(GOOD, "good.txt")
    os.utime(good, (1, 1))
    ended, said, told = run("format", "--write", "link.txt", "good.txt")
    assert (ended, said, told) == (0, "", "formatted link.txt\n")
    assert Path("link.txt").is_symlink()
    assert Path("real.txt").read_text() == GOOD
    assert stat.S_IMODE(Path("real.txt").stat().st_mode) == 0o640
    assert good.stat().st_mtime == 1
    assert sorted(path.name for path in Path().iterdir()) == ["good.txt", "link.txt", "real.txt"]


def test_check_names_the_files_that_would_change(run: Runner) -> None:
    """With code 1, and 0 when there is none."""
    put(UGLY, "ugly.txt")
    put(GOOD, "good.txt")
    ended, said, _ = run("format", "--check", "good.txt", "ugly.txt")
    assert (ended, said) == (1, "ugly.txt\n")
    assert run("format", "--check", "good.txt") == (0, "", "")


def test_a_diff_is_one_for_patch(run: Runner) -> None:
    """It makes the formatted text out of the file, tabs and a missing last line end and all."""
    path = put(UGLY)
    ended, said, _ = run("format", "--diff", "t.txt")
    assert ended == 0
    subprocess.run(["patch", "--quiet", "t.txt"], input=said, text=True, check=True)
    assert path.read_text() == GOOD
    assert run("format", "--diff", "t.txt")[:2] == (0, "")


def side(diff: list[str], mark: str) -> str:
    """The text before (-) or after (+)."""
    text, last = "", ""
    for line in diff:
        if line.startswith("\\"):
            text = text.removesuffix("\n") if last in (" ", mark) else text
        elif not line.startswith("@@"):
            last = line[0]
            text += f"{line[1:]}\n" if last in (" ", mark) else ""
    return text


@given(st.text("ab\t\r\n", max_size=4), st.text("ab\t\r\n", max_size=4))
def test_a_diff_has_both_texts_in_it(before: str, after: str) -> None:
    """To the last carriage return, with or without an end of the last line; it is empty when they are one."""
    diff = list(unified_diff("t", before, after))[2:]
    assert (side(diff, "-"), side(diff, "+")) == ((before, after) if before != after else ("", ""))


def test_nothing_is_written_when_one_file_has_an_error(run: Runner) -> None:
    """The errors of all files are told."""
    put(UGLY, "ugly.txt")
    put("[cluster\n", "a.txt")
    put("oops\n", "b.txt")
    ended, _, said = run("format", "--write", "ugly.txt", "a.txt", "b.txt")
    assert ended == 2
    assert "a.txt:1:" in said
    assert "b.txt:1:" in said
    assert Path("ugly.txt").read_text() == UGLY


# --- what cannot be read ---------------------------------------------------------------------------------

UNREADABLE: list[tuple[str, str]] = [
    ("none.txt", "none.txt: cannot be read: No such file or directory"),
    (".", ".: cannot be read: Is a directory"),
    ("t.txt/x", "t.txt/x: cannot be read: Not a directory"),
    ("latin.txt", "latin.txt: is not UTF-8 at byte 12, in line 2 (save it as UTF-8)"),
    ("utf16.txt", "utf16.txt: is not UTF-8 at byte 0, in line 1 (save it as UTF-8)"),
    ("huge.txt", "huge.txt: has more than 16 MiB (is it a template?)"),
    ("/dev/zero", "/dev/zero: has more than 16 MiB (is it a template?)"),
]


@pytest.mark.parametrize(("name", "said"), UNREADABLE)
@pytest.mark.parametrize("words", [("format",), ("format", "--write"), ("parameters", "-f")], ids=" ".join)
def test_what_cannot_be_read_is_named(run: Runner, words: tuple[str, ...], name: str, said: str) -> None:
    """What, where, and what to do, for each command."""
    put_unreadable()
    assert run(*words, name) == (2, "", said)


def put_unreadable() -> None:
    put(GOOD)
    put(b"[cluster c]\n\xe4\n", "latin.txt")
    put(GOOD.encode("utf-16"), "utf16.txt")
    put(b"#" * (MOST_BYTES + 1), "huge.txt")


def test_what_cannot_be_read_keeps_no_other_file_from_being_checked(run: Runner) -> None:
    """It is one of the errors."""
    put_unreadable()
    put("oops\n", "last.txt")
    names = [name for name, _ in UNREADABLE]
    ended, told, _ = run("check", *names, "last.txt")
    assert ended == 2
    for _, said in UNREADABLE:
        assert said in told
    assert "last.txt:1:1: 'oops'" in told


def test_standard_input_that_is_not_utf8_is_named(run: Runner) -> None:
    """As a file is."""
    told = run("check", "-", given=b"\xff")[1]
    assert told.startswith("standard input: is not UTF-8 at byte 0, in line 1 (save it as UTF-8)\n")


def test_a_file_whose_name_is_no_text_is_read(run: Runner) -> None:
    """And named as far as it can be."""
    put(WARNS, os.fsdecode(b"\xff.txt"))
    code, said, _ = run("check", os.fsdecode(b"\xff.txt"), "--json")
    assert (code, json.loads(said)["problems"][0]["file"]) == (0, "?.txt")


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("format", "--check", "--write", "t.txt"), "exclude each other"),
    (("format", "t.txt", "good.txt"), "several files on standard output would be one"),
    (("format", "--write", "-"), "standard input cannot be rewritten"),
    (("parameters", "-f", "t.txt", "name"), "name a cluster or template, or a file"),
    (("check", "t.txt", "-P", "novalue"), "-P 'novalue' is not NAME=VALUE"),
    (("check", "t.txt", "-p", "none.json"), "none.json"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_contradicts_itself_is_refused(run: Runner, words: tuple[str, ...], said: str) -> None:
    """Before anything is done."""
    put(UGLY)
    put(GOOD, "good.txt")
    ended, _, told = run(*words)
    assert ended == 2
    assert said in told
    assert Path("t.txt").read_text() == UGLY


ASKING = [("templates",), ("create", "a", "b"), ("delete-template", "a", "--yes"), ("parameters", "a"),
          ("import", "a", "-f", "t.txt", "-t")]  # fmt: skip


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_control_plane_that_does_not_run_is_named(run: Runner, words: tuple[str, ...]) -> None:
    """By the commands that need one."""
    put(GOOD)
    assert run(*words)[2].startswith("/nonexistent: the control plane does not answer")


def test_an_export_of_a_file_has_its_defaults(run: Runner) -> None:
    """With their types; null for those without."""
    put(PARAMETERS)
    assert json.loads(run("parameters", "-f", "t.txt", "--export")[1]) == {"Cores": 4, "Needed": None}


def test_a_broken_pipe_is_no_traceback() -> None:
    """As when `head` has seen enough."""
    line = f"{Path(sys.executable).with_name('burstway')} cluster format - | true"
    done = subprocess.run(["bash", "-c", line], input=GOOD, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
