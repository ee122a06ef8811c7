# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read6
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis6 import Iis6
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis6_host import NEW, OLD, OTHER, SITE, Host, site

DENIED = Answer("error", kind="hresult", number=0x80070005 - (1 << 32), text="Access is denied.")


def hash_of(thumbprint: str) -> dict[str, tuple[str, bytes]]:
    return {"SSLCertHash": ("binary", bytes.fromhex(thumbprint))}


def test_a_host() -> None:
    web = Host(chain=0, listen_only=("10.0.0.1",)).web()
    assert isinstance(web, Iis6)
    assert (web.version, web.listen_only, web.takes_sha2) == ("6.0", ("10.0.0.1",), True)
    assert web.services == {"IISADMIN": (4, 2), "HTTPFilter": (4, 3), "W3SVC": (4, 2)}
    assert (web.consumers, web.unreadable, web.metabase_certificates) == ((), (), {})
    assert [(each.selector, each.thumbprint) for each in web.endpoints] == [("metabase=W3SVC/1", OLD)]


def test_mail_and_news_name_certificates_too() -> None:
    nodes = {"W3SVC": hash_of(OLD), SITE: site(), "SMTPSVC": hash_of(NEW), "SMTPSVC/1": {}, "NNTPSVC": {}}
    web = Host({**nodes, "NNTPSVC/1": hash_of(OTHER), "NNTPSVC/2": hash_of("AB")}).web()
    assert web.consumers == (
        Consumer("IIS, for web sites without a certificate of their own", "metabase W3SVC, SSLCertHash", OLD),
        Consumer("SMTP", "metabase SMTPSVC, SSLCertHash", NEW),
        Consumer("NNTP", "metabase NNTPSVC/1, SSLCertHash", OTHER),
    )
    assert web.unreadable == ("metabase NNTPSVC/2, SSLCertHash is not understood.",)


def test_what_is_not_known_is_told() -> None:
    host = Host({"W3SVC": {}, SITE: site(secure=("nonsense", ":443:"))}, chain=None)
    answers = host.answers()
    answers[-5] = DENIED
    web = host.understood(answers)
    binding, smtp, sha2 = web.unreadable
    assert binding == "The SecureBinding 'nonsense' of site 'Shop' is not understood."
    assert smtp.startswith("The certificates of SMTP (metabase, SMTPSVC) are not known: ")
    assert "Access is denied." in smtp
    assert "SHA-2" in sha2


def test_a_metabase_that_cannot_be_read() -> None:
    host = Host()
    answers = host.answers()
    answers[-6] = DENIED
    web = host.understood(answers)
    for ask in (lambda: web.sites, lambda: web.endpoints):
        with pytest.raises(TlsOpsError, match=r"metabase of IIS 6\.0 cannot be read: Access is denied") as error:
            ask()
        assert "IISADMIN" in error.value.hint
    assert (web.version, web.unreadable) == ("6.0", ())


def test_iis_without_the_web_service() -> None:
    web = Host({}, services={"IISADMIN": (4, 2)}).web()
    assert (web.sites, web.endpoints) == ((), ())


def test_a_thumbprint_that_is_none_is_told_when_sites_are_asked_for() -> None:
    web = Host({"W3SVC": {}, SITE: site(certificate="AB")}).web()
    with pytest.raises(TlsOpsError, match="something else than a thumbprint"):
        _other = web.sites


def test_nothing_is_started_where_the_service_does_not_run() -> None:
    web = Host(services={"IISADMIN": (4, 2), "HTTPFilter": (1, 3), "W3SVC": (1, 2)}).web()
    assert [each.state for each in web.sites] == ["stopped"]


_answers = st.builds(Answer, st.sampled_from(["ok", "error"]), st.binary(max_size=60))


@given(st.lists(_answers, min_size=6, max_size=6), _answers)
def test_hostile_answers(answers: list[Answer], w3svc: Answer) -> None:
    web = read6.parse(answers, w3svc, ())
    with contextlib.suppress(TlsOpsError):
        assert all(each.selector for each in web.endpoints)
