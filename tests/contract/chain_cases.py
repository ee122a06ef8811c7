# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows says of a certificate's chain."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import lines
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .case import BOTH, DOUBLE, ERROR, Case, Expected, Judge
from .sides import find_powershell
from .world import Held, World, minted

# X509ChainStatusFlags. The rest (the time, above all) is not looked at: a real host has a clock of its own.
SIGNATURE, ROOT, PARTIAL = 8, 32, 65536
# The root is nobody's for .NET Framework, which Windows PowerShell runs on: it cannot be told what to trust.
TRUSTING = (DOUBLE,) if find_powershell().lower().endswith("powershell.exe") else BOTH


@dataclass(frozen=True)
class Chain:
    """Root, intermediate and leaf, as DER."""

    root: bytes
    intermediate: bytes
    leaf: bytes

    @property
    def tampered(self) -> bytes:
        """The leaf with a signature that is another number of the same size."""
        return self.leaf[:-1] + bytes([self.leaf[-1] ^ 1])


@functools.cache
def issued() -> Chain:
    keys = [rsa.generate_private_key(65537, 2048) for _number in range(3)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"chain {each}")]) for each in ("a", "b", "c")]
    made = []
    for number, key in enumerate(keys):
        issuer = max(number - 1, 0)
        builder = x509.CertificateBuilder().subject_name(names[number]).issuer_name(names[issuer])
        builder = builder.public_key(key.public_key()).serial_number(number + 1)
        now = datetime.datetime(2026, 1, 1)
        builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=number < 2, path_length=None), critical=True)
        made.append(builder.sign(keys[issuer], hashes.SHA256()).public_bytes(Encoding.DER))
    return Chain(*made)


def _says(wanted: int, *, exactly: bool = False) -> Judge:
    """One fault may bring another one with it: which ones is left to the system."""

    def judge(answer: Answer) -> bool:
        ((keyword, (number,)),) = lines(answer.payload)
        seen = int(number) & (SIGNATURE | ROOT | PARTIAL)
        return keyword == "status" and (seen == wanted if exactly else seen & wanted == wanted)

    return judge


def chain_cases() -> list[Case]:
    chain = issued()
    root, intermediate = Held("ROOT", chain.root), Held("CA", chain.intermediate)
    whole = World(certificates=(root, intermediate))
    return [
        Case(
            "chain.status of a chain to a trusted root",
            lambda _: [do.chain_status(chain.leaf), do.chain_status(chain.root)],
            (Expected(judge=_says(0, exactly=True)),) * 2,
            whole,
            sides=TRUSTING,
        ),
        Case(
            "chain.status of a certificate that was tampered with",
            lambda _: [do.chain_status(chain.tampered)],
            (Expected(judge=_says(SIGNATURE)),),
            whole,
        ),
        Case(
            "chain.status without the issuer",
            lambda _: [do.chain_status(chain.leaf)],
            (Expected(judge=_says(PARTIAL)),),
            World(certificates=(root,)),
        ),
        Case(
            "chain.status of a root that is not trusted",
            lambda _: [do.chain_status(minted("nobody's")[0])],
            (Expected(judge=_says(ROOT)),),
            whole,
        ),
        Case("chain.status of what is no certificate", lambda _: [do.chain_status(b"junk")], (ERROR,)),
    ]
