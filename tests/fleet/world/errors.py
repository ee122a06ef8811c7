# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a Windows call fails: a number, the .NET type that carries it and a text in the host's language."""

from __future__ import annotations

ACCESS_DENIED = 0x80070005
FILE_NOT_FOUND = 0x80070002
PATH_NOT_FOUND = 0x80070003
DISK_FULL = 0x80070070
COR_E_SECURITY = 0x8013150A
FILE_EXISTS = 0x80070050
ALREADY_EXISTS = 0x800700B7
CRYPT_E_NOT_FOUND = 0x80092004
PATH_BUSY = 0x80070094
DUPLICATE_NAME = 0x80070034
SERVICE_CANNOT_ACCEPT_CTRL = 0x80070425
SERVICE_NOT_ACTIVE = 0x80070426
SERVICE_DISABLED = 0x80070422
CO_E_SERVER_EXEC_FAILURE = 0x80080005
DISP_E_UNKNOWNNAME = 0x80020006
MK_E_SYNTAX = 0x800401E4  # no provider IIS:// on this system (KB307326)
E_ADS_PROPERTY_NOT_SUPPORTED = 0x80005006
E_ADS_CANT_CONVERT_DATATYPE = 0x8000500C
E_INVALIDARG = 0x80070057
INVALID_DATA = 0x8007000D
INVALID_PRINTABLE_STRING = 0x80092021
INVALID_IA5_STRING = 0x80092022
INVALID_X500_STRING = 0x80092023
ERROR_INVALID_PASSWORD = 0x80070056
CRYPT_E_NO_MATCH = 0x80092009  # what X509Certificate2 says of bytes that are no certificate
NTE_BAD_ALGID = 0x80090008
NTE_BAD_FLAGS = 0x80090009
NTE_KEYSET_NOT_DEF = 0x80090019
NTE_PROV_TYPE_NO_MATCH = 0x8009001B
NTE_BAD_KEY_STATE = 0x8009000B
NTE_BAD_KEYSET = 0x80090016
NTE_BAD_PROV_TYPE = 0x80090014
CERT_E_UNTRUSTEDROOT = 0x800B0109
CERT_E_CHAINING = 0x800B010A
ASN1_BAD_TAG = 0x8009310B
COR_E_EXCEPTION = 0x80131500
COR_E_SYSTEM = 0x80131501
COR_E_ARGUMENT_OUT_OF_RANGE = 0x80131502
COR_E_FORMAT = 0x80131537
COR_E_ARGUMENT = 0x80070057
WSAECONNREFUSED = 10061
WSAETIMEDOUT = 10060


def signed(number: int) -> int:
    """An HRESULT as .NET and the exit code of a process show it: signed, 32 bit."""
    return number - 0x1_0000_0000 if number >= 0x8000_0000 else number


class WindowsError(Exception):
    """A failed call. ``kind`` says what ``number`` counts in: ``hresult`` (signed), ``win32``, or the script's own."""

    def __init__(self, kind: str, number: int, type_name: str = "", text: str = "", payload: bytes = b"") -> None:
        super().__init__(text or f"{kind} {number}")
        self.kind = kind
        self.number = number
        self.type = type_name
        self.text = text
        self.payload = payload


def hresult(
    number: int, type_name: str = "System.Runtime.InteropServices.COMException", text: str = ""
) -> WindowsError:
    return WindowsError("hresult", signed(number), type_name, text)


def win32(number: int, type_name: str = "System.ComponentModel.Win32Exception", text: str = "") -> WindowsError:
    return WindowsError("win32", number, type_name, text)


def cryptographic(number: int, text: str = "") -> WindowsError:
    return hresult(number, "System.Security.Cryptography.CryptographicException", text)


def disk_full() -> WindowsError:
    """ERROR_DISK_FULL (112) as .NET reports it."""
    return hresult(DISK_FULL, "System.IO.IOException", "There is not enough space on the disk.")


def denied(text: str = "") -> WindowsError:
    """ERROR_ACCESS_DENIED (5) as .NET reports it."""
    return hresult(ACCESS_DENIED, "System.UnauthorizedAccessException", text or "Access is denied.")
