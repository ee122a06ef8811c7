# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows exports, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence

from .._batch.operation import Answer
from .._errors import TlsOpsError
from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._x509.certificate import Certificate
from .._x509.pfx import Compatibility, make_pfx, open_pfx, prove
from ._certificate import Resolved

# winerror.h: what the export answers.
NTE_BAD_KEY_STATE, NTE_BAD_KEYSET, NTE_PERM = 0x8009000B, 0x80090016, 0x80090010

_WORDS = {
    NTE_BAD_KEY_STATE: "the private key is marked as not exportable",
    NTE_BAD_KEYSET: "the private key is missing: the certificate points to a key container that is not there",
    NTE_PERM: "access to the private key was denied",
}
_HINTS = {
    NTE_BAD_KEY_STATE: "Windows does not give such a key out. Renew with a request whose INF has Exportable = TRUE, or "
    "back the key up with the tool of its provider.",
    NTE_BAD_KEYSET: "'certutil -verifystore My <thumbprint>' on the host shows what is left of it.",
    NTE_PERM: "The user that Ansible connects as needs to be an administrator with the right to read this key.",
}


def check_exportable(snapshot: Snapshot, resolved: Resolved) -> None:
    """Raises TlsOpsError where the key is known as not exportable, before anything is touched.

    Where the system could not say, the export itself will. In a dry run the key may still be that of a pending request.
    """
    certificate = resolved.certificate
    candidates: Sequence[PersonalCertificate] = (resolved.personal,) if resolved.personal else snapshot.personal or ()
    if any(one.certificate.public_key == certificate.public_key and one.exportable is False for one in candidates):
        raise TlsOpsError(
            f"{certificate.label} ({certificate.thumbprint}): {_WORDS[NTE_BAD_KEY_STATE]}.",
            hint=_HINTS[NTE_BAD_KEY_STATE],
        )


def rebuilt(
    answer: Answer,
    one_time_password: str,
    chain: Sequence[Certificate],
    password: str,
    compatibility: Compatibility,
    friendly_name: str,
) -> bytes:
    """The exported key and leaf under ``password``, with the whole ``chain`` (leaf first, root last), and proven.

    Raises TlsOpsError where the export failed, or is not what was asked for.
    """
    leaf = chain[0]
    if not answer.ok:
        number = answer.number & 0xFFFFFFFF
        words = _WORDS.get(number, "the private key was not exported")
        raise TlsOpsError(f"{leaf.label}: {words} ({answer.describe()}).", hint=_HINTS.get(number, ""))
    opened = open_pfx(answer.payload, one_time_password)
    if opened.certificate != leaf:
        raise TlsOpsError(f"the host exported {opened.certificate.thumbprint}, not {leaf.thumbprint}.")
    made = make_pfx(opened.key, leaf, chain[1:], password, compatibility, friendly_name)
    prove(made, password, chain)
    return made
