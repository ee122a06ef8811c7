# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``certutil -repairstore``: finds the key of a certificate in MY among all the machine's keys, and links it.

Microsoft's KB889651 gives the command for Windows Server 2003, with the serial number; the program comes with it.
"""

from __future__ import annotations

from .._batch.operation import Operation
from .._batch.operations import run, store_add
from .._x509.certificate import Certificate
from . import new_certificate
from .personal import MY

PROGRAM = r"%SystemRoot%\System32\certutil.exe"
SECONDS = 120  # it opens every key of the machine


def link_key(leaf: Certificate, *, there: bool) -> tuple[Operation, ...]:
    """Puts the leaf into MY and links its key. The way back takes it out again, unless it was ``there`` without key."""
    put = (store_add(MY, leaf.der),) if there else new_certificate.put(MY, leaf)
    return *put, run(PROGRAM, "-repairstore", "my", leaf.serial, seconds=SECONDS)


def explain() -> str:
    """What to do where it failed: its exit codes say no more."""
    return (
        "The answer is for a key that no pending request holds any more, and certutil could not link that key. Install "
        "the certificate by hand (KB889651), or make a new request."
    )
