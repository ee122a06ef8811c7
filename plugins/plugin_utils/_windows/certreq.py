# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``certreq``: makes a request with its key, and the answer of a CA and that key one certificate in MY."""

from __future__ import annotations

import base64
import dataclasses

from .._batch.operation import Operation
from .._batch.operations import file_write, reg_delete, reg_write_file, run
from .._x509.certificate import Certificate
from .dialect import Dialect
from .journal import REQUESTS, drop_file, enter_file, passing
from .request_inf import NewRequest

PROGRAM = r"%SystemRoot%\System32\certreq.exe"
SECONDS = 60
ACCEPTED = 2  # which of the operations of ``accept`` cannot be taken back
NEW_SECONDS = 180  # an RSA key of 4096 bits takes a slow server a minute

# winerror.h: what ``certreq`` exits with, and what to do about it.
_EXPLAINED = {
    0x80092004: "certreq found no private key on this server for the certificate (CRYPT_E_NOT_FOUND): its pending "
    "request is gone, or was made elsewhere. Install it where the request was made, or make a new request here. On "
    "Windows Server 2003, where the wizard of IIS made the request: finish it there (Process the pending request), and "
    "run again.",
    0x800B0109: "The certificate's chain ends in a root that this server does not trust (CERT_E_UNTRUSTEDROOT). "
    "Install the CA's root into the machine's trusted roots first: none is ever taken from the CA's answer.",
    0x800B010A: "Windows finds no chain from the certificate to a trusted root (CERT_E_CHAINING). Ask the CA for the "
    "missing intermediate, and give the answer together with it.",
    0x8009310B: "certreq cannot read the certificate (CRYPT_E_ASN1_BADTAG). Ask the CA for the answer once more, as "
    "PEM or PKCS#7.",
    0x80090016: "The pending request names a key container that is not there (NTE_BAD_KEYSET). Where the key was "
    "deleted only a new request helps; 'certutil -store Request' shows what is left of this one.",
    0x80090019: "This server has no such key provider (NTE_KEYSET_NOT_DEF). 'certutil -csplist' lists its own.",
    0x80090008: "The key provider cannot make a key of this type (NTE_BAD_ALGID). Leave provider out, or name another.",
    0x80090009: "The key provider cannot make a key of this size (NTE_BAD_FLAGS). Choose another key_size or provider.",
    0x80090029: "The key provider cannot make such a key (NTE_NOT_SUPPORTED). Leave provider out, or name another.",
    0x80092023: "Windows cannot read the subject (CRYPT_E_INVALID_X500_STRING). Give subject with fewer attributes.",
    0x8007000D: "certreq does not understand the request's file (ERROR_INVALID_DATA). Please report this.",
}


def explain(exit_code: int) -> str:
    """An exit code of certreq, as a signed or unsigned number, in words with the next thing to do; "" if unknown."""
    return _EXPLAINED.get(exit_code & 0xFFFFFFFF, "")


def accept(leaf: Certificate, dialect: Dialect, *, system_root: str, nonce: str) -> tuple[Operation, ...]:
    """Installs the leaf and links its key, by public key. The file is gone afterwards, on a failure too.

    Where a run is cut off, the journal has its name, and the next one deletes it.

    ``-machine`` is mandatory where no request is outstanding, as for a reissue (Microsoft docs, certreq). The
    acceptance itself has no undo: taking the certificate out of MY would leave its key without any link, because the
    pending request is gone by then.
    """
    path = passing(system_root, nonce, "cer")
    accepted = run(PROGRAM, *dialect.quiet, "-accept", *dialect.machine, path, seconds=SECONDS)
    return enter_file(path), file_write(path, _pem(leaf)), accepted, *drop_file(path)


def new(
    request: NewRequest, dialect: Dialect, *, system_root: str, nonce: str
) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Makes a key and a pending request; then keeps the request under the name ``nonce`` of ``journal.REQUESTS``.

    No file is left, on a failure neither. The pending request in the store has no undo: which one it is nobody knows
    before it is made. Raises TlsOpsError where this Windows cannot be told what is asked for.
    """
    given, made = (passing(system_root, nonce, kind) for kind in ("inf", "req"))
    making = (
        enter_file(given),
        enter_file(made),
        file_write(given, dialect.inf(request)),
        run(PROGRAM, *dialect.quiet, "-new", given, made, seconds=NEW_SECONDS),
    )
    keeping = dataclasses.replace(reg_write_file(REQUESTS, nonce, made), undo=(reg_delete(REQUESTS, nonce),))
    return making, (keeping, *drop_file(given), *drop_file(made))


def _pem(certificate: Certificate) -> bytes:
    text = base64.b64encode(certificate.der).decode("ascii")
    rows = [text[start : start + 64] for start in range(0, len(text), 64)]
    marked = ("-----BEGIN CERTIFICATE-----", *rows, "-----END CERTIFICATE-----", "")
    return "\r\n".join(marked).encode("ascii")
