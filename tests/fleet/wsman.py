# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WS-Management envelopes of the remote shell (MS-WSMV): bytes to request values, values to reply text. Pure."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": _SHELL,
    "x": _TRANSFER,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "p": "http://schemas.microsoft.com/powershell",
}
_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items())
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_DEFAULT_TIMEOUT = 60.0  # winrm/config MaxTimeoutms
_DEFAULT_ENVELOPE = 153600
# Room for the envelope around the streams of a Receive reply, and for the encryption around that.
_REPLY_OVERHEAD = 2560


@dataclasses.dataclass(frozen=True)
class Fault:
    """A SOAP fault: ``code`` is the WSManFault code that clients act on."""

    code: int
    subcode: str
    reason: str
    sender: bool = False


class Faulted(Exception):
    """A request that is answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


TIMED_OUT = Fault(
    2150858793,  # 0x80338029 ERROR_WSMAN_OPERATION_TIMEDOUT
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
)
MAX_SHELLS = Fault(
    2150859173,  # 0x803381A5 ERROR_WSMAN_QUOTA_MAX_SHELLS
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user "
    "has been exceeded. Close existing shells or raise the quota for this user.",
    sender=True,
)
MAX_PROCESSES = Fault(
    2150858815,  # 0x8033803F ERROR_WSMAN_QUOTA_LIMIT
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. The service is configured to not accept any more processes "
    "in this shell.",
    sender=True,
)
NO_SUCH_SHELL = Fault(
    2150858843,  # 0x8033805B ERROR_WSMAN_UNEXPECTED_SELECTORS
    "w:InvalidSelectors",
    "The request for the Windows Remote Shell failed because the shell or the command was not found on the server.",
    sender=True,
)
HOST_PROCESS_GONE = Fault(
    2150859193,  # 0x803381B9, what PowerShell shows as -2144108103
    "w:InternalError",
    "The WSMan provider host process did not return a proper response. A provider in the host process may have behaved "
    "improperly.",
)
INVALID = Fault(87, "w:SchemaValidationError", "The message is not one that this remote shell knows.", sender=True)


@dataclasses.dataclass(frozen=True)
class Request:
    """One message of the client; ``action`` is the last part of its action URI (Create, Command, Send, ...).

    ``resource`` is the kind of shell: ``.../windows/shell/cmd``, or for PSRP ``.../powershell/<configuration>``.
    """

    action: str
    resource: str
    message_id: str
    shell_id: str
    operation_timeout: float
    max_envelope: int
    options: Mapping[str, str]
    body: ET.Element

    def stream_room(self, most: int) -> int:
        """How many raw bytes of output a reply can carry within ``max_envelope``, or ``most`` where that is less."""
        return max((min(self.max_envelope, most) - _REPLY_OVERHEAD) // 4 * 3, 3)

    @property
    def command_line(self) -> str:
        node = _find(self.body, "rsp:CommandLine")
        words = [
            node.findtext("rsp:Command", "", _NAMES),
            *(a.text or "" for a in node.findall("rsp:Arguments", _NAMES)),
        ]
        return " ".join(word for word in words if word)

    @property
    def command_id(self) -> str:
        """The command that a Send, Receive or Signal is for. Raises Faulted."""
        paths = {"Send": "rsp:Send/rsp:Stream", "Receive": "rsp:Receive/rsp:DesiredStream", "Signal": "rsp:Signal"}
        return _find(self.body, paths[self.action]).get("CommandId", "")

    @property
    def wanted_id(self) -> str:
        """The id that the client itself gives a shell or a command, where it does (MS-PSRP 3.1.5.3.1, 3.1.5.3.3)."""
        path, attribute = {"Create": ("rsp:Shell", "ShellId"), "Command": ("rsp:CommandLine", "CommandId")}[self.action]
        return _find(self.body, path).get(attribute, "").upper()

    @property
    def fragments(self) -> bytes:
        """What a Create or a Command carries of PSRP. Raises Faulted."""
        path = {"Create": "rsp:Shell/p:creationXml", "Command": "rsp:CommandLine/rsp:Arguments"}[self.action]
        try:
            return base64.b64decode(_find(self.body, path).text or "")
        except binascii.Error as error:
            raise Faulted(INVALID) from error

    @property
    def stdin(self) -> tuple[bytes, bool]:
        """The piece of input of a Send, and whether it is the last. Raises Faulted."""
        stream = _find(self.body, "rsp:Send/rsp:Stream")
        try:
            piece = base64.b64decode(stream.text or "")
        except binascii.Error as error:
            raise Faulted(INVALID) from error
        return piece, stream.get("End", "").lower() == "true"


def parse(message: bytes) -> Request:
    """Reads an envelope. Raises Faulted for what is none."""
    if b"<!DOCTYPE" in message:  # entities are of no use here, and their expansion is unbounded
        raise Faulted(INVALID)
    try:
        root = ET.fromstring(message)
    except ET.ParseError as error:
        raise Faulted(INVALID) from error
    header, body = _find(root, "s:Header"), _find(root, "s:Body")
    envelope = header.findtext("w:MaxEnvelopeSize", "", _NAMES)
    return Request(
        action=header.findtext("a:Action", "", _NAMES).rpartition("/")[2],
        resource=header.findtext("w:ResourceURI", "", _NAMES),
        message_id=header.findtext("a:MessageID", "", _NAMES),
        shell_id=_named(header, "w:SelectorSet/w:Selector").get("ShellId", ""),
        operation_timeout=_seconds(header.findtext("w:OperationTimeout", "", _NAMES)),
        max_envelope=int(envelope) if envelope.isdecimal() else _DEFAULT_ENVELOPE,
        options=_named(header, "w:OptionSet/w:Option"),
        body=body,
    )


def _find(node: ET.Element, path: str) -> ET.Element:
    found = node.find(path, _NAMES)
    if found is None:
        raise Faulted(INVALID)
    return found


def _named(header: ET.Element, path: str) -> dict[str, str]:
    return {node.get("Name", ""): node.text or "" for node in header.findall(path, _NAMES)}


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        return _DEFAULT_TIMEOUT
    hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def created(request: Request) -> tuple[str, str]:
    """A new shell's id and the reply that gives it."""
    shell_id = request.wanted_id or str(uuid.uuid4()).upper()
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    resource = f"<w:ResourceURI>{escape(request.resource)}</w:ResourceURI>"
    reference = f"<a:ReferenceParameters>{resource}{selector}</a:ReferenceParameters>"
    shell = f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId></rsp:Shell>"
    body = f"<x:ResourceCreated><a:Address>http://127.0.0.1/wsman</a:Address>{reference}</x:ResourceCreated>{shell}"
    return shell_id, _envelope(request, f"{_TRANSFER}/CreateResponse", body)


def started(request: Request) -> tuple[str, str]:
    """A new command's id and the reply that gives it."""
    command_id = request.wanted_id or str(uuid.uuid4()).upper()
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return command_id, _envelope(request, f"{_SHELL}/CommandResponse", body)


def received(request: Request, streams: Mapping[str, bytes], exit_code: int | None) -> str:
    """Output of a command; with ``exit_code`` the command is done and both streams are at their end."""
    attribute = f"CommandId={quoteattr(request.command_id)}"
    body = [
        f'<rsp:Stream Name="{name}" {attribute}>{base64.b64encode(piece).decode()}</rsp:Stream>'
        for name, piece in streams.items()
        if piece
    ]
    state = f'<rsp:CommandState {attribute} State="{_SHELL}/CommandState/Running"/>'
    if exit_code is not None:
        body += [f'<rsp:Stream Name="{name}" {attribute} End="true"/>' for name in ("stdout", "stderr")]
        code = f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
        state = f'<rsp:CommandState {attribute} State="{_SHELL}/CommandState/Done">{code}</rsp:CommandState>'
    text = "".join([*body, state])
    return _envelope(request, f"{_SHELL}/ReceiveResponse", f"<rsp:ReceiveResponse>{text}</rsp:ReceiveResponse>")


def acknowledged(request: Request) -> str:
    """The reply to Send, Signal and Delete, which says nothing but that it was done."""
    if request.action == "Delete":
        return _envelope(request, f"{_TRANSFER}/DeleteResponse", "")
    name = f"{request.action}Response"
    return _envelope(request, f"{_SHELL}/{name}", f"<rsp:{name}/>")


def faulted(fault: Fault, machine: str, message_id: str = "") -> str:
    """The SOAP fault in the form in which Windows sends it (HTTP 500)."""
    code = f"<s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value>"
    subcode = f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>"
    reason = f'<s:Reason><s:Text xml:lang="en-US">{escape(fault.reason)}</s:Text></s:Reason>'
    message = f"<f:Message>{escape(fault.reason)}</f:Message>"
    detail = f'<f:WSManFault Code="{fault.code}" Machine={quoteattr(machine)}>{message}</f:WSManFault>'
    body = f"<s:Fault><s:Code>{code}{subcode}</s:Code>{reason}<s:Detail>{detail}</s:Detail></s:Fault>"
    return _text(message_id, "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", body)


def _envelope(request: Request, action: str, body: str) -> str:
    return _text(request.message_id, action, body)


def _text(relates_to: str, action: str, body: str) -> str:
    header = (
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
    )
    content = f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body>"
    return f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}>{content}</s:Envelope>'
