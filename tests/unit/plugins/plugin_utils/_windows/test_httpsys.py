# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, reg_dword, reg_text
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import (
    IIS_APP_ID,
    Record,
    Selector,
    records,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis_host import OLD, iis, values

FULL = iis(OLD, store="WebHosting", flags=0x413, check_mode=7, revocation_freshness_time=60, url_retrieval_timeout=5)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("ipport=0.0.0.0:443", ("ipport", "0.0.0.0", 443)),
        ("ipport=[2001:DB8:0::1]:443", ("ipport", "[2001:db8::1]", 443)),
        ("hostnameport=WWW.example.com:8443", ("hostnameport", "www.example.com", 8443)),
        ("ccs=443", ("ccs", "", 443)),
    ],
)
def test_selector(text: str, identity: tuple[str, str, int]) -> None:
    assert Selector.parse(text).identity == identity
    assert str(Selector.parse(text)) == text


@pytest.mark.parametrize("text", ["", "ipport=443", "ipport=www:443", "hostnameport=:443", "ipport=1.2.3.4:0", "x=1:2"])
def test_selector_refused(text: str) -> None:
    with pytest.raises(TlsOpsError):
        Selector.parse(text)


def test_every_value_is_kept() -> None:
    assert Record.from_registry(values(FULL)) == FULL
    assert Record.from_settings(FULL.thumbprint, FULL.store, FULL.settings()) == FULL


def test_absent_values_are_zero_and_my() -> None:
    record = Record.from_registry({"SslCertHash": RegistryValue("Binary", bytes.fromhex(OLD))})
    assert record == Record(OLD)
    assert (record.store, record.flags) == ("MY", 0)


def test_app_id_is_a_guid_in_memory_order() -> None:
    stored = bytes.fromhex("81e1c34d4be1214ab02259fc669b0914")
    assert Record.from_registry({"AppId": RegistryValue("Binary", stored)}).app_id == IIS_APP_ID


def test_unknown_values_are_named() -> None:
    extra = {"Novel": RegistryValue("DWord", reg_dword(1)), "DefaultFlags": RegistryValue("String", b"1")}
    found = records("ipport", {"": {}, "0.0.0.0:443": values(FULL) | extra, r"0.0.0.0:443\Deep": {}})
    assert set(found[Selector("ipport", "0.0.0.0:443")].unknown) == {
        "Novel (DWord, 4 bytes)",
        "DefaultFlags (String, 1 bytes)",
        r"subkey 0.0.0.0:443\Deep",
    }


def test_sni_name_is_a_value_or_the_subkey() -> None:
    named = values(FULL, HostnamePort=RegistryValue("String", reg_text("www.example.com:443")))
    found = records("hostnameport", {"0001f0": named, "old.example.com:443": values(FULL), "neither": values(FULL)})
    assert [str(each) for each in found] == ["hostnameport=www.example.com:443", "hostnameport=old.example.com:443"]


registry_values = st.builds(
    RegistryValue, st.sampled_from(["String", "Binary", "DWord", "MultiString", "Unknown"]), st.binary(max_size=24)
)
names = st.one_of(st.sampled_from([*sorted(values(FULL)), "HostnamePort"]), st.text(max_size=8))


@given(st.dictionaries(st.text(max_size=20), st.dictionaries(names, registry_values, max_size=8), max_size=4))
def test_hostile_registry(keys: dict[str, dict[str, RegistryValue]]) -> None:
    for kind in ("ipport", "hostnameport", "ccs"):
        for selector, record in records(kind, keys).items():
            assert Selector.parse(str(selector)).identity == selector.identity
            assert Record.from_settings(record.thumbprint, record.store, record.settings()) == record


json_values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.lists(st.text(max_size=2))
)


@given(
    st.dictionaries(st.one_of(st.sampled_from(sorted(FULL.settings())), st.text(max_size=5)), json_values, max_size=5)
)
def test_hostile_settings(settings: dict[str, object]) -> None:
    try:
        record = Record.from_settings(OLD, "MY", settings)
    except TlsOpsError:
        return
    assert record.flags >= 0
