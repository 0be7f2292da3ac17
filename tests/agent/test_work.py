"""What a node does with its work: names when they have changed, and always from the version that it has."""

import urllib.parse
from typing import Any

import pytest

from burstway.agent.node import work as module
from burstway.agent.node.channel import Channel
from burstway.agent.node.console import RefusedError
from burstway.agent.node.daemons import Daemons


class Answers(Channel):
    """The other end, in this process: it gives these answers, and then no more."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.versions: list[str] = []

    def call(self, method: str, path: str, *_: Any, **__: Any) -> Any:
        self.versions += urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["version"]
        if not self.answers:
            raise RefusedError("the node was given back")
        return self.answers.pop(0)


def test_an_answer_without_names_leaves_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Its version is asked from all the same; one without anything leaves the version, too."""
    written: list[Any] = []
    monkeypatch.setattr(module, "step_hosts", lambda change, _: written.append(change["hosts"]))
    names = {"n-1": "10.0.0.1"}
    channel = Answers([
        {"version": "a-0-task", "registrations": 0, "tasks": []},
        {"version": "b-0", "registrations": 0, "tasks": [], "hosts": names},
        None,
        {"version": "b-1", "registrations": 1, "tasks": []},
    ])  # fmt: skip
    with pytest.raises(RefusedError):
        module.work(
            channel, lambda: channel, Daemons(str(tmp_path)), {"version": "a-0", "registrations": 0}, print
        )
    assert channel.versions == ["a-0", "a-0-task", "b-0", "b-0", "b-1"]
    assert written == [names]
