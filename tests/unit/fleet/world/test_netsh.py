# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netsh and http.sys: every refusal, in the words of the host."""

from __future__ import annotations

import pytest

from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import APP_ID, NETSH, ask, make, netsh, thumbprint

NEW = "ipport=0.0.0.0:444"


def add(host: Host, *more: str, verb: str = "add", where: str = NEW, certificate: str = "") -> tuple[int, bytes]:
    certhash = f"certhash={certificate or thumbprint(host)}"
    return netsh(host, verb, "sslcert", where, certhash, f"appid={APP_ID}", "certstorename=MY", *more)


def test_a_record_has_the_native_values() -> None:
    host = make()
    more = ("clientcertnegotiation=enable", "verifyclientcertrevocation=disable", "revocationfreshnesstime=60")
    assert add(host, *more, "sslctlidentifier=Trusted Issuers")[0] == 0
    tree = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\SslBindingInfo\0.0.0.0:444"
    found = {row[2].decode(): (row[3].decode(), row[4]) for row in ask(host, ("reg.read", "key", tree))[0].rows[1:]}
    assert found["SslCertHash"] == ("Binary", bytes.fromhex(thumbprint(host)))
    assert found["AppId"] == ("Binary", bytes.fromhex("81e1c34d4be1214ab02259fc669b0914"))
    assert found["DefaultFlags"] == ("DWord", b"\2\0\0\0")
    assert found["DefaultSslCertCheckMode"] == ("DWord", b"\5\0\0\0")  # 1 | 4: a freshness time is in force
    assert found["DefaultSslCtlIdentifier"] == ("String", b"Trusted Issuers")
    assert {entry["by"] for entry in host.write_log} == {"netsh"}


@pytest.mark.parametrize(
    ("more", "number"),
    [
        (("revocationfreshnesstime=0",), 87),
        (("urlretrievaltimeout=0",), 87),
        (("clientcertnegotiation=perhaps",), 87),
        (("appid={4dc3e181}",), None),
    ],
)
def test_what_is_refused_as_a_parameter(more: tuple[str, ...], number: int | None) -> None:
    host = make()
    code, output = add(host, *more)
    assert code == 1
    assert number is None or f"Error: {number}\r\n".encode() in output
    assert host.write_log == []


@pytest.mark.parametrize(
    "line",
    [
        f"ipport=*:444 certhash={'0' * 40} appid={APP_ID}",
        f"ipport=0.0.0.0:70000 certhash={'0' * 40} appid={APP_ID}",
        f"ipport=0.0.0.0:444 certhash=12 appid={APP_ID}",
        f"ipport=0.0.0.0:444 certhash={'0' * 40}",
        f"ipport=0.0.0.0:444 certhash={'0' * 40} appid=4dc3e181-e14b-4a21-b022-59fc669b0914",
        f"certhash={'0' * 40} appid={APP_ID}",
    ],
)
def test_malformed_lines_are_error_87(line: str) -> None:
    assert b"Error: 87" in netsh(make(), "add", "sslcert", *line.split())[1]


def test_one_record_per_address() -> None:
    code, output = add(make(), where="ipport=0.0.0.0:443")
    assert code == 1
    assert b"Error: 183" in output


def test_a_missing_record_is_error_2() -> None:
    host = make()
    assert b"Error: 2\r\n" in add(host, verb="update")[1]
    assert b"Error: 2\r\n" in netsh(host, "delete", "sslcert", NEW)[1]


@pytest.mark.parametrize(
    "certificate",
    [{"usable": False}, {"has_key": False}, {"key": "rsa-2048", "key_spec": 2}, {"store": "WebHosting"}],
)
def test_1312_for_what_cannot_be_used(certificate: dict[str, object]) -> None:
    bad = {"authority": "public", "names": ["x.example.com"], **certificate}
    host = make(certificates={"bad": bad}, sites=[])
    found = [entry for store in ("MY", "WebHosting") for entry in host.store(store)]
    code, output = add(host, certificate=found[0].thumbprint)
    assert code == 1
    assert b"Error: 1312" in output


def test_messages_come_in_the_language_and_code_page_of_the_host() -> None:
    japanese = make(language="ja-JP")
    output = add(japanese, where="ipport=0.0.0.0:443")[1]
    assert "エラー: 183".encode("cp932") in output
    utf8 = make({"code_page": "65001"}, language="ja-JP")
    assert "エラー: 183".encode() in add(utf8, where="ipport=0.0.0.0:443")[1]


def test_an_unknown_parameter_makes_nothing_whatever_the_exit_code() -> None:
    for way, code in (("exit0", 0), ("exit1", 1)):
        host = make({"netsh_unknown_parameter": way})
        assert add(host, "disableeverything=enable")[0] == code
        assert host.sslcert(NEW) is None
    refused = make({"netsh_refused_parameters": ["disablequic"]})
    assert add(refused, "disablequic=enable")[0] == 0
    assert refused.sslcert(NEW) is None


@pytest.mark.parametrize(("product", "there"), [("2012r2", False), ("2016", False), ("2019", True), ("2025", True)])
def test_update_and_parameter_names_by_product(product: str, there: bool) -> None:
    host = make(product=product)
    assert (b"sslcert" in netsh(host, "update")[1]) == there
    help_text = netsh(host, "add", "sslcert", "help")[1]
    assert (b"[disablequic=]" in help_text) == there
    assert b"[hostnameport=]" in help_text
    assert (add(host, verb="update", where="ipport=0.0.0.0:443")[0] == 0) == there


def test_update_takes_the_whole_record() -> None:
    record = {"flags": 0x2, "freshness_time": 60, "check_mode": 4, "more": {"Unknown": 1}}
    host = make(sites=[{"name": "P", "bindings": [{"information": "*:443:", "certificate": "old", "record": record}]}])
    assert add(host, verb="update", where="ipport=0.0.0.0:443")[0] == 0
    found = host.sslcert("ipport=0.0.0.0:443")
    assert found
    assert (found["flags"], found["freshness_time"], found["more"]) == (0, 0, ())


def test_sni_subkeys_are_opaque_or_not() -> None:
    tree = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\SslSniBindingInfo"
    for style, name in (("opaque", None), ("hostport", "www.example.com:443")):
        host = make({"sni_key_style": style}, sites=[])
        assert add(host, where="hostnameport=www.example.com:443")[0] == 0
        key = host.registry.key(tree)
        assert key
        (sub,) = key.subkeys()
        assert (sub.name == name) == (style == "hostport")
        assert (sub.value("HostnamePort") is not None) == (style == "opaque")
        assert host.sslcert("hostnameport=WWW.example.com:443")


def test_87_for_some_tries_after_certreq_is_outwaited_by_a_retry() -> None:
    host = make()
    host.failing_tries[thumbprint(host)] = 3
    words = ("http", "add", "sslcert", NEW, f"certhash={thumbprint(host)}", f"appid={APP_ID}", "certstorename=MY")
    line = [part for word in words for part in ("argument", word)]
    operation = ("run", "program", NETSH, *line, "retry_match", r"\b87\b", "retry_seconds", "2")
    assert ask(host, operation)[0].kind == "exit"
    assert ask(host, operation)[0].status == "ok"


def test_an_ordered_failure_happens_once() -> None:
    host = make({"netsh_failures": {"add": 1312}})
    assert b"1312" in add(host)[1]
    assert add(host)[0] == 0


def test_which_record_answers() -> None:
    certificates = {name: {"authority": "public", "names": [f"{name}.example.com"]} for name in ("any", "exact", "sni")}
    records = [
        {"ipport": "0.0.0.0:443", "certificate": "any"},
        {"ipport": "10.0.0.1:443", "certificate": "exact"},
        {"hostnameport": "www.example.com:443", "certificate": "sni"},
    ]

    def answering(option: str, ip: str, name: str | None) -> str:
        host = make({"ip_record_hides_sni": option}, certificates=certificates, sites=[], records=records)
        record = host.httpsys.answering(ip, 443, name)
        return record.name if record else ""

    assert answering("exact", "10.0.0.1", "www.example.com") == "10.0.0.1:443"
    assert answering("exact", "127.0.0.1", "www.example.com") == "www.example.com:443"
    assert answering("exact", "127.0.0.1", "other.example.com") == "0.0.0.0:443"
    assert answering("any", "127.0.0.1", "www.example.com") == "0.0.0.0:443"
    assert answering("never", "10.0.0.1", "www.example.com") == "www.example.com:443"


def test_without_elevation_netsh_only_shows() -> None:
    host = make({"elevated": False})
    assert add(host)[0] == 1
    assert netsh(host, "show", "sslcert")[0] == 0
