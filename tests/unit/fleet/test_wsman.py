# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import pytest
import xmltodict  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from winrm.protocol import Protocol

from tests.fleet import wsman
from tests.fleet.wsman import Faulted, Request

CLIENT = Protocol("http://127.0.0.1/wsman", transport="basic", username="u", password="p")


def envelope(action: str, body: dict[str, object] | None = None, **header: object) -> bytes:
    message = {"env:Envelope": CLIENT.build_wsman_header(f"http://example/{action}", "uri", "SHELL", "ID")}
    message["env:Envelope"]["env:Header"].update(header)
    message["env:Envelope"]["env:Body"] = body or {}
    return str(xmltodict.unparse(message)).encode()


def receive(**header: object) -> Request:
    return wsman.parse(envelope("Receive", {"rsp:Receive": {"rsp:DesiredStream": {"@CommandId": "C"}}}, **header))


def test_a_request_of_the_real_client() -> None:
    options = {"w:Option": [{"@Name": "WINRS_CODEPAGE", "#text": "65001"}, {"@Name": "EMPTY"}]}
    request = wsman.parse(envelope("Command", {"rsp:CommandLine": {"rsp:Command": "a"}}, **{"w:OptionSet": options}))
    assert (request.action, request.message_id, request.shell_id) == ("Command", "uuid:ID", "SHELL")
    assert (request.max_envelope, request.operation_timeout) == (153600, 20.0)
    assert request.options == {"WINRS_CODEPAGE": "65001", "EMPTY": ""}


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"rsp:Command": "a"}, "a"),
        ({"rsp:Command": "a", "rsp:Arguments": "b c"}, "a b c"),
        ({"rsp:Command": "a", "rsp:Arguments": ["b", "c"]}, "a b c"),
        ({"rsp:Command": "a & <b>"}, "a & <b>"),
    ],
)
def test_command_line(body: dict[str, object], line: str) -> None:
    assert wsman.parse(envelope("Command", {"rsp:CommandLine": body})).command_line == line


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT20S", 20), ("PT0.5S", 0.5), ("PT1M", 60), ("PT1H1M1S", 3661), ("PT", 60), ("", 60), ("P1D", 60)],
)
def test_operation_timeout(text: str, seconds: float) -> None:
    assert receive(**{"w:OperationTimeout": text}).operation_timeout == seconds


@given(st.binary(max_size=100), st.booleans())
@settings(max_examples=25)
def test_send(data: bytes, last: bool) -> None:
    stream = {"@CommandId": "C", "@End": str(last).lower(), "#text": base64.b64encode(data).decode()}
    request = wsman.parse(envelope("Send", {"rsp:Send": {"rsp:Stream": stream}}))
    assert (request.command_id, request.stdin) == ("C", (data, last))


@given(st.integers(min_value=5000, max_value=600_000), st.integers(min_value=32_768, max_value=512_000))
@settings(max_examples=25)
def test_a_full_reply_fits_into_the_envelope_that_both_sides_take(size: int, own: int) -> None:
    request = receive(**{"w:MaxEnvelopeSize": str(size)})
    reply = wsman.received(request, {"stdout": b"x" * request.stream_room(own), "stderr": b""}, 0)
    assert min(size, own) - 2560 < len(reply.encode()) <= min(size, own)


def test_done_comes_with_the_exit_code_only() -> None:
    running, done = (wsman.received(receive(), {"stdout": b"x"}, code) for code in (None, 3))
    assert "CommandState/Running" in running
    assert "ExitCode" not in running
    assert "CommandState/Done" in done
    assert "<rsp:ExitCode>3<" in done


@pytest.mark.parametrize("action", ["Send", "Signal", "Delete"])
def test_replies_name_the_message_that_they_answer(action: str) -> None:
    root = ET.fromstring(wsman.acknowledged(wsman.parse(envelope(action))))
    assert [node.text for node in root.iter() if node.tag.endswith("RelatesTo")] == ["uuid:ID"]


def test_a_fault_carries_its_code() -> None:
    text = wsman.faulted(wsman.TIMED_OUT, 'a"<b', "ID")
    node = next(node for node in ET.fromstring(text).iter() if node.tag.endswith("WSManFault"))
    assert (node.get("Code"), node.get("Machine")) == ("2150858793", 'a"<b')


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        envelope("Receive")[:-1],
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>',
    ],
)
def test_what_is_no_envelope_is_a_fault(message: bytes) -> None:
    with pytest.raises(Faulted):
        wsman.parse(message)


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_any_bytes_are_a_fault_at_worst(message: bytes) -> None:
    with pytest.raises(Faulted):
        wsman.parse(message)


@pytest.mark.parametrize("action", ["Send", "Receive", "Signal"])
def test_a_message_without_its_command_is_a_fault(action: str) -> None:
    with pytest.raises(Faulted):
        _other = wsman.parse(envelope(action)).command_id


def test_input_that_is_no_base64_is_a_fault() -> None:
    request = wsman.parse(envelope("Send", {"rsp:Send": {"rsp:Stream": {"#text": "a"}}}))
    with pytest.raises(Faulted):
        _other = request.stdin
