# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.configured import Configured, configured
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.xml_reader import elements
from hypothesis import given
from hypothesis import strategies as st

OLD = "AB" * 20
HASH = base64.b64encode(bytes.fromhex(OLD)).decode()


def read(inside: str) -> Configured:
    config = f"<configuration><system.applicationHost>{inside}</system.applicationHost></configuration>"
    return configured(elements(config.encode(), "applicationHost.config"))


def kept(path: str, value: str, number: str = "5506") -> str:
    return f'<key path="{path}"><property id="{number}" dataType="Binary" value="{value}" /></key>'


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (kept("LM/W3SVC/1", HASH), {"1": OLD}),
        (kept("/lm/w3svc/007/", HASH) + kept("LM/W3SVC/2", ""), {"7": OLD, "2": ""}),
        (kept("LM/W3SVC/1", "%%%"), {"1": ""}),
        (kept("LM/W3SVC/1", "AAAA"), {"1": ""}),
        (kept("LM/W3SVC/1", HASH, "5511") + kept("LM/W3SVC/1/ROOT", HASH) + kept("LM/SMTPSVC/1", HASH), {}),
        ('<key path="LM/W3SVC/1" /><key />', {}),
    ],
)
def test_what_the_metabase_keeps(keys: str, expected: dict[str, str]) -> None:
    assert read(f"<customMetadata>{keys}</customMetadata>").metabase == expected


def ftp(thumbprint: str) -> str:
    return f'<ftpServer><security><ssl serverCertHash="{thumbprint}" /></security></ftpServer>'


def test_ftp_certificates_of_sites_and_of_their_default() -> None:
    sites = f'<site name="A">{ftp(OLD.lower())}</site><site name="B">{ftp("")}</site><site name="C">{ftp("x")}</site>'
    found = read(f"<sites>{sites}<siteDefaults>{ftp('CD' * 20)}</siteDefaults></sites>")
    assert [(each.program, each.thumbprint) for each in found.consumers] == [("FTP", OLD), ("FTP", "CD" * 20)]
    assert [each.place.split(", ")[1] for each in found.consumers] == ["site 'A'", "siteDefaults"]
    assert found.unreadable == ("applicationHost.config, site 'C', ftpServer/security/ssl, serverCertHash",)


TAGS = ["customMetadata", "key", "property", "sites", "site", "ftpServer", "security", "ssl"]
ATTRIBUTE = st.builds(
    '{}="{}"'.format,
    st.sampled_from(["path", "id", "value", "serverCertHash"]),
    st.sampled_from(["LM/W3SVC/1", "5506", HASH, OLD, "", "é", "%"]),
)
LEAF = st.builds("<{} {}/>".format, st.sampled_from(TAGS), ATTRIBUTE)
TREE = st.recursive(
    LEAF, lambda inner: st.builds("<{0} {1}>{2}</{0}>".format, st.sampled_from(TAGS), ATTRIBUTE, inner), max_leaves=8
)


@given(st.lists(TREE, max_size=4))
def test_hostile_configuration(trees: list[str]) -> None:
    with contextlib.suppress(TlsOpsError):
        found = read("".join(trees))
        assert all(each.thumbprint for each in found.consumers)
