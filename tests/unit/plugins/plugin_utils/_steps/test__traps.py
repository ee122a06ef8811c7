# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer, Consumers
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import _traps
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._traps import Traps
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7, Problem

from tests.unit.iis_host import Host, iis
from tests.unit.mint import mint

OLD, NEW, OTHER = (mint(f"{name}.example.com") for name in ("old", "new", "other"))
ANY, NAMED, EXACT = "ipport=0.0.0.0:443", "hostnameport=www.example.com:443", "ipport=10.0.0.1:443"
HTTPS, WWW = ("https", "*:443:", 0), ("https", "*:443:www.example.com", 1)
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
TWO = {"P": ("started", [HTTPS]), "Q": ("started", [("https", "*:444:", 0)])}
RDP = Consumer("Remote Desktop RDP-Tcp", r"HKLM\x, y", OLD.thumbprint)


def server(sites: Any, records: dict[str, Any], **fields: Any) -> Iis7:
    web = Host(sites, records).web()
    assert isinstance(web, Iis7)
    return dataclasses.replace(web, **fields)


def snapshot(web: Iis7 | None, **fields: Any) -> Snapshot:
    personal = tuple(PersonalCertificate("MY", each.certificate, True) for each in (OLD, NEW))
    return Snapshot(None, Journal(), **({"web": web, "personal": personal} | fields))  # type: ignore[arg-type]


def check(web: Iis7, *selectors: str, **fields: Any) -> Traps:
    endpoints = [each for each in web.endpoints if each.selector in selectors]
    assert len(endpoints) == len(selectors)
    return _traps.check(snapshot(web, **fields), web, endpoints, NEW.certificate)


def found(host: Snapshot) -> tuple[str, ...]:
    return tuple(text for _kind, text in _traps.findings(host))


@pytest.mark.parametrize("kept", [OLD.thumbprint, OTHER.thumbprint, ""], ids=["the old one", "another", "unreadable"])
def test_a_certificate_that_would_come_back_is_refused(kept: str) -> None:
    web = server(TWO, {ANY: iis(OLD.thumbprint)}, metabase_certificates={"1": kept})
    with pytest.raises(TlsOpsError, match=r"keeps another certificate for 'P' \(") as refused:
        check(web, ANY)
    assert kept or "not understood" in refused.value.message
    command = (
        r"%SystemRoot%\System32\inetsrv\appcmd.exe set config /section:system.applicationHost/customMetadata "
        """"/-[path='LM/W3SVC/1'].[id='5506']" /commit:apphost"""
    )
    assert command in refused.value.hint
    assert "not tried" in refused.value.hint


def test_what_the_metabase_keeps_does_no_harm_where_it_is_the_new_one_or_nothing_changes() -> None:
    web = server(TWO, {ANY: iis(OLD.thumbprint)}, metabase_certificates={"1": NEW.thumbprint})
    assert check(web, ANY) == Traps()
    done = server(TWO, {ANY: iis(NEW.thumbprint)}, metabase_certificates={"1": OLD.thumbprint})
    (finding,) = check(done, ANY).findings
    assert f"keeps the certificate {OLD.thumbprint} for the site 'P'" in finding
    assert "binds it again" in finding


def test_a_site_that_shares_the_record_is_refused_too_and_other_sites_are_told_of() -> None:
    shared = {"P": ("started", [HTTPS]), "Q": ("started", [HTTPS])}
    web = server(shared, {ANY: iis(OLD.thumbprint)}, metabase_certificates={"2": OLD.thumbprint})
    with pytest.raises(TlsOpsError, match="another certificate for 'Q'"):
        check(web, ANY)
    apart = server(TWO, {ANY: iis(OLD.thumbprint)}, metabase_certificates={"2": OLD.thumbprint, "9": OLD.thumbprint})
    (finding,) = check(apart, ANY).findings
    assert "for the site 'Q'" in finding


def test_a_site_that_is_not_there_and_one_that_has_what_is_kept() -> None:
    web = server(TWO, {ANY: iis(OLD.thumbprint)}, metabase_certificates={"1": OLD.thumbprint, "9": ""})
    in_use, gone = found(snapshot(web))
    assert "stand in the way of the next one" in in_use
    assert "a certificate that is not understood for site 9, which is not there" in gone


@pytest.mark.parametrize(
    ("binding", "hidden"),
    [
        (WWW, True),
        (("https", "10.0.0.1:443:www.example.com", 1), True),
        (("https", "10.0.0.2:443:www.example.com", 1), False),
    ],
)
def test_an_exact_record_hides_a_name_on_the_addresses_of_its_binding(binding: Any, hidden: bool) -> None:
    sites = {"P": ("started", [binding])}
    web = server(sites, {NAMED: iis(OLD.thumbprint), EXACT: iis(OTHER.thumbprint), ANY: iis(OTHER.thumbprint)})
    warning = (
        f"{NAMED} is not reached at 10.0.0.1: the record {EXACT} comes before a name's and sends the certificate "
        f"{OTHER.thumbprint}."
    )
    assert check(web, NAMED).warnings == ((warning,) if hidden else ())
    assert found(snapshot(web)) == ((warning,) if hidden else ())


def test_many_hidden_names_are_one_sentence() -> None:
    names = [f"n{number}.example.com" for number in range(7)]
    sites = {"P": ("started", [("https", f"*:443:{name}", 1) for name in names])}
    records = {f"hostnameport={name}:443": iis(OLD.thumbprint) for name in names}
    (warning,) = found(snapshot(server(sites, {**records, EXACT: iis(OTHER.thumbprint)})))
    assert "hostnameport=n4.example.com:443 and 2 more are not reached at 10.0.0.1" in warning


def test_nothing_is_hidden_where_both_get_or_have_the_certificate() -> None:
    sites = {"P": ("started", [WWW, ("https", "10.0.0.1:443:", 0)])}
    both = server(sites, {NAMED: iis(OLD.thumbprint), EXACT: iis(OTHER.thumbprint)})
    assert check(both, NAMED, EXACT).warnings == ()
    there = server(sites, {NAMED: iis(OLD.thumbprint), EXACT: iis(NEW.thumbprint)})
    assert check(there, NAMED).warnings == ()
    other_port = server(sites, {NAMED: iis(OLD.thumbprint), "ipport=10.0.0.1:444": iis(OTHER.thumbprint)})
    assert check(other_port, NAMED).warnings == ()


def test_a_name_without_a_record_is_hidden_as_soon_as_it_has_one() -> None:
    """It gets the certificate by this very swap, so the warning is due."""
    web = server({"P": ("started", [WWW])}, {EXACT: iis(OTHER.thumbprint)})
    assert len(check(web, NAMED).warnings) == 1
    assert found(snapshot(web)) == ()


def test_who_else_uses_the_old_certificate() -> None:
    sstp = Consumer("SSTP", "SHA256CertificateHash", OLD.certificate.sha256)
    ftp = Consumer("FTP", "applicationHost.config, siteDefaults", OLD.thumbprint)
    records = {ANY: iis(OLD.thumbprint), "ipport=0.0.0.0:8172": iis(OLD.thumbprint, app_id=SSTP)}
    records |= {"ipport=0.0.0.0:9000": iis(OLD.thumbprint)}
    web = server(TWO, records, consumers=(ftp,))
    known = Consumers((RDP, sstp, dataclasses.replace(RDP, thumbprint=OTHER.thumbprint)))
    (finding,) = check(web, ANY, consumers=known).findings
    assert finding.startswith(f"The old certificate 'old.example.com' ({OLD.thumbprint}) is also used by: ")
    programs = (
        "Remote Desktop",
        "SSTP (SHA256",
        "FTP (",
        "SSTP (Routing",
        "a record of IIS that no site uses (http.sys",
    )
    assert all(each in finding for each in programs), finding
    assert finding.count("; ") == len(programs) - 1
    gone = check(web, ANY, consumers=known, personal=()).findings[0]
    assert f"old certificate {OLD.thumbprint} is" in gone
    assert "SHA256CertificateHash" not in gone


def test_the_rebind_task_is_a_warning_where_something_changes() -> None:
    known = Consumers(certificate_rebind=True)
    before, after = (server(TWO, {ANY: iis(each.thumbprint)}) for each in (OLD, NEW))
    assert ["IIS-AutoCertRebind" in each for each in check(before, ANY, consumers=known).warnings] == [True]
    assert check(after, ANY, consumers=known) == Traps()
    assert len(found(snapshot(after, consumers=known))) == 1


def test_bindings_that_meet_another_programs_record() -> None:
    web = server(TWO, {ANY: iis(OLD.thumbprint, app_id=SSTP)})
    (finding,) = found(snapshot(web))
    assert f"{ANY} belongs to SSTP (Routing and Remote Access), and bindings of 'P' meet it" in finding


def test_what_was_not_read_or_not_understood() -> None:
    assert found(snapshot(None)) == ()
    known = Consumers((RDP,), unreadable=(r"HKLM\x",))
    broken = snapshot(Iis7(problem=Problem("no sites")), consumers=known)
    assert _traps.findings(broken) == (("unreadable", r"HKLM\x is not understood: it may name a certificate."),)
    used, unread = check(server(TWO, {ANY: iis(OLD.thumbprint)}), ANY, consumers=known).findings
    assert used.endswith(r"is also used by: Remote Desktop RDP-Tcp (HKLM\x, y). It stays there until it is changed.")
    assert unread == r"HKLM\x is not understood: it may name a certificate."
    web = server(TWO, {}, unreadable=("Shared.",))
    assert found(snapshot(web)) == ("Shared.",)
    new = Endpoint(ANY, "0.0.0.0", 443, "", ("P",), "iis")
    assert _traps.check(snapshot(web), web, [new], NEW.certificate) == Traps(findings=("Shared.",))
