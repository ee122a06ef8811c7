# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.kinds import is_der, is_private, other_kind
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.unit.mint import ec_key, mint

KEY = ec_key()
LEAF = mint("www.example.com", key=KEY)


def test_a_certificate_is_der_and_no_key() -> None:
    assert is_der(LEAF.der)
    assert not is_private(LEAF.der)
    assert other_kind(LEAF.der) == ""
    assert not is_der(b"0123456789")
    assert not is_der(b"0")


def test_a_key_is_one() -> None:
    assert is_private(KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match=r"cut off|cannot be"):
        is_private(b"\x30\x82\x01")


def test_a_request_and_a_revocation_list_are_named() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(KEY, hashes.SHA256())
    assert other_kind(request.public_bytes(Encoding.DER)) == "a certificate request"
    subject, parsed = LEAF.certificate.parsed.subject, LEAF.certificate.parsed
    dates = x509.CertificateRevocationListBuilder().issuer_name(subject)
    dates = dates.last_update(parsed.not_valid_before_utc).next_update(parsed.not_valid_after_utc)
    assert other_kind(dates.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)) == "a revocation list"
