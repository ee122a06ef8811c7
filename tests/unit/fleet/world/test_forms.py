# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Native forms: Blobs, key links, usage lists, the registry tree, files, command lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.world import blob
from tests.fleet.world.errors import WindowsError
from tests.fleet.world.files import Files
from tests.fleet.world.furnish import DATA
from tests.fleet.world.journal import Journal
from tests.fleet.world.keys import KeyLink
from tests.fleet.world.programs import blank_words, c_words, command_line
from tests.fleet.world.registry import Registry, dword, string


@pytest.mark.parametrize("path", sorted((DATA / "blobs").glob("*.hex")), ids=lambda path: path.stem)
def test_real_blobs_are_read_and_written_to_the_same_bytes(path: object) -> None:
    data = bytes.fromhex(path.read_text().strip())  # type: ignore[attr-defined]
    assert blob.encode(blob.parse(data)) == data
    assert blob.thumbprint(blob.certificate(data)) == blob.get(data, blob.SHA1_HASH).hex().upper()  # type: ignore[union-attr]


def test_property_9_disables_and_enables() -> None:
    data = bytes.fromhex((DATA / "blobs" / "constructed_g5_eku_list.hex").read_text().strip())
    assert blob.usages(data) == frozenset(blob.PROGRAMME_USAGES)
    disabled = blob.put(data, blob.ENHKEY_USAGE, blob.encode_usages(()))
    assert blob.get(disabled, blob.ENHKEY_USAGE) == b"\x30\x00"
    assert blob.usages(disabled) == frozenset()
    assert blob.usages(blob.put(data, blob.ENHKEY_USAGE, None)) is None


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 11, bytes(12), b"\x20\0\0\0\1\0\0\0\xff\0\0\0", blob.encode([(3, b"x")])]
)
def test_what_is_no_blob(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        blob.parse(data)


def test_usages_round_trip() -> None:
    assert tuple(blob.decode_usages(blob.encode_usages(blob.PROGRAMME_USAGES))) == blob.PROGRAMME_USAGES
    assert blob.encode_usages(blob.PROGRAMME_USAGES).hex() == (
        "302806082b0601050507030206082b0601050507030306082b0601050507030406082b06010505070301"
    )


def test_a_key_link_has_the_form_of_the_sample() -> None:
    link = KeyLink("{4A0C6B5B-1E9B-4B7C-9A41-3C2D1F0E9D8C}", "Microsoft RSA SChannel Cryptographic Provider", 12, 1)
    assert KeyLink.decode(link.encode()) == link
    assert link.encode()[:4] == b"\x1c\0\0\0"


def test_registry_names_ignore_case_and_keep_their_first_spelling() -> None:
    registry = Registry(Journal())
    registry.set(r"HKLM\SOFTWARE\A", "Name", string("1"))
    registry.set(r"hklm\software\a", "NAME", dword(2))
    key = registry.key(r"HKLM\Software\a")
    assert key
    assert (key.name, key.pairs()) == ("A", [("Name", dword(2))])
    assert registry.delete(r"HKLM\SOFTWARE\a")
    assert not registry.delete(r"HKLM\SOFTWARE\a")
    with pytest.raises(KeyError):
        registry.create(r"HKCU\x")


def test_variables_are_expanded_and_unknown_ones_kept() -> None:
    files = Files(Journal())
    assert files.expand(r"%SYSTEMROOT%\x %nothing%") == r"C:\Windows\x %nothing%"
    with pytest.raises(WindowsError):
        files.read(r"C:\Windows\x")


@settings(max_examples=50)
@given(st.lists(st.text("ab =}{'", min_size=1, max_size=8), max_size=4))
def test_netsh_cuts_a_line_again_into_the_same_words(words: list[str]) -> None:
    assert blank_words(command_line(words)) == words


@settings(max_examples=200)
@given(st.lists(st.text('ab \t""\\\\\'%^&|\u201c\u200e', max_size=8), max_size=4))
def test_a_c_program_gets_each_argument_as_it_was(words: list[str]) -> None:
    assert c_words(command_line(words)) == words


def test_a_command_line_ends_at_its_first_nul() -> None:
    assert c_words(command_line(["/site.name:Production\0 Renewal", "/commit"])) == [
        '"/site.name:Production'.strip('"')
    ]
