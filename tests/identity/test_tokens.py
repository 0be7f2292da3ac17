"""A join token is for one node, in one life of it, once, for a limited time."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from burstway.errors import InputError, RefusedError
from burstway.identity.tokens import JoinTokens, hash_token, new_person_token
from burstway.model.node import Node, State

NOW = 1_000_000.0
TOKENS = JoinTokens(b"s" * 32)
NODE = Node(
    "hpc1-hpc-1", "hpc1", "hpc", generation=2, state=State.BOOTING, key="hq/hpc1-hpc-1/2",
    token_expires_at=NOW + 900,
)  # fmt: skip
TOKEN = TOKENS.token(NODE.key)


@pytest.mark.parametrize("state", [State.LAUNCHING, State.BOOTING])
@pytest.mark.parametrize("now", [NOW, NOW + 900])
def test_a_node_that_is_on_its_way_may_join(state: State, now: float) -> None:
    """Until the last second; also when the machine was faster than the cloud's answer."""
    node = replace(NODE, state=state)
    assert TOKENS.check(node, TOKEN, now) is node


REFUSED: dict[str, tuple[Node | None, str, float, str]] = {
    "no such node": (None, TOKEN, NOW, "is not for this node"),
    "of another node": (NODE, TOKENS.token("hq/hpc1-hpc-2/2"), NOW, "is not for this node"),
    "of an earlier life": (NODE, TOKENS.token("hq/hpc1-hpc-1/1"), NOW, "is not for this node"),
    "of another site": (NODE, JoinTokens(b"t" * 32).token(NODE.key), NOW, "is not for this node"),
    "empty": (NODE, "", NOW, "is not for this node"),
    "a part of it": (NODE, TOKEN[:-1], NOW, "is not for this node"),
    "more than it": (NODE, TOKEN + "0", NOW, "is not for this node"),
    "other letters": (NODE, TOKEN.upper(), NOW, "is not for this node"),
    "not ASCII": (NODE, "ü" * 64, NOW, "is not for this node"),
    "never started": (Node("a-b-1", "a", "b"), TOKENS.token(""), NOW, "this join token has expired"),
    "used": (replace(NODE, token_used_at=NOW - 1), TOKEN, NOW, "was used before"),
    "expired": (NODE, TOKEN, NOW + 900.1, "has expired"),
    **{
        f"{state}": (replace(NODE, state=state), TOKEN, NOW, f"the node is {state} and cannot join")
        for state in State
        if state not in (State.LAUNCHING, State.BOOTING)
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_other_token_is_refused(case: str) -> None:
    """With what is wrong with it."""
    node, token, now, why = REFUSED[case]
    with pytest.raises(RefusedError, match=why):
        TOKENS.check(node, token, now)


def test_the_same_order_carries_the_same_token(tmp_path: Path) -> None:
    """Also after a restart: a machine whose order was repeated can still join."""
    first = JoinTokens.kept_in(tmp_path / "key")
    again = JoinTokens.kept_in(tmp_path / "key")
    assert first.token(NODE.key) == again.token(NODE.key) == first.token(NODE.key)
    assert JoinTokens.kept_in(tmp_path / "other").token(NODE.key) != first.token(NODE.key)


def test_the_secret_is_the_owners_only(tmp_path: Path) -> None:
    """With it one could make a token for any node."""
    JoinTokens.kept_in(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"\n", b"short"])
def test_a_secret_that_can_be_guessed_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file would make tokens that anybody can make."""
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(InputError, match="can be guessed"):
        JoinTokens.kept_in(tmp_path / "key")


def test_a_persons_token_is_random_and_only_its_hash_is_kept() -> None:
    """256 bits each time; the hash tells nothing of it."""
    tokens = {new_person_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 and token not in hash_token(token) for token in tokens)
