# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.signature import verifies
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint, rsa_key

DATA = b"something"
RSA = mint("rsa", key=rsa_key())
CURVES = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]


def p1363(key: ec.EllipticCurvePrivateKey) -> bytes:
    half = (key.key_size + 7) // 8
    return b"".join(n.to_bytes(half, "big") for n in decode_dss_signature(key.sign(DATA, ec.ECDSA(hashes.SHA256()))))


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("rsa-pkcs1-sha256", hashes.SHA256()), ("rsa-pkcs1-sha1", hashes.SHA1())]
)
def test_rsa(algorithm: str, digest: hashes.HashAlgorithm) -> None:
    signature = RSA.key.sign(DATA, padding.PKCS1v15(), digest)
    assert verifies(RSA.certificate, algorithm, signature, DATA)
    assert not verifies(RSA.certificate, algorithm, signature, DATA + b"!")
    assert not verifies(RSA.certificate, algorithm, signature[:-1], DATA)
    assert not verifies(mint("ec").certificate, algorithm, signature, DATA)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_ecdsa(curve: ec.EllipticCurve) -> None:
    one = mint("ec", key=ec.generate_private_key(curve))
    signature = p1363(one.key)
    assert verifies(one.certificate, "ecdsa-sha256", signature, DATA)
    assert not verifies(one.certificate, "ecdsa-sha256", signature[::-1], DATA)
    assert not verifies(one.certificate, "ecdsa-sha256", signature + b"\0", DATA)
    assert not verifies(RSA.certificate, "ecdsa-sha256", signature, DATA)


def test_an_unknown_way_is_named() -> None:
    with pytest.raises(TlsOpsError, match="'dsa'"):
        verifies(RSA.certificate, "dsa", b"", DATA)


@given(st.sampled_from(["ecdsa-sha256", "rsa-pkcs1-sha256"]), st.binary(max_size=300))
def test_no_bytes_that_were_not_signed_verify(algorithm: str, signature: bytes) -> None:
    assert not verifies(RSA.certificate, algorithm, signature, DATA)
    assert not verifies(mint("ec").certificate, algorithm, signature, DATA)
