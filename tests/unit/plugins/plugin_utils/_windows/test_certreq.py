# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    file_delete,
    file_write,
    reg_delete,
    run,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.certreq import ACCEPTED, accept, explain, new
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.dialect import dialect_of
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import (
    FILES,
    REQUESTS,
    drop_file,
    enter_file,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf import NewRequest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject

from tests.unit.mint import mint
from tests.unit.request_host import HOST, HOST_2003

LEAF = mint("www.example.com")
REQUEST = NewRequest(Subject.parse("CN=www.example.com"), ("www.example.com",), (), "rsa-2048", True)
NEWER, SERVER_2003 = dialect_of(HOST), dialect_of(HOST_2003)
PROGRAM = r"%SystemRoot%\System32\certreq.exe"
PATH = r"D:\Windows\Temp\tlsops-0a1b.cer"


def test_silently_for_the_machine_and_nothing_is_left() -> None:
    enter, write, program, *drop = accept(LEAF.certificate, NEWER, system_root=r"D:\Windows", nonce="0a1b")
    data = dict(write.arguments)["data"]
    assert enter == enter_file(PATH)
    assert enter.undo == (file_delete(PATH), reg_delete(FILES, PATH)), "the entry goes last"
    assert write == file_write(PATH, data)
    assert program == run(PROGRAM, "-q", "-accept", "-machine", PATH, seconds=60)
    assert drop == [file_delete(PATH), reg_delete(FILES, PATH)]
    assert accept(LEAF.certificate, NEWER, system_root=r"D:\Windows", nonce="0a1b")[ACCEPTED] == program


def test_server_2003_knows_neither_option() -> None:
    given, made = r"D:\Windows\Temp\tlsops-0a1b.inf", r"D:\Windows\Temp\tlsops-0a1b.req"
    accepted = accept(LEAF.certificate, SERVER_2003, system_root=r"D:\Windows", nonce="0a1b")
    assert accepted[2] == run(PROGRAM, "-accept", PATH, seconds=60)
    (*_entries, write, program), _keeping = new(REQUEST, SERVER_2003, system_root=r"D:\Windows", nonce="0a1b")
    assert program == run(PROGRAM, "-new", given, made, seconds=180)
    assert write.arguments == file_write(given, SERVER_2003.inf(REQUEST)).arguments


def test_the_file_holds_the_leaf_only_in_lines_that_windows_reads() -> None:
    data = dict(accept(LEAF.certificate, NEWER, system_root=r"C:\Windows", nonce="1")[1].arguments)["data"]
    assert isinstance(data, bytes)
    assert read_answer(data) == (LEAF.certificate,)
    assert data.startswith(b"-----BEGIN CERTIFICATE-----\r\n")
    assert max(map(len, data.split(b"\r\n"))) == 64


def test_a_request_is_kept_before_its_files_go() -> None:
    given, made = r"D:\Windows\Temp\tlsops-0a1b.inf", r"D:\Windows\Temp\tlsops-0a1b.req"
    (*entries, write, program), (keep, *delete) = new(REQUEST, NEWER, system_root=r"D:\Windows", nonce="0a1b")
    assert write.arguments == file_write(given, NEWER.inf(REQUEST)).arguments
    assert entries == [enter_file(given), enter_file(made)]
    assert program == run(PROGRAM, "-q", "-new", given, made, seconds=180)
    assert keep.arguments == (("key", REQUESTS), ("name", "0a1b"), ("kind", "Binary"), ("file", made))
    assert keep.undo == (reg_delete(REQUESTS, "0a1b"),)
    assert delete == [*drop_file(given), *drop_file(made)]


@pytest.mark.parametrize(
    ("number", "name", "next_thing"),
    [
        (0x80092004, "CRYPT_E_NOT_FOUND", "make a new request here"),
        (0x800B0109, "CERT_E_UNTRUSTEDROOT", "trusted roots first"),
        (0x800B010A, "CERT_E_CHAINING", "missing intermediate"),
        (0x8009310B, "CRYPT_E_ASN1_BADTAG", "Ask the CA"),
        (0x80090016, "NTE_BAD_KEYSET", "new request"),
        (0x80090019, "NTE_KEYSET_NOT_DEF", "-csplist"),
        (0x80090008, "NTE_BAD_ALGID", "provider"),
        (0x80090009, "NTE_BAD_FLAGS", "key_size"),
        (0x80090029, "NTE_NOT_SUPPORTED", "provider"),
        (0x80092023, "CRYPT_E_INVALID_X500_STRING", "fewer attributes"),
        (0x8007000D, "ERROR_INVALID_DATA", "report"),
    ],
)
def test_an_exit_code_in_words_with_the_next_thing_to_do(number: int, name: str, next_thing: str) -> None:
    words = explain(number - 2**32)  # as a process gives it
    assert words == explain(number)
    assert name in words
    assert next_thing in words
    assert words.endswith(".")


@pytest.mark.parametrize("number", [0, 1, -1, 5, -2147024809])
def test_other_exit_codes_say_nothing(number: int) -> None:
    assert explain(number) == ""
