"""The users that nodes get: the site's people, as the name service knows them, with their groups."""

import grp
import pwd

from burstway.identity.users import FIRST_UID, LAST_UID, site_users

ROOT = pwd.getpwuid(0)


def test_named_users_come_as_the_name_service_knows_them() -> None:
    """With the same numbers: files on a shared file system belong to numbers."""
    found = site_users(["root"])
    assert found["users"] == [
        {
            "name": "root",
            "uid": 0,
            "gid": 0,
            "gecos": ROOT.pw_gecos,
            "home": ROOT.pw_dir,
            "shell": ROOT.pw_shell,
        }
    ]
    (primary,) = [group for group in found["groups"] if group["gid"] == 0]
    assert primary["name"] == grp.getgrgid(0).gr_name
    assert set(primary["members"]) <= {"root"}, "who is not wanted is not named"


def test_no_users_are_no_users() -> None:
    """An empty list means nobody, and so no groups."""
    assert site_users([]) == {"users": [], "groups": []}


def test_a_name_that_does_not_exist_is_passed_over() -> None:
    """A user that was deleted at the site keeps no node from starting."""
    assert site_users(["nobody-of-this-name"]) == {"users": [], "groups": []}


def test_without_a_list_all_people_come_and_no_system_users() -> None:
    """People have UIDs from 1000 to 59999; every primary group of theirs comes with them."""
    found = site_users(None)
    people = [entry for entry in pwd.getpwall() if FIRST_UID <= entry.pw_uid <= LAST_UID]
    assert [user["name"] for user in found["users"]] == [entry.pw_name for entry in people]
    known = {group.gr_gid for group in grp.getgrall()}
    assert {entry.pw_gid for entry in people} & known <= {group["gid"] for group in found["groups"]}
    names = {entry.pw_name for entry in people}
    assert all(set(group["members"]) <= names for group in found["groups"])
