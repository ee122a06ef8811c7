# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``certreq``: the program. ``-new`` makes a request, ``-accept`` installs the answer to one.

Its exit code is an HRESULT; what it prints is localized but for the number and its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .certreq_accept import accept
from .certreq_new import new
from .errors import (
    ACCESS_DENIED,
    ASN1_BAD_TAG,
    CERT_E_CHAINING,
    CERT_E_UNTRUSTEDROOT,
    CRYPT_E_NOT_FOUND,
    E_INVALIDARG,
    FILE_EXISTS,
    WindowsError,
    hresult,
    signed,
)
from .programs import Completed, program

if TYPE_CHECKING:
    from .host import Host

NAMES = {
    CRYPT_E_NOT_FOUND: "CRYPT_E_NOT_FOUND",
    ASN1_BAD_TAG: "CRYPT_E_ASN1_BADTAG",
    CERT_E_UNTRUSTEDROOT: "CERT_E_UNTRUSTEDROOT",
    CERT_E_CHAINING: "CERT_E_CHAINING",
}
FOREVER = 1e9
# "Certreq" for Windows Server 2003 (TechNet cc755435): -new has -attrib, -binary and -cert, -accept has nothing.
OF_2003 = {"-new", "-accept", "-submit", "-retrieve", "-policy", "-sign", "-?"}
OF_2003 |= {"-attrib", "-binary", "-cert", "-config", "-crl", "-rpc"}
KEY_SECONDS = {2048: 1, 3072: 3, 4096: 8}  # how long a key takes on the host's clock


@program("certreq.exe")
def certreq(host: Host, arguments: list[str]) -> Completed:
    options = {argument.lower() for argument in arguments if argument.startswith("-")}
    files = [host.files.expand(argument) for argument in arguments if not argument.startswith("-")]
    unknown = sorted(options - _known(host)) if _known(host) else []
    if unknown:
        return _usage(host, unknown[0])
    if "-accept" in options and len(files) == 1:
        return _done(host, options, lambda: _accept(host, files[0], options))
    if "-new" in options and len(files) == 2:
        if "-q" not in options and host.files.exists(files[1]):
            return Completed(0, seconds=FOREVER)  # it asks whether to overwrite
        return _done(host, options, lambda: _new(host, *files, options))
    return _failure(host, E_INVALIDARG)


def _known(host: Host) -> set[str]:
    """The options that this version knows; nothing where they are not modelled."""
    if host.options.certreq_options is not None:
        return set(host.options.certreq_options)
    return set() if host.product.cng else OF_2003


def _usage(host: Host, option: str) -> Completed:
    text = f"Unknown arg: {option}\r\n\r\nUsage:\r\n  CertReq -?\r\n  CertReq -new [Options] [PolicyFileIn]\r\n"
    return Completed(signed(E_INVALIDARG), host.language.encode(text))


def _asks(host: Host) -> bool:
    asks = host.options.certreq_dialog_without_q
    return host.product.cng if asks is None else asks


def _done(host: Host, options: set[str], work: Callable[[], Completed]) -> Completed:
    if "-q" not in options and _asks(host):
        return Completed(0, seconds=FOREVER)  # a dialog where no one sees it (CertificateDsc 49)
    if not host.options.elevated:
        return _failure(host, ACCESS_DENIED)
    try:
        return work()
    except WindowsError as problem:
        return _failure(host, problem.number & 0xFFFFFFFF)


def _accept(host: Host, path: str, options: set[str]) -> Completed:
    text = accept(host, host.files.read(path), machine="-machine" in options)
    return Completed(0, host.language.encode(text))


def _new(host: Host, given: str, made: str, options: set[str]) -> Completed:
    """With ``-q`` an output file that is there is an error, unless ``-f`` allows to overwrite it."""
    data = host.files.read(given)
    if host.files.exists(made) and "-f" not in options:
        raise hresult(FILE_EXISTS)
    bits, request = new(host, data, machine="-machine" in options)
    host.files.write(made, request)
    text = f"\r\nCertReq: {host.language.say('certreq created')}\r\n"
    return Completed(0, host.language.encode(text), seconds=KEY_SECONDS.get(bits, 0))


def _failure(host: Host, number: int) -> Completed:
    """The exit code is the HRESULT; the text is localized but for the number and its name."""
    name = NAMES.get(number, "WIN32")
    text = f"{host.language.say('certreq')}: {host.language.windows(number)} 0x{number:x} ({signed(number)} {name})\r\n"
    return Completed(signed(number), host.language.encode(text))
