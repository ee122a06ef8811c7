# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each operation of a batch does on the world; natively: a registry value, a program's exit, an HRESULT."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import adsi
from . import key_operations as keys
from .arguments import Arguments, lines
from .world import programs
from .world.errors import (
    COR_E_ARGUMENT,
    COR_E_ARGUMENT_OUT_OF_RANGE,
    COR_E_EXCEPTION,
    COR_E_FORMAT,
    COR_E_SECURITY,
    WSAECONNREFUSED,
    WSAETIMEDOUT,
    WindowsError,
    denied,
    hresult,
    signed,
    win32,
)
from .world.httpsys import PARAMETERS, socket_name
from .world.registry import KINDS, Key, Value
from .world.stores import MACHINE
from .world.trouble import closed

if TYPE_CHECKING:
    from .world.host import Host

ERROR_ACCESS_DENIED = 5
MAX_FLIGHT = 1 << 20  # bytes
WRITABLE = (r"HKLM\SOFTWARE", rf"{MACHINE}\ROOT")


def host_info(host: Host, _arguments: Arguments, _left: float) -> bytes:
    rows = [
        ("computer_name", host.name.upper()),
        ("os_version", host.product.os_version),
        ("edition", _version(host, "EditionID") or _version(host, "ProductName")),
        ("powershell_version", host.product.powershell),
        ("clr_version", host.clr),
        ("language_mode", host.options.language_mode),
        ("ui_language", host.language.tag),
        ("system_root", host.files.environment["systemroot"]),
        ("clock", str(host.clock.filetime())),
        ("elevated", "1" if host.options.elevated else "0"),
    ]
    writable = [key for key in WRITABLE if host.options.elevated and not closed(host, key)]
    return lines(*rows, *(("writable", key) for key in writable))


def _version(host: Host, name: str) -> str:
    value = host.registry.get(r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", name)
    return value.text if value else ""


def _key(arguments: Arguments) -> str:
    """A key below a hive: the hives themselves are nothing that a batch touches."""
    key = arguments.text("key")
    hive, _cut, path = key.partition("\\")
    if hive not in ("HKLM", "HKU") or not path:
        raise WindowsError("hresult", signed(COR_E_EXCEPTION), "RuntimeException", f"{key} is no key below a hive")
    return key


def reg_read(host: Host, arguments: Arguments, _left: float) -> bytes:
    key = host.registry.key(_key(arguments))
    if key is None:
        return b""
    starts = [key]
    if arguments.has("match_name"):
        name, data = arguments.text("match_name"), arguments.text("match_data")
        starts = sorted((sub for sub in key.subkeys() if _matches(sub, name, data)), key=lambda sub: _ordinal(sub.name))
    return lines(*(row for start in starts for row in _tree(start, arguments)))


def _tree(start: Key, arguments: Arguments) -> Iterator[tuple[str | bytes, ...]]:
    depth = int(arguments.number("depth", -1))
    rows = [row for row in start.walk() if depth < 0 or _depth(row[0]) <= depth]
    only = arguments.text("value").lower() if arguments.has("value") else None
    for path, each in sorted(rows, key=lambda row: _ordinal(row[0])):
        yield "key", path
        for written, value in sorted(each.pairs(), key=lambda item: _ordinal(item[0])):
            if only is None or written.lower() == only:
                yield "value", path, written, value.kind, value.data


def _matches(key: Key, name: str, data: str) -> bool:
    value = key.value(name)
    texts = [key.name, *([value.text] if value and value.kind in ("String", "ExpandString") else [])]
    return data.lower() in (text.lower() for text in texts)


def _ordinal(name: str) -> bytes:
    """The order of StringComparer.Ordinal: by UTF-16 code units."""
    return name.encode("utf-16-be", "surrogatepass")


def _depth(path: str) -> int:
    return path.count("\\") + 1 if path else 0


def reg_write(host: Host, arguments: Arguments, _left: float) -> bytes:
    key, kind = _key(arguments), arguments.text("kind")
    _writable(host, key)
    if kind not in KINDS:
        raise WindowsError("batch", 0, "", f"unknown kind {kind}")
    data = (
        host.files.read(host.files.expand(arguments.text("file"))) if arguments.has("file") else arguments.raw("data")
    )
    if len(data) < {"DWord": 4, "QWord": 8}.get(kind, 0):  # BitConverter.ToInt32, ToInt64
        raise hresult(COR_E_ARGUMENT, "System.ArgumentException", "Destination array is not long enough.")
    host.registry.set(key, arguments.text("name"), Value(kind, data))
    return b""


def reg_delete(host: Host, arguments: Arguments, _left: float) -> bytes:
    key = _key(arguments)
    _writable(host, key)
    if closed(host, key) and host.registry.key(key):  # RegistryKey.OpenSubKey(writable)
        raise hresult(COR_E_SECURITY, "System.Security.SecurityException", "Requested registry access is not allowed.")
    if arguments.has("name"):
        host.registry.delete_value(key, arguments.text("name"))
    else:
        host.registry.delete(key)
    return b""


def _writable(host: Host, key: str) -> None:
    """http.sys does not watch its keys, and editing them is advised against: here it is refused."""
    below = key.lower().startswith(PARAMETERS.lower())
    if below or not host.options.elevated:
        raise denied(f"Access to the registry key '{key}' is denied.")


def file_read(host: Host, arguments: Arguments, _left: float) -> bytes:
    """A network logon has no credentials for a second hop, to a share."""
    path = host.files.expand(arguments.text("path"))
    if path.startswith("\\\\"):
        raise denied(f"Access to the path '{path}' is denied.")
    return host.files.read(path)


def file_write(host: Host, arguments: Arguments, _left: float) -> bytes:
    _elevated(host)
    host.files.write(host.files.expand(arguments.text("path")), arguments.raw("data"), new=True)
    return b""


def file_delete(host: Host, arguments: Arguments, _left: float) -> bytes:
    _elevated(host)
    path = host.files.expand(arguments.text("path"))
    if host.files.exists(path):
        host.files.delete(path)
    return b""


def run(host: Host, arguments: Arguments, left: float) -> bytes:
    accepted = [int(text) for text in arguments.texts("ok_exit")] or [0]
    pattern = arguments.text("retry_match", "")
    until = host.clock.monotonic() + min(arguments.number("retry_seconds", 0), left)
    while True:
        limit = min(arguments.number("seconds", 60), left)
        done = programs.start(host, arguments.text("program"), arguments.texts("argument"), limit)
        payload = lines(("exit", str(done.exit)), ("stdout", done.stdout), ("stderr", done.stderr))
        if done.exit in accepted:
            return payload
        output = (done.stdout + done.stderr).decode("latin-1")
        if not pattern or not re.search(pattern, output) or host.clock.monotonic() >= until:
            raise WindowsError("exit", done.exit, "", output[:500], payload)
        host.clock.sleep(1)


def service(host: Host, arguments: Arguments, _left: float) -> bytes:
    name, action = arguments.text("name"), arguments.text("action")
    if action not in ("query", "start", "stop"):
        raise WindowsError("hresult", signed(COR_E_EXCEPTION), "RuntimeException", f"{action} is nothing that is done")
    if action != "query":
        if not host.options.elevated:
            raise win32(ERROR_ACCESS_DENIED, text=f"Cannot open {name} service.")
        {"start": host.services.start, "stop": host.services.stop}[action](name)
        host.changed()
    status, start = host.services.query(name)
    return lines(("status", str(status)), ("start", str(start)))


def _literal(address: str, port: int) -> None:
    """IPAddress.Parse knows no names; a port has 16 bits."""
    try:
        ipaddress.ip_address(address)
    except ValueError as problem:
        raise hresult(COR_E_FORMAT, "System.FormatException", str(problem)) from problem
    if not 0 <= port < 65536:
        raise hresult(COR_E_ARGUMENT_OUT_OF_RANGE, "System.ArgumentOutOfRangeException", f"port {port}")


def tcp_exchange(host: Host, arguments: Arguments, left: float) -> bytes:
    """Real sockets: the world's address becomes the loopback socket of its live listener."""
    address, port = arguments.text("address"), int(arguments.number("port"))
    seconds = min(arguments.number("seconds", 10), left)
    _literal(address, port)
    try:
        if host.endpoint(address, port) is None:
            raise ConnectionRefusedError
        with host.connect(socket_name(address), port) as connection:
            return _flight(connection, arguments, time.monotonic() + seconds)
    except TimeoutError as problem:
        raise _socket_error(WSAETIMEDOUT) from problem
    except OSError as problem:
        raise _socket_error(WSAECONNREFUSED) from problem


def _flight(connection: socket.socket, arguments: Arguments, ends: float) -> bytes:
    """Until the peer closes, is quiet behind its first byte, has sent the wanted end, or the time is over."""
    connection.settimeout(max(ends - time.monotonic(), 0.01))
    connection.sendall(arguments.raw("data"))
    quiet = arguments.number("quiet_ms", 200) / 1000
    wanted = arguments.raw("ends_with") if arguments.has("ends_with") else b""
    received = b""
    while (left := ends - time.monotonic()) > 0:
        connection.settimeout(min(left, quiet) if received else left)
        try:
            piece = connection.recv(65536)
        except (TimeoutError, ConnectionResetError):
            break
        received += piece
        if not piece or (wanted and received.endswith(wanted)) or len(received) >= MAX_FLIGHT:
            break
    return received


def _socket_error(number: int) -> WindowsError:
    return win32(number, "System.Net.Sockets.SocketException", f"socket error {number}")


def _elevated(host: Host) -> None:
    if not host.options.elevated:
        raise denied()


OPERATIONS: dict[str, Callable[[Host, Arguments, float], bytes]] = {
    "host.info": host_info,
    "reg.read": reg_read,
    "reg.write": reg_write,
    "reg.delete": reg_delete,
    "file.read": file_read,
    "file.write": file_write,
    "file.delete": file_delete,
    "run": run,
    "store.read": keys.store_read,
    "store.add": keys.store_add,
    "store.copy": keys.store_copy,
    "store.remove": keys.store_remove,
    "store.export_pfx": keys.store_export_pfx,
    "store.import_pfx": keys.store_import_pfx,
    "key.prove": keys.key_prove,
    "key.acl": keys.key_acl,
    "account.sid": keys.account_sid,
    "service": service,
    "tcp.exchange": tcp_exchange,
    "adsi.read": adsi.adsi_read,
    "adsi.write": adsi.adsi_write,
    "adsi.invoke": adsi.adsi_invoke,
    "chain.status": adsi.chain_status,
}
