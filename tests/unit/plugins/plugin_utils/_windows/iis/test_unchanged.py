# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between what was read and what is there now, in words."""

from __future__ import annotations

import time

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import adsi_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import digest, encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import site_states, unchanged

SINCE = "the web sites have changed since they were read: "


def config(*sites: str, more: str = "") -> bytes:
    text = "".join(sites)
    return f"<c><system.applicationHost><sites>{text}</sites></system.applicationHost>{more}</c>".encode()


def site(name: str, *bindings: str, number: int = 1) -> str:
    return f'<site name="{name}" id="{number}"><bindings>{"".join(bindings)}</bindings></site>'


def binding(information: str, flags: int = 0) -> str:
    return f'<binding protocol="https" bindingInformation="{information}" sslFlags="{flags}"/>'


BEFORE = config(site("Shop", binding("*:443:")), site("Other", number=2))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (config(site("Other", number=2)), "site 'Shop' is no longer there"),
        (config(site("Shop", binding("*:443:")), site("O2", number=2)), "site 'Other' is called 'O2'"),
        (config(site("Shop"), site("Other", number=2)), "site 'Shop' no longer has the binding https *:443:"),
        (
            config(site("Shop", binding("*:443:", 1)), site("Other", number=2)),
            "site 'Shop' no longer has the binding https *:443: with sslFlags 0; "
            "site 'Shop' now has the binding https *:443: with sslFlags 1",
        ),
        (
            config(site("Shop", binding("*:443:")), site("Other", number=2), site("New", number=3)),
            "site 'New' is new",
        ),
        (
            config(site("Shop", *(binding(f"*:{port}:") for port in range(443, 450))), site("Other", number=2)),
            "; ".join(f"site 'Shop' now has the binding https *:{port}:" for port in range(444, 449)) + "; and 1 more",
        ),
    ],
)
def test_sites_and_bindings(now: bytes, words: str) -> None:
    (check,) = unchanged.configuration(Answer("ok", BEFORE))
    assert (check.name, check.expect) == ("file.read", digest(BEFORE))
    assert told(check, now) == SINCE + words


def test_what_else_is_in_the_file_does_not_count() -> None:
    (check,) = unchanged.configuration(Answer("ok", BEFORE))
    assert (
        told(
            check, BEFORE.replace(b"</c>", b"<system.applicationHost><applicationPools/></system.applicationHost></c>")
        )
        == ""
    )


def test_it_is_quick_for_as_many_bindings_as_a_host_may_tell() -> None:
    """Each compared with each other would take a quarter of an hour."""
    many = [
        config(site("Shop", *(binding(f"*:443:h{n}.example.com", flags) for n in range(30_000)))) for flags in (0, 1)
    ]
    (check,) = unchanged.configuration(Answer("ok", many[0]))
    started = time.process_time()
    assert told(check, many[1]).endswith("; and 59995 more")
    assert time.process_time() - started < 60


def told(check: Operation, now: bytes) -> str:
    assert check.differs is not None
    return check.differs(now)


def listed(state: str) -> bytes:
    text = f'<appcmd><SITE SITE.NAME="Shop" SITE.ID="1" state="{state}"/></appcmd>'
    return encode_lines([("exit", [b"0"]), ("stdout", [text.encode()]), ("stderr", [b""])])


def shop(answer: Answer) -> list[Site]:
    return [Site("1", "Shop", site_states.states(answer).get("1", "unknown"), ())]


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("Started", "Stopped", "site 'Shop' was started and is stopped"),
        ("Started", "Starting", "site 'Shop' was started and is starting"),
        ("Started", "Unknown", "site 'Shop' was started and is unknown"),
        ("Starting", "Started", ""),
        ("Stopping", "Stopped", ""),
        ("Unknown", "Started", ""),
    ],
)
def test_states(before: str, now: str, words: str) -> None:
    """One that was on its way has arrived: that is no other server."""
    (check,) = unchanged.states(Answer("ok", listed(before)), shop)
    assert check.name == "run"
    assert told(check, listed(now)) == (SINCE + words if words else "")


def nodes(**values: tuple[str, bytes]) -> bytes:
    rows = [("value", [b"W3SVC/1", name.encode(), kind.encode(), data, b"0"]) for name, (kind, data) in values.items()]
    return encode_lines([("node", [b"W3SVC"]), ("node", [b"W3SVC/1"]), *rows])


def test_the_metabase() -> None:
    before = nodes(ServerComment=("text", b"Shop"), ServerState=("number", b"2"), SSLCertHash=("binary", b"\1\2"))
    now = nodes(
        ServerComment=("text", b"Shop"), ServerState=("number", b"7"), SecureBindings=("texts", b":443:\0:444:")
    )
    (check,) = unchanged.metabase(adsi_read("W3SVC"), Answer("ok", before))
    label = "W3SVC/1 ('Shop')"
    assert told(check, now) == (
        f"{SINCE}{label}: ServerState was started and is 7; {label}: SSLCertHash was 0102 and is not set; "
        f"{label}: SecureBindings was not set and is :443: :444:"
    )
    assert told(check, encode_lines([("node", [b"W3SVC"])])) == f"{SINCE}{label} is no longer there"


@pytest.mark.parametrize(
    ("state", "words"), [(b"1", ""), (b"2", f"{SINCE}W3SVC/1: ServerState was started and is stopped"), (b"3", "")]
)
def test_a_site_of_the_metabase_that_was_on_its_way(state: bytes, words: str) -> None:
    """IIS rewrites ServerAutoStart with it; what else changes counts."""
    before = nodes(ServerState=("number", state), ServerAutoStart=("flag", b"1"))
    (check,) = unchanged.metabase(adsi_read("W3SVC"), Answer("ok", before))
    now = {"ServerState": ("number", b"4"), "ServerAutoStart": ("flag", b"0")}
    assert told(check, nodes(**now)).partition("; ")[0] == words
    assert "SSLCertHash was not set and is 01" in told(check, nodes(**now, SSLCertHash=("binary", b"\1")))


def test_what_could_not_be_read_is_not_checked_and_nonsense_is_refused() -> None:
    assert unchanged.configuration(Answer("error")) == ()
    (check,) = unchanged.configuration(Answer("ok", BEFORE))
    with pytest.raises(TlsOpsError):
        told(check, b"no XML")
