"""The users and groups that nodes get, read from the head node's own name service (files, LDAP, SSSD)."""

import grp
import pwd
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

FIRST_UID, LAST_UID = 1_000, 59_999
"""UIDs of people: below are the system's, above are nobody's and dynamic ones (login.defs, Debian policy)."""


@dataclass(frozen=True, slots=True)
class User:
    name: str
    uid: int
    gid: int
    gecos: str
    home: str
    shell: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    gid: int
    members: tuple[str, ...]


def site_users(names: Collection[str] | None) -> dict[str, Any]:
    """Users and groups as the agent takes them; `names` are the people. Without names they are all that the
    name service lists: LDAP and SSSD list nobody unless enumeration is on, so name them there.
    A name that the head node does not know, or no longer, is left out."""
    found = list(_named(names)) if names is not None else _everybody()
    users = [User(e.pw_name, e.pw_uid, e.pw_gid, e.pw_gecos, e.pw_dir, e.pw_shell) for e in found]
    wanted = {user.name for user in users}
    primary = {user.gid for user in users}
    groups = [
        Group(g.gr_name, g.gr_gid, tuple(sorted(wanted & set(g.gr_mem))))
        for g in grp.getgrall()
        if g.gr_gid in primary or (g.gr_gid >= FIRST_UID and wanted & set(g.gr_mem))
    ]
    return {"users": [asdict(user) for user in users], "groups": [asdict(group) for group in groups]}


def _everybody() -> list[pwd.struct_passwd]:
    return [entry for entry in pwd.getpwall() if FIRST_UID <= entry.pw_uid <= LAST_UID]


def _named(names: Collection[str]) -> Iterator[pwd.struct_passwd]:
    for name in names:
        with suppress(KeyError):
            yield pwd.getpwnam(name)
