# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import digest, encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.metabase import (
    Value,
    control,
    encode,
    holds,
    nodes,
    save,
)
from hypothesis import given
from hypothesis import strategies as st

PATH = "W3SVC/1"
VALUES = {
    "SSLCertHash": Value("binary", bytes(range(20))),
    "SSLStoreName": Value("text", b"MY", True),
    "SecureBindings": Value("texts", b":443:\x0010.0.0.1:8443:"),
    "ServerState": Value("number", b"2"),
    "ServerAutoStart": Value("flag", b"1"),
}
names = st.text(st.characters(codec="utf-8"), max_size=12)
kinds = st.sampled_from(["text", "texts", "number", "flag", "binary"])
values = st.builds(Value, kinds, st.binary(max_size=30), st.booleans())


def test_values_are_read_by_their_kind() -> None:
    found = nodes(encode(PATH, VALUES))[PATH]
    assert found == VALUES
    assert found["SSLCertHash"].binary == bytes(range(20))
    assert (found["SSLStoreName"].text, found["SSLStoreName"].inherited) == ("MY", True)
    assert found["SecureBindings"].texts == (":443:", "10.0.0.1:8443:")
    assert (found["ServerState"].number, found["ServerAutoStart"].flag) == (2, True)
    assert Value("text", b":443:").texts == (":443:",)


@pytest.mark.parametrize("kind", ["text", "texts", "number", "flag", "binary"])
def test_another_kind_is_refused_in_words(kind: str) -> None:
    wrong = Value("binary" if kind != "binary" else "text", b"1")
    with pytest.raises(TlsOpsError, match="is expected"):
        getattr(wrong, kind)


@pytest.mark.parametrize(
    "rows",
    [
        [("node", [])],
        [("value", [b"W3SVC", b"a", b"text", b"b", b"0"])],
        [("node", [b"W3SVC"]), ("value", [b"W3SVC", b"a", b"variant", b"b", b"0"])],
        [("node", [b"W3SVC"]), ("value", [b"W3SVC", b"a", b"text", b"b", b"yes"])],
        [("node", [b"W3SVC"]), ("value", [b"W3SVC", b"a", b"text", b"b"])],
        [("key", [b"W3SVC"])],
        [("node", [b"\xff"])],
    ],
    ids=["no path", "no node", "kind", "inherited", "fields", "keyword", "not UTF-8"],
)
def test_what_is_malformed_is_refused(rows: list[tuple[str, list[bytes]]]) -> None:
    with pytest.raises(TlsOpsError):
        nodes(encode_lines(rows))


@given(st.dictionaries(names, values, max_size=5))
def test_encode_is_the_inverse(found: dict[str, Value]) -> None:
    assert nodes(encode(PATH, found)) == {PATH: found}


@given(st.binary(max_size=200) | st.lists(st.tuples(st.sampled_from(["node", "value"]), st.lists(st.binary()))))
def test_any_payload_is_read_or_refused(payload: bytes | list[tuple[str, list[bytes]]]) -> None:
    content = payload if isinstance(payload, bytes) else encode_lines(payload)
    with contextlib.suppress(TlsOpsError):
        for found in nodes(content).values():
            for value in found.values():
                for kind in ("text", "texts", "number", "flag", "binary"):
                    with contextlib.suppress(TlsOpsError):
                        getattr(value, kind)


def test_a_check_is_about_the_names_that_are_asked_for() -> None:
    operation = holds(PATH, VALUES, "SSLCertHash", "SSLStoreName")
    assert operation.expect == digest(encode(PATH, {name: VALUES[name] for name in ("SSLCertHash", "SSLStoreName")}))
    assert holds(PATH, {}, "SSLCertHash").expect == digest(encode(PATH, {}))


def test_a_busy_metabase_is_saved_a_little_later() -> None:
    given_arguments = dict(save().arguments)
    assert given_arguments["retry"] == "-2147024748", "ERROR_PATH_BUSY (148) as an HRESULT"
    assert int(str(given_arguments["retry_seconds"])) >= 10


def test_a_site_between_two_states_is_asked_again() -> None:
    given_arguments = dict(control(PATH, "Start").arguments)
    assert (given_arguments["path"], given_arguments["method"]) == (PATH, "Start")
    assert given_arguments["retry"] == "-2147023835", "ERROR_SERVICE_CANNOT_ACCEPT_CTRL (1061) as an HRESULT"
