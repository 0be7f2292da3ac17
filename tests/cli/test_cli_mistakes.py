"""Mistakes on the command line end with code 2, words that say what to do, and no traceback."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from burstway.cli.main import app

BURSTWAY = Path(sys.executable).with_name("burstway")
Ran = subprocess.CompletedProcess[str]


def burstway(*words: str | Path, **environment: str | Path) -> Ran:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BURSTWAY")}
    asked = {**kept, "COLUMNS": "200", **{name: str(value) for name, value in environment.items()}}
    command = [str(BURSTWAY), *map(str, words)]
    return subprocess.run(command, env=asked, capture_output=True, text=True, timeout=60, check=False)


def refused(ran: Ran) -> str:
    assert ran.returncode == 2, ran
    assert "Traceback" not in ran.stderr
    assert not ran.stdout
    return ran.stderr


def commands() -> Iterator[tuple[str, ...]]:
    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))

    yield from walk(typer.main.get_command(app), ())


def test_an_error_is_json_for_who_asks_for_json(tmp_path: Path) -> None:
    """On standard output, with the code that programs go by; the words for people are where they were."""
    ran = burstway("cluster", "show", "nope", "--json", BURSTWAY_SOCKET=tmp_path / "none")
    assert ran.returncode == 2
    error = json.loads(ran.stdout)["error"]
    assert error["code"] == "control-plane"
    assert error["what"] in ran.stderr
    assert set(error) == {"code", "what", "where", "remedy"}


@pytest.mark.parametrize("path", list(commands()), ids=lambda path: " ".join(path) or "burstway")
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """And no word of it is lost for looking like markup."""
    ran = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert "Usage:" in ran.stdout
    if path == ("cluster", "import"):
        assert "Which [cluster NAME] of the template." in ran.stdout
    if path == ("node", "start"):
        assert "hpc1-hpc-[1-4]" in ran.stdout


def test_the_version_is_told() -> None:
    """As one line."""
    assert burstway("--version").stdout.startswith("burstway ")


def test_words_that_are_no_command_are_refused() -> None:
    """With code 2 and the usage."""
    assert "[bold]" in refused(burstway("node", "show", "a", "[bold]"))
    assert "nodes" in refused(burstway("nodes"))


MISSING = "/nonexistent/burstway.sock"
ASKING: list[tuple[str, ...]] = [
    ("node", "list"), ("node", "show", "a-b-1"), ("node", "explain", "a-b-1"), ("node", "start", "a-b-1"),
    ("node", "stop", "a-b-1"), ("cluster", "list"), ("cluster", "show", "a"),
    ("cluster", "delete", "a", "--yes"),
    ("slurm", "conf", "a"), ("token", "list"), ("token", "create", "eve"), ("token", "revoke", "eve"),
    ("cost",),
]  # fmt: skip


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_control_plane_that_does_not_run_is_named(words: tuple[str, ...]) -> None:
    """With the socket where it was looked for, and how to start it."""
    said = refused(burstway(*words, BURSTWAY_SOCKET=MISSING))
    assert said.startswith(f"burstway: {MISSING}: the control plane does not answer")
    assert "what to do: is it running (burstway serve)?" in said


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_cannot_be_a_name_is_not_asked_for(name: str) -> None:
    """A path that goes elsewhere would answer something else."""
    assert "is not a name" in refused(burstway("node", "show", name, BURSTWAY_SOCKET=MISSING))


DOORS: list[tuple[dict[str, str], str]] = [
    ({"BURSTWAY_URL": "http://head"}, "BURSTWAY_URL must begin with https://"),
    ({"BURSTWAY_URL": "head"}, "BURSTWAY_URL must begin with https://"),
    ({"BURSTWAY_URL": "https://head:port"}, "BURSTWAY_URL is not an address"),
    ({"BURSTWAY_URL": "https://"}, "does not answer"),
    ({"BURSTWAY_URL": "https://127.0.0.1:1"}, "https://127.0.0.1:1: the control plane does not answer"),
    ({"BURSTWAY_URL": "https://head", "BURSTWAY_TOKEN_FILE": "/nonexistent"}, "the token cannot be read"),
    ({"BURSTWAY_URL": "https://head", "BURSTWAY_TOKEN_FILE": "/dev/null"}, "this is not a token"),
    ({"BURSTWAY_URL": "https://head", "BURSTWAY_TOKEN_FILE": str(BURSTWAY)}, "this is not a token"),
    ({"BURSTWAY_URL": "https://head", "BURSTWAY_AUTHORITY": "/nonexistent"}, "authority's certificate"),
    ({"BURSTWAY_URL": "https://head", "BURSTWAY_AUTHORITY": str(BURSTWAY)}, "authority's certificate"),
    ({"BURSTWAY_SOCKET": "/dev/null"}, "/dev/null: the control plane does not answer"),
]


@pytest.mark.parametrize(("environment", "what"), DOORS, ids=[str(row[0]) for row in DOORS])
def test_a_door_that_leads_nowhere_is_named(environment: dict[str, str], what: str) -> None:
    """Whichever of the variables is wrong."""
    assert what in refused(burstway("node", "list", **environment))


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Something that is not a control plane."""
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            with closing(listening.accept()[0]) as connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


ANSWERS = [
    (b"220 mail.example ESMTP\r\n", "does not answer"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "the answer is not JSON"),
    (b"HTTP/1.1 307 Away\r\nContent-Length: 0\r\nLocation: /\r\n\r\n", "status 307"),
    (b"HTTP/1.1 502 Bad\r\nContent-Length: 10\r\n\r\n<b>no[/b]\n", "status 502: <b>no[/b]"),
    (b"", "does not answer"),
]


@pytest.mark.parametrize(("answer", "what"), ANSWERS)
def test_an_answer_that_is_none_is_refused(tmp_path: Path, answer: bytes, what: str) -> None:
    """Whatever listens there."""
    with answering(tmp_path / "s", answer):
        assert what in refused(burstway("node", "list", BURSTWAY_SOCKET=tmp_path / "s"))


def test_serve_says_what_is_wrong_with_its_settings(tmp_path: Path) -> None:
    """Missing, broken, or a word that is no log level; and --check says that they hold."""
    assert "there is no such file" in refused(burstway("serve", "--config", tmp_path / "none.toml"))
    config = tmp_path / "burstway.toml"
    config.write_text(
        '[site]\nname = "hq"\nhead = "head"\naddress = "10.1.0.5"\nnetwork = "10.0.0.0/8"\n'
        '[cloud]\nprovider = "fake"\nnetwork = "10.80.0.0/16"\nsubnet = "10.80.0.0/24"\nx = 1\n'
    )
    said = refused(burstway("serve", "--config", config, "--check"))
    assert f"{config}:5: site.network 10.0.0.0/8 and cloud.network 10.80.0.0/16 overlap" in said
    assert f"{config}:10: cloud.x: there is no such key" in said
    said = refused(burstway("serve", "--config", config, "--log-level", "loud"))
    assert "'loud' is not a log level" in said
    assert "what to do: debug, info, warning or error" in said
    config.write_text(config.read_text().replace("10.0.0.0/8", "10.1.0.0/16").replace("x = 1\n", ""))
    assert burstway("serve", "--config", config, "--check").returncode == 0


def test_check_looks_for_the_files_and_places(tmp_path: Path) -> None:
    """All files that are not there, as an error; a flow that nothing can be done for is a note and no
    error."""
    config = tmp_path / "burstway.toml"
    site = (
        '[site]\nname = "hq"\nhead = "head"\naddress = "10.1.0.5"\nnetwork = "10.1.0.0/16"\n'
        '[cloud]\nprovider = "fake"\nnetwork = "10.80.0.0/16"\nsubnet = "10.80.0.0/24"\n'
        '[network]\nprofiles = ["ntp"]\n'
    )
    config.write_text(site + 'found = ["az-*.json", "vnets.json"]\nfirewall = "firewall.json"\n')
    said = refused(burstway("serve", "--config", config, "--check"))
    assert f"{tmp_path}/az-*.json: no file matches this" in said
    for name in ("vnets.json", "firewall.json"):
        assert said.count(f"{tmp_path}/{name}: No such file or directory") == 1
    config.write_text(site)
    done = burstway("serve", "--config", config, "--check")
    assert done.returncode == 0
    assert "note: ntp: nothing says where the time server is" in done.stderr
    assert "the settings hold" in done.stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("-f", "none.txt"), "none.txt: cannot be read: No such file or directory"),
        (("-f", "."), "cannot be read: Is a directory"),
        (("-f", "latin"), "latin: is not UTF-8 at byte 1"),
        (("-f", "empty", "-P", "novalue"), "-P 'novalue' is not NAME=VALUE"),
        (("-f", "empty", "-p", "none.json"), "none.json"),
    ],
)
def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], what: str
) -> None:
    """Before the control plane is asked."""
    (tmp_path / "latin").write_bytes(b"#\xe4\n")
    (tmp_path / "empty").touch()
    monkeypatch.chdir(tmp_path)
    assert what in refused(burstway("cluster", "import", "c1", *words, BURSTWAY_SOCKET=MISSING))
