"""The users and groups that nodes get, read from the head node's own name service (files, LDAP, SSSD)."""

import grp
import pwd
from collections.abc import Collection
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
    """Users and groups as the agent takes them; `names` are the people, None for all of them."""
    found = [entry for entry in pwd.getpwall() if _is_person(entry, names)]
    users = [User(e.pw_name, e.pw_uid, e.pw_gid, e.pw_gecos, e.pw_dir, e.pw_shell) for e in found]
    wanted = {user.name for user in users}
    primary = {user.gid for user in users}
    groups = [
        Group(g.gr_name, g.gr_gid, tuple(sorted(wanted & set(g.gr_mem))))
        for g in grp.getgrall()
        if g.gr_gid in primary or (g.gr_gid >= FIRST_UID and wanted & set(g.gr_mem))
    ]
    return {"users": [asdict(user) for user in users], "groups": [asdict(group) for group in groups]}


def _is_person(entry: pwd.struct_passwd, names: Collection[str] | None) -> bool:
    if names is not None:
        return entry.pw_name in names
    return FIRST_UID <= entry.pw_uid <= LAST_UID
