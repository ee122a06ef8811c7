# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One constructor per operation of ``batch.ps1``. What an answer's payload holds is read by ``payload``.

Add an undo or an expectation with ``dataclasses.replace(operation, undo=(...), expect=...)``.
Registry keys have the form ``HKLM\\...`` or ``HKU\\S-1-5-18\\...``; stores are those of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import TlsOpsError
from .operation import Operation, Value

_LONGEST_LINE = 16_000  # characters; the limit is 32,767, and a mark or a backslash may have to be doubled


def _operation(name: str, *arguments: tuple[str, Value | int | None], secret: bool = False) -> Operation:
    """Leaves out what is None; numbers become decimal text."""
    given = tuple(
        (key, str(value) if isinstance(value, int) else value) for key, value in arguments if value is not None
    )
    return Operation(name, given, secret=secret)


def _list(name: str, values: Iterable[str | int]) -> list[tuple[str, Value | int | None]]:
    return [(name, value) for value in values]


def host_info() -> Operation:
    """What the host says of itself. Payload: ``lines`` of a field's name and its value (UTF-8)."""
    return _operation("host.info")


def reg_read(
    key: str, *, depth: int | None = None, value: str | None = None, match: tuple[str, str] | None = None
) -> Operation:
    """A key with its values and subkeys. Payload: ``registry``; empty where the key does not exist.

    ``depth`` 0 reads the key itself only, None everything below; ``value`` reads values of that name only ("" is the
    default value). ``match`` (value name, data) keeps the direct subkeys that hold this text, or are named so, ignoring
    case; their paths are then relative to the subkey.
    """
    name, data = match if match is not None else (None, None)
    return _operation(
        "reg.read", ("key", key), ("depth", depth), ("value", value), ("match_name", name), ("match_data", data)
    )


def reg_write(key: str, name: str, kind: str, data: bytes) -> Operation:
    """Sets one value, creating the key. ``kind`` and ``data`` are as in ``payload.RegistryValue``."""
    return _operation("reg.write", ("key", key), ("name", name), ("kind", kind), ("data", data))


def reg_write_file(key: str, name: str, path: str) -> Operation:
    """Sets one value of kind Binary to the bytes of a file of the target, creating the key."""
    return _operation("reg.write", ("key", key), ("name", name), ("kind", "Binary"), ("file", path))


def reg_delete(key: str, name: str | None = None) -> Operation:
    """Deletes one value, or without ``name`` the key and everything below it. Missing is ok."""
    return _operation("reg.delete", ("key", key), ("name", name))


def file_read(path: str) -> Operation:
    """Payload: the file's bytes. Missing: an error (``Answer.missing``). ``%SystemRoot%`` and the like are expanded."""
    return _operation("file.read", ("path", path))


def file_write(path: str, data: bytes) -> Operation:
    """Makes a new file; fails where one exists."""
    return _operation("file.write", ("path", path), ("data", data))


def file_delete(path: str) -> Operation:
    """Missing is ok."""
    return _operation("file.delete", ("path", path))


def run(
    program: str,
    *arguments: str,
    ok_exit: Iterable[int] = (0,),
    seconds: int = 60,
    retry_match: str = "",
    retry_seconds: int = 0,
) -> Operation:
    """Runs a program to its end, at most ``seconds``. Payload: ``program``, also where the exit code is not ok.

    ``%SystemRoot%`` and the like are expanded in ``program``, never in the arguments. ``retry_match`` (a .NET regular
    expression): while not ok and the output (Latin-1) matches, again every second for ``retry_seconds``.
    Raises TlsOpsError where a command line cannot hold the arguments as they are.
    """
    _check_line(program, arguments)
    return _operation(
        "run",
        ("program", program),
        *_list("argument", arguments),
        *_list("ok_exit", ok_exit),
        ("seconds", seconds),
        ("retry_match", retry_match or None),
        ("retry_seconds", retry_seconds if retry_match else None),
    )


def _check_line(program: str, arguments: Iterable[str]) -> None:
    """Windows ends a command line at the first NUL, and starts none above 32,767 characters (win32, CreateProcessW)."""
    given = [program, *arguments]
    if any("\0" in each for each in given):
        raise TlsOpsError(f"an argument for {program} holds a NUL character, which no command line can hold.")
    if sum(len(each.encode("utf-16-le", "surrogatepass")) // 2 for each in given) > _LONGEST_LINE:
        raise TlsOpsError(f"the arguments for {program} are longer than {_LONGEST_LINE} characters.")


def store_read(*stores: str) -> Operation:
    """The certificates of the machine's stores with what is known of their keys. Payload: ``lines``.

    ``store <name>`` for each one that exists, then ``certificate <store> <der> <has key 0/1> <friendly name>
    <archived 0/1> <provider> <container> <key spec> <exportable 1/0/empty> <who may use the key, as SDDL>``.
    """
    return _operation("store.read", *_list("store", stores))


def store_add(store: str, der: bytes) -> Operation:
    """Adds a certificate; ok where it is there already."""
    return _operation("store.add", ("store", store), ("certificate", der))


def store_copy(from_store: str, to_store: str, thumbprint: str) -> Operation:
    """Copies a certificate with the link to its key."""
    return _operation("store.copy", ("from", from_store), ("to", to_store), ("thumbprint", thumbprint))


def store_remove(store: str, thumbprint: str, *, with_key: bool = False) -> Operation:
    """Takes a certificate out of a store. Its key stays, unless ``with_key`` has it deleted first. Missing is ok."""
    arguments = ("store", store), ("thumbprint", thumbprint), ("with_key", "1" if with_key else None)
    return _operation("store.remove", *arguments)


def store_export_pfx(store: str, thumbprint: str, password: str) -> Operation:
    """Payload: a PFX of the leaf and its key under ``password``.

    Errors by HRESULT: 0x8009000B the key is not exportable, 0x80090016 there is none.
    """
    arguments = ("store", store), ("thumbprint", thumbprint), ("password", password)
    return _operation("store.export_pfx", *arguments, secret=True)


def store_import_pfx(
    store: str, thumbprint: str, pfx: bytes, password: str, *, exportable: bool, friendly_name: str = ""
) -> Operation:
    """Puts one certificate of a PFX into a store of the machine, with its key; of the others nothing stays.

    The key is a machine key that stays (never a user's). Errors by HRESULT: 0x80070056 the password is wrong, or this
    Windows cannot read the PFX's cipher.
    """
    return _operation(
        "store.import_pfx",
        ("store", store),
        ("thumbprint", thumbprint),
        ("pfx", pfx),
        ("password", password),
        ("exportable", "1" if exportable else None),
        ("friendly_name", friendly_name or None),
        secret=True,
    )


def account_sid(*names: str) -> Operation:
    """Accounts by name or SID. Payload: lines ``account <name> <SID>``; the SID is empty for one that is unknown."""
    return _operation("account.sid", *_list("name", names))


def key_acl(store: str, thumbprint: str, *, grant: Iterable[str] = (), sddl: str = "") -> Operation:
    """Who may use a certificate's key: ``sddl`` replaces the list (its D: part), ``grant`` lets SIDs read the key too.

    Payload: a line ``sddl <list as it is then>``.
    """
    arguments = ("store", store), ("thumbprint", thumbprint), ("sddl", sddl or None)
    return _operation("key.acl", *arguments, *_list("grant", grant))


def key_prove(store: str, thumbprint: str, data: bytes) -> Operation:
    """Signs ``data`` with the certificate's key. Payload: lines ``algorithm`` and ``signature``, or ``unproven``.

    Then ``key <provider> <container> <key spec> <exportable 1/0/empty>``.
    """
    if not data:
        raise TlsOpsError("a key cannot be proven by signing nothing.")
    return _operation("key.prove", ("store", store), ("thumbprint", thumbprint), ("data", data))


def service(name: str, action: str, seconds: int = 30) -> Operation:
    """``action``: query, start or stop. Payload: lines ``status`` (1 stopped, 4 running), ``start`` (2, 3, 4)."""
    return _operation("service", ("name", name), ("action", action), ("seconds", seconds))


def tcp_exchange(
    address: str, port: int, data: bytes, *, seconds: int = 10, quiet_ms: int = 200, ends_with: bytes = b""
) -> Operation:
    """Connects from the host, sends ``data``, reads one flight back. Payload: the bytes received, maybe none.

    Reading stops when the peer closes, after ``quiet_ms`` of silence behind the first byte, as soon as what came ends
    in ``ends_with``, or after ``seconds``. ``address`` is a literal one.
    """
    return _operation(
        "tcp.exchange",
        ("address", address),
        ("port", port),
        ("data", data),
        ("seconds", seconds),
        ("quiet_ms", quiet_ms),
        ("ends_with", ends_with or None),
    )


def adsi_read(path: str, *names: str, children: str = "") -> Operation:
    """Properties of a node of the IIS metabase (below ``IIS://localhost``). Missing: an error (``Answer.missing``).

    ``children`` adds the node's direct children of this schema class (``IIsWebServer``). Payload: ``lines``: ``node
    <path>``, then ``value <path> <name> <kind> <data> <inherited 1/0>`` for each property that has a value. Kinds:
    ``text``, ``texts`` (joined by NUL), ``number`` (decimal), ``flag`` (1 or 0), ``binary``.
    """
    return _operation("adsi.read", ("path", path), ("children", children or None), *_list("name", names))


def adsi_write(path: str, *values: tuple[str, str, Value], forms: Iterable[str] = ()) -> Operation:
    """Sets properties of a node, each as (name, kind, data), and commits them together.

    Kind ``clear`` takes one away; ok where none is set on the node itself. ``forms`` are the ways in which a binary
    value is handed to ADSI, tried in this order until the value that is read back is the one that was written:
    ``units``, ``bytes``, ``elements``, ``hex``. What another form left is put back; none fits: HRESULT 0x8007000D.
    """
    arguments = [each for name, kind, data in values for each in (("name", name), ("kind", kind), ("data", data))]
    return _operation("adsi.write", ("path", path), *arguments, *_list("form", forms))


def adsi_invoke(path: str, method: str, *, retry: Iterable[int] = (), retry_seconds: int = 0) -> Operation:
    """Calls a method of a node without arguments (Start, Stop, SaveData), again for these HRESULTs (signed)."""
    return _operation(
        "adsi.invoke",
        ("path", path),
        ("method", method),
        *_list("retry", retry),
        ("retry_seconds", retry_seconds or None),
    )


def chain_status(der: bytes) -> Operation:
    """What Windows says of a certificate's chain. Payload: a line ``status <X509ChainStatusFlags, decimal>``.

    Without revocation check, and without waiting for the network.
    """
    return _operation("chain.status", ("certificate", der))
