# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a folder of the controller is a place for a secret."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat

from .._errors import TlsOpsError

_ALLOW = "or set allow_unsafe_destination: true."
ROOM = "Make room there, or choose another folder."
_LEAST = 64 * 1024  # bytes; a backup takes a tenth of it


def check_room(folder: str) -> None:
    """Raises TlsOpsError where the folder's file system is full; one that does not tell its size is believed."""
    with contextlib.suppress(OSError):
        state = os.statvfs(folder)
        if state.f_blocks and state.f_bavail * state.f_frsize < _LEAST:
            raise TlsOpsError(f"the file system of the folder {folder} on the controller is full.", hint=ROOM)


def check_private(folder: str) -> None:
    """Raises TlsOpsError where ``folder`` (absolute, without links) is in a git work tree, or others may write there.

    Whoever may write to a folder above it can put another in its place, so those count too; there the sticky bit
    (``/tmp``) is enough.
    """
    for place in _upwards(folder):
        if os.path.lexists(os.path.join(place, ".git")):
            raise TlsOpsError(
                f"{folder} lies in the git work tree {place}: a backup could be committed.",
                hint=f"Choose a folder outside of it, {_ALLOW}",
            )
        reason = _reachable(os.stat(place), sticky_is_enough=place != folder)
        if reason:
            raise TlsOpsError(
                f"the folder {place} {reason}: a backup there is not safe.",
                hint=f"Choose a folder that only you may write to (chmod go-w), {_ALLOW}",
            )


def _upwards(folder: str) -> list[str]:
    places = [folder]
    while os.path.dirname(places[-1]) != places[-1]:
        places.append(os.path.dirname(places[-1]))
    return places


def _reachable(state: os.stat_result, *, sticky_is_enough: bool) -> str:
    """Who else may write, in words; empty for nobody."""
    if state.st_uid not in (os.geteuid(), 0):
        return f"belongs to user {state.st_uid}"
    if sticky_is_enough and state.st_mode & stat.S_ISVTX:
        return ""
    if state.st_mode & stat.S_IWOTH:
        return "is writable for everybody"
    if state.st_mode & stat.S_IWGRP and not _own_group(state):
        return f"is writable for group {state.st_gid}"
    return ""


def _own_group(state: os.stat_result) -> bool:
    """Whether the group is the owner's own: many systems make one for each user, and folders writable for it."""
    try:
        owner, group = pwd.getpwuid(state.st_uid), grp.getgrgid(state.st_gid)
    except KeyError:
        return False
    return owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and set(group.gr_mem) <= {owner.pw_name}
