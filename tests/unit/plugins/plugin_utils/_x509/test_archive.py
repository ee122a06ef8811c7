# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import zipfile

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509 import archive
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.archive import Budget, File, files, is_archive
from hypothesis import given
from hypothesis import strategies as st

from tests.data.mails.files import STORED, in_windows_code_page, zipped


def unpacked(data: bytes, budget: Budget | None = None) -> list[File]:
    return list(files(data, budget or Budget()))


def test_files_without_folders_and_without_what_systems_put_beside_them() -> None:
    names = ("a/", "a/b/c.crt", "__MACOSX/a/b/._c.crt", "a/._x.crt", "a/.DS_Store", "Thumbs.db", "desktop.ini", "d.p7b")
    found = unpacked(zipped({name: b"" if name.endswith("/") else name.encode() for name in names}))
    assert found == [File("a/b/c.crt", b"a/b/c.crt"), File("d.p7b", b"d.p7b")]


def test_names_are_those_that_the_packer_meant() -> None:
    assert [each.name for each in unpacked(zipped({"証明書.crt": b"x"}))] == ["証明書.crt"]
    assert [each.name for each in unpacked(in_windows_code_page("証明書.crt", b"x"))] == ["証明書.crt"]
    assert unpacked(zipped({"x.crt": b""}).replace(b"x.crt", b"\xa0\xfdcrt"))[0].name, "neither of the two"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_rare_methods_are_left_alone(method: int) -> None:
    (file,) = unpacked(zipped({"www.crt": b"x" * 90}, method))
    assert (file.data, file.problem) == (b"", "packed in a way that is not read here")


def test_a_size_that_is_a_lie_unpacks_no_more_than_it_says() -> None:
    data = zipped({"www.crt": b"x" * 200_000})
    assert data.count((200_000).to_bytes(4, "little")) == 2
    with pytest.raises(ValueError, match="damaged zip archive"):
        unpacked(data.replace((200_000).to_bytes(4, "little"), (50_000).to_bytes(4, "little")))


def test_what_may_be_unpacked_is_bounded_over_all_archives_of_an_answer() -> None:
    budget = Budget()
    half = zipped({f"{number}.crt": bytes(number) for number in range(archive.MAX_ENTRIES // 2 + 1)})
    unpacked(half, budget)
    with pytest.raises(TlsOpsError, match="more than 200 files") as error:
        unpacked(half, budget)
    assert "give the certificate's file alone" in error.value.hint
    large = zipped({f"{number}.bin": bytes(archive.MAX_FILE) for number in range(17)}, STORED)
    with pytest.raises(TlsOpsError, match="more than 16777216 bytes when unpacked"):
        unpacked(large)


def test_the_directory_of_an_archive_of_many_files_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.zipfile, "ZipFile", None)
    with pytest.raises(TlsOpsError, match="more than 200 files"):
        unpacked(b"PK\x03\x04" + b"PK\x01\x02" * 201)


def test_an_empty_archive_is_one() -> None:
    assert is_archive(zipped({}))
    assert unpacked(zipped({})) == []
    assert not is_archive(b"PKCS")


WHOLE = zipped({"order/www.crt": b"certificate" * 20, "readme.txt": b"words"})


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_any_damage_is_files_or_a_clear_error(position: int, new: bytes) -> None:
    for data in (WHOLE[:position] + new + WHOLE[position + len(new) :], WHOLE[:position], WHOLE[position:] + new):
        try:
            found = unpacked(data)
        except TlsOpsError as error:
            found = [File(error.message)]
        except ValueError as error:
            found = [File(str(error))]
        assert all(isinstance(each.name, str) for each in found)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=200), max_size=5))
def test_what_was_packed_is_unpacked(content: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for number, data in enumerate(content.values()):
            made.writestr(f"{number}.crt", data)
    assert [each.data for each in unpacked(packed.getvalue())] == list(content.values())
