# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another .NET, and the keys of Windows' own providers: with other functions in the place of the script's."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import digest, lines

from .case import KEY
from .certificate_cases import EC, stored
from .instead import ACCESS_DENIED, Start, alias, fields
from .registry_cases import TREE, WHOLE
from .sides import find_powershell, run
from .test_operations import needs_powershell
from .world import World

pytestmark = needs_powershell
ONE = World(certificates=(EC,))

UNDER_FIPS = """
function UnderFips {
    if ($args[0] -eq 'Security.Cryptography.SHA256Managed') { throw 'This implementation is not FIPS validated.' }
    return ,(Microsoft.PowerShell.Utility\\New-Object @args)
}
""" + alias("New-Object", "UnderFips")


def test_under_the_fips_policy_another_class_makes_the_digest(start: Start) -> None:
    read = do.reg_read(KEY)
    holds, differs = (dataclasses.replace(read, expect=digest(data)) for data in (WHOLE, b"other"))
    answers = run(start(UNDER_FIPS, TREE), [holds, differs])
    assert [(each.status, each.kind) for each in answers] == [("ok", ""), ("error", "expect")]


OLD_NET = "function Known($name) { return $null }\n"
A_CSP_KEY = """
function PrivateKey($certificate) { return New-Object Security.Cryptography.RSACryptoServiceProvider 2048 }
"""


def test_a_key_that_an_old_net_has_no_way_to_is_unproven(start: Start) -> None:
    (answer,) = run(start(OLD_NET, ONE), [do.key_prove("MY", EC.thumbprint, b"x")])
    assert answer.ok
    assert fields(answer, "unproven")[0]


def test_a_csp_signs_with_sha1_on_an_old_net(start: Start) -> None:
    (answer,) = run(start(OLD_NET + A_CSP_KEY, ONE), [do.key_prove("MY", EC.thumbprint, b"x")])
    assert fields(answer, "algorithm") == ["rsa-pkcs1-sha1"]
    ((_name, (signature,)),) = (each for each in lines(answer.payload) if each[0] == "signature")
    assert len(signature) == 256


def test_a_key_that_does_not_sign_on_an_old_net_is_an_error(start: Start) -> None:
    broken = OLD_NET + "function PrivateKey($certificate) { return 'no key' }\n"
    (answer,) = run(start(broken, ONE), [do.key_prove("MY", EC.thumbprint, b"x")])
    assert (answer.status, answer.kind) == ("error", "hresult")


ONLY_SHA1 = """
class OldRsa : System.Security.Cryptography.RSA {
    [byte[]] SignHash(
        [byte[]] $hash,
        [Security.Cryptography.HashAlgorithmName] $algorithm,
        [Security.Cryptography.RSASignaturePadding] $padding
    ) {
        if ($algorithm.Name -ne 'SHA1') { throw [Security.Cryptography.CryptographicException]::new('only SHA-1') }
        return [byte[]] @(1, 2, 3)
    }
    [Security.Cryptography.RSAParameters] ExportParameters([bool] $withKey) { throw 'no' }
    [void] ImportParameters([Security.Cryptography.RSAParameters] $values) { throw 'no' }
}
function PrivateKey($certificate) { return [OldRsa]::new() }
"""


@pytest.mark.skipif(find_powershell().endswith("powershell.exe"), reason="classes of .NET Framework hash by themselves")
def test_a_provider_that_signs_with_sha1_only(start: Start) -> None:
    (answer,) = run(start(ONLY_SHA1, ONE), [do.key_prove("MY", EC.thumbprint, b"x")])
    assert fields(answer, "algorithm") == ["rsa-pkcs1-sha1"]
    assert fields(answer, "signature") == ["\1\2\3"]


def test_a_key_that_does_not_open_is_an_error(start: Start) -> None:
    closed = (
        "function PrivateKey($certificate) { throw [Security.Cryptography.CryptographicException]::new(-2146893811) }\n"
    )
    (answer,) = run(start(closed, ONE), [do.key_prove("MY", EC.thumbprint, b"x")])
    assert (answer.status, answer.kind, answer.number) == ("error", "hresult", -2146893811)


# ---- Keys of Windows' providers ----
CSP = """
class CspInfo {
    [string] $ProviderName = 'Some CSP'
    [string] $KeyContainerName = 'container'
    [int] $KeyNumber = 2
    [bool] get_Exportable() { return $true }
}
class CspKey {
    [object] $CspKeyContainerInfo = [CspInfo]::new()
    [bool] $PersistKeyInCsp = $true
    [void] Clear() {
        [IO.File]::WriteAllText([IO.Path]::Combine($env:TLSOPS_WORLD, 'gone'), [string] $this.PersistKeyInCsp)
    }
}
function OwnKey($certificate) { return [CspKey]::new() }
"""
CNG = """
class CngProviderOf { [string] $Provider = 'Some KSP' }
class CngInfo {
    [object] $Provider = [CngProviderOf]::new()
    [string] $KeyName = 'name'
    [int] get_ExportPolicy() { return 2 }
    [void] Delete() { $NUMBER; [IO.File]::WriteAllText([IO.Path]::Combine($env:TLSOPS_WORLD, 'gone'), 'deleted') }
}
class CngKey { [object] $Key = [CngInfo]::new() }
function OwnKey($certificate) { return [CngKey]::new() }
"""


def cng(number: int = 0) -> str:
    """A key whose deletion fails with this HRESULT."""
    thrown = f"throw [Runtime.InteropServices.COMException]::new('no', {number})" if number else "$null = 1"
    return CNG.replace("$NUMBER", thrown)


@pytest.mark.parametrize(
    ("more", "facts", "gone"),
    [(CSP, ["Some CSP", "container", "2", "1"], "False"), (cng(), ["Some KSP", "name", "0", "1"], "deleted")],
    ids=["CSP", "CNG"],
)
def test_a_key_of_windows_own_is_described_and_deleted(
    more: str, facts: list[str], gone: str, start: Start, tmp_path: Path
) -> None:
    side = start(more, ONE)
    read, proven = run(side, [do.store_read("MY"), do.key_prove("MY", EC.thumbprint, b"x")])
    assert fields(read, "certificate")[5:9] == facts
    assert fields(proven, "key") == facts
    run(side, [do.store_remove("MY", EC.thumbprint, with_key=True)], mode="write")
    assert (tmp_path / "world" / "gone").read_text(encoding="utf-8") == gone
    assert stored()(run(side, [do.store_read("MY")])[0])


def test_a_key_that_is_gone_already_does_not_keep_its_certificate(start: Start) -> None:
    side = start(cng(-2146893802), ONE)
    removed, read = run(side, [do.store_remove("MY", EC.thumbprint, with_key=True), do.store_read("MY")], mode="write")
    assert removed.ok
    assert stored()(read)


def test_a_key_that_cannot_be_deleted_keeps_its_certificate(start: Start) -> None:
    side = start(cng(ACCESS_DENIED), ONE)
    removed, read = run(side, [do.store_remove("MY", EC.thumbprint, with_key=True), do.store_read("MY")])
    assert (removed.status, removed.kind, removed.number) == ("error", "hresult", ACCESS_DENIED)
    assert stored(("MY", EC.der, True))(read)
