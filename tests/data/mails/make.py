# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The corpus: answers of a CA in every shape that is known, each with the certificates that must come out of it.

Made when it is first asked for, since certificates that are checked in expire. Written to a folder, one file each, it
is where a fuzzer starts: ``python -m tests.data.mails.make <folder>``.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from pathlib import Path

from . import broken, files, japanese, mime, texts
from .authority import Broken, Mail


@functools.cache
def corpus() -> Mapping[str, Mail]:
    """By what each is."""
    return {**texts.mails(), **mime.mails(), **japanese.mails(), **files.mails()}


@functools.cache
def damaged() -> Mapping[str, Broken]:
    """What no certificate may come out of, by what each is."""
    return broken.mails()


def write(folder: Path) -> int:
    """Writes all of both, and says how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {**corpus(), **damaged()}
    for name, mail in found.items():
        (folder / name).write_bytes(mail.data)
    return len(found)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} files written to {sys.argv[1]}")
