# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.tlsops.windows.plugins.plugin_utils._controller.certificate_sign import (
    ARGUMENTS,
    RULES,
    CertificateSign,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import validated
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.unit.mint import NOW, mint
from tests.unit.requests_made import request_pem

ROOT = mint("Own Root", ca=True)
ISSUING = mint("Own Issuing CA", issuer=ROOT, ca=True)
PASSPHRASE = "a passphrase of the CA"
VAULT = VaultLib([("default", VaultSecret(b"vault password"))])


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The arguments of a task; the CA's files are in ``tmp_path``."""
    kind = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "ca.pem").write_text(ISSUING.pem)
    (tmp_path / "ca.key").write_bytes(ISSUING.key.private_bytes(*form, kind))
    return {
        "csr": request_pem("www.example.com"),
        "ca_certificate_path": str(tmp_path / "ca.pem"),
        "ca_key_path": str(tmp_path / "ca.key"),
        "ca_key_passphrase": PASSPHRASE,
    }


def step(given: dict[str, Any]) -> CertificateSign:
    loader = DataLoader()
    loader.set_vault_secrets(VAULT.secrets)
    return CertificateSign.from_arguments(validated(given, ARGUMENTS, RULES), ControllerFiles(loader, "web01"))


def refusal(given: dict[str, Any]) -> str:
    with pytest.raises(TlsOpsError) as caught:
        step(given)
    assert PASSPHRASE not in str(caught.value)
    return str(caught.value)


def test_it_signs(given: dict[str, Any]) -> None:
    result = step(given).done(NOW)
    leaf, above = read_answer(result["answer"].encode())
    assert above == ISSUING.certificate
    assert leaf.signed_by(above)
    assert result["thumbprint"] == leaf.thumbprint
    assert result["not_after"] == (NOW + timedelta(days=90)).isoformat()
    assert (result["changed"], result["days"], result["names"]) == (True, 90, ["www.example.com"])


def test_each_has_a_serial_number_of_its_own(given: dict[str, Any]) -> None:
    work = step(given)
    leaves = [read_answer(work.done(NOW)["answer"].encode())[0] for _each in range(2)]
    assert len({leaf.parsed.serial_number for leaf in leaves}) == 2
    assert all(leaf.parsed.serial_number.bit_length() <= 159 for leaf in leaves)


def test_a_dry_run_checks_all_and_makes_nothing(given: dict[str, Any]) -> None:
    result = step(given).checked(NOW)
    assert (result["changed"], result["answer"], result["thumbprint"], result["days"]) == (True, "", "", 0)
    with pytest.raises(TlsOpsError, match="expired on"):
        step(given).checked(NOW + timedelta(days=9999))


def test_the_key_may_be_a_vault_file(given: dict[str, Any], tmp_path: Path) -> None:
    key = tmp_path / "ca.key"
    key.write_bytes(VAULT.encrypt(key.read_bytes()))
    assert step(given).done(NOW)["answer"]


def test_of_a_bundle_the_certificate_of_the_key_is_the_cas(given: dict[str, Any], tmp_path: Path) -> None:
    other = mint("Above", issuer=ROOT, ca=True)
    (tmp_path / "ca.pem").write_text(other.pem + ROOT.pem + ISSUING.pem)
    (tmp_path / "chain.der").write_bytes(other.der)
    result = step(given | {"ca_chain_path": str(tmp_path / "chain.der")}).done(NOW)
    assert [one.der for one in read_answer(result["answer"].encode())][1:] == [ISSUING.der, other.der]


@pytest.mark.parametrize("names", [None, ["WWW.example.com. "]], ids=["any", "blanks"])
def test_names_that_are_allowed(given: dict[str, Any], names: list[str] | None) -> None:
    assert step(given | {"names": names}).done(NOW)["names"] == ["www.example.com"]


def test_name_constraints_are_held_in_a_dry_run_too(given: dict[str, Any], tmp_path: Path) -> None:
    old = ISSUING.certificate.parsed
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), old.serial_number)  # type: ignore[arg-type]
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    constraints = x509.NameConstraints([x509.DNSName("example.org")], None)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = builder.add_extension(constraints, critical=True).sign(ROOT.key, hashes.SHA256())
    (tmp_path / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    work = step(given)
    for go in (work.checked, work.done):
        with pytest.raises(TlsOpsError, match=r"do not allow www\.example\.com"):
            go(NOW)


def test_neither_key_nor_passphrase_is_shown(given: dict[str, Any]) -> None:
    work = step(given)
    assert "Key object" not in repr(work)
    assert PASSPHRASE not in f"{work!r} {work.done(NOW)}"
    assert "PRIVATE" not in str(work.done(NOW))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": 0}, "days is 0"),
        ({"names": ["shop.example.com"]}, "not among the names allowed"),
        ({"names": []}, "names is empty"),
        ({"names": ["", " "]}, "names is empty"),
        ({"csr": request_pem()}, "subject alternative name"),
        ({"ca_key_passphrase": "wrong"}, "passphrase is wrong"),
        ({"ca_certificate_path": "/no/such/file"}, "Check ca_certificate_path"),
        ({"ca_key_path": "/no/such/file"}, "Check ca_key_path"),
        ({"ca_chain_path": "/no/such/file"}, "Check ca_chain_path"),
        ({"ca_key_passphrase": ["a", "list"]}, "is a list"),
    ],
    ids=["days", "names", "no list", "blanks", "no names", "passphrase", "certificate", "key", "chain", "kind"],
)
def test_refusals(given: dict[str, Any], change: dict[str, Any], words: str) -> None:
    assert words in refusal(given | change)
