# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores and keys."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import lines
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import pkcs12

from .case import DOUBLE, ERROR, NOTHING, Case, Expected, Judge, hresult
from .world import Held, Key, World, minted

EC_DER, EC_KEY = minted("ec.example.com")
RSA_DER, RSA_KEY = minted("rsa.example.com", "rsa")
CA_DER, _CA_KEY = minted("Some CA")
EC, RSA, CA = Held("MY", EC_DER, EC_KEY), Held("MY", RSA_DER, RSA_KEY), Held("CA", CA_DER)
KEYLESS = Held("MY", CA_DER)
PERSONAL = World(certificates=(EC, RSA, CA))
NOBODY = "00" * 20
PASSWORD = "pa$$ w`ord \"é'"


def stored(*wanted: tuple[str, bytes, bool]) -> Judge:
    """The stores hold just these: (store, certificate, has a key)."""

    def judge(answer: Answer) -> bool:
        found = [fields for keyword, fields in lines(answer.payload) if keyword == "certificate"]
        assert all(len(fields) == 10 for fields in found)
        seen = {(fields[0].decode(), fields[1], fields[2] == b"1") for fields in found}
        return seen == set(wanted) and len(found) == len(wanted)

    return judge


def _names(*wanted: str) -> Judge:
    return lambda answer: [f[0].decode() for k, f in lines(answer.payload) if k == "store"] == list(wanted)


def opens_as(held: Held, password: str = PASSWORD) -> Judge:
    def judge(answer: Answer) -> bool:
        key, certificate, more = pkcs12.load_key_and_certificates(answer.payload, password.encode())
        assert key is not None
        assert certificate is not None
        assert held.key is not None
        return key.public_key() == held.key.public_key() and certificate.public_key() == key.public_key() and not more

    return judge


def proves(key: Key, data: bytes) -> Judge:
    def judge(answer: Answer) -> bool:
        (_other, (algorithm,)), (_more, (signature,)), (last, facts) = lines(answer.payload)
        assert (last, len(facts)) == ("key", 4)
        try:
            if isinstance(key, ec.EllipticCurvePrivateKey):
                half = len(signature) // 2
                numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
                der = utils.encode_dss_signature(*numbers)
                key.public_key().verify(der, data, ec.ECDSA(hashes.SHA256()))
                return algorithm == b"ecdsa-sha256"
            digest = {b"rsa-pkcs1-sha256": hashes.SHA256(), b"rsa-pkcs1-sha1": hashes.SHA1()}[algorithm]
            key.public_key().verify(signature, data, padding.PKCS1v15(), digest)
        except InvalidSignature:
            return False
        return True

    return judge


def store_cases() -> list[Case]:
    return [
        Case(
            "store.read, with a store that does not exist",
            lambda _: [do.store_read("MY", "WebHosting", "CA")],
            (Expected(judge=_names("MY", "CA")),),
            PERSONAL,
        ),
        Case(
            "store.read with keys and without",
            lambda _: [do.store_read("MY", "CA"), do.store_read("MY")],
            (
                Expected(judge=stored(("MY", EC_DER, True), ("MY", RSA_DER, True), ("CA", CA_DER, False))),
                Expected(judge=stored(("MY", EC_DER, True), ("MY", RSA_DER, True))),
            ),
            PERSONAL,
        ),
        Case("store.read of no store", lambda _: [do.store_read()], (NOTHING,)),
        Case(
            "store.add, copy and remove, each also where it is done already",
            lambda _: [
                do.store_add("CA", RSA_DER),
                do.store_add("CA", RSA_DER),
                do.store_copy("MY", "WebHosting", EC.thumbprint),
                do.store_copy("MY", "WebHosting", EC.thumbprint.lower()),
                do.store_remove("CA", CA.thumbprint),
                do.store_remove("CA", CA.thumbprint),
            ],
            (NOTHING,) * 6,
            World(certificates=(EC, RSA, CA), stores=("MY", "CA", "WebHosting")),
            "write",
            then=lambda _: [do.store_read("CA", "WebHosting")],
            then_expected=(Expected(judge=stored(("CA", RSA_DER, False), ("WebHosting", EC_DER, True))),),
        ),
        Case(
            "store.add of what is no certificate",
            lambda _: [do.store_add("CA", b"junk")],
            (ERROR,),
            mode="write",
        ),
        Case(
            "store.copy of what is not there",
            lambda _: [do.store_copy("MY", "CA", NOBODY)],
            (hresult(0x80092004),),
            PERSONAL,
            "write",
        ),
        Case(
            "store.export_pfx of leaf and key, under a hostile password",
            lambda _: [do.store_export_pfx("MY", each.thumbprint, PASSWORD) for each in (EC, RSA)],
            (Expected(judge=opens_as(EC)), Expected(judge=opens_as(RSA))),
            PERSONAL,
        ),
        Case(
            "store.export_pfx without a key, and of what is not there",
            lambda _: [do.store_export_pfx("MY", each, PASSWORD) for each in (KEYLESS.thumbprint, NOBODY)],
            (hresult(0x80090016), hresult(0x80092004)),
            World(certificates=(KEYLESS,)),
        ),
        Case(
            "store.export_pfx of a key that stays",
            lambda _: [do.store_export_pfx("MY", RSA.thumbprint, PASSWORD)],
            (hresult(0x8009000B),),
            World(certificates=(dataclasses.replace(RSA, exportable=False),)),
            sides=(DOUBLE,),
        ),
        Case(
            "key.prove",
            lambda _: [do.key_prove("MY", each.thumbprint, b"challenge \0\xff") for each in (EC, RSA)],
            (
                Expected(judge=proves(EC_KEY, b"challenge \0\xff")),
                Expected(judge=proves(RSA_KEY, b"challenge \0\xff")),
            ),
            PERSONAL,
        ),
        Case(
            "key.prove without a key, and of what is not there",
            lambda _: [do.key_prove("MY", each, b"x") for each in (KEYLESS.thumbprint, NOBODY)],
            (hresult(0x80090016), hresult(0x80092004)),
            World(certificates=(KEYLESS,)),
        ),
    ]
