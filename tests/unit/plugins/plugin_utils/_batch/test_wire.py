# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire: what is sent, and what of an output is believed."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import zlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines, lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from hypothesis import given, settings
from hypothesis import strategies as st

NONCE = "0123456789abcdef"
END = ("batch", "ok", "", "0", "", "")


def packed(content: bytes) -> str:
    packer = zlib.compressobj(wbits=-15)
    return base64.encodebytes(packer.compress(content) + packer.flush()).decode().replace("\n", "\r\n")


def output(*rows: tuple[str | bytes, ...], nonce: str = NONCE) -> str:
    content = encode_lines(
        (str(row[0]), [each if isinstance(each, bytes) else each.encode() for each in row[1:]]) for row in rows
    )
    return f"-----BEGIN {nonce}-----\r\n{packed(content)}-----END {nonce}-----\r\n"


def ok(index: int, payload: bytes = b"") -> tuple[str | bytes, ...]:
    return ("answer", str(index), "ok", "", "0", "", "", payload)


def test_encode() -> None:
    operation = dataclasses.replace(
        do.file_write("%TEMP%\\é", b"\0\n"), expect="ab" * 32, undo=(do.file_delete("x"), do.file_delete("y"))
    )
    text = wire.encode([operation, do.host_info()], nonce=NONCE, mode="write", deadline=300, mutex_wait=60)
    assert text.isascii()
    assert lines(text.encode()) == [
        ("batch", (b"1", NONCE.encode(), b"write", b"300", b"60")),
        ("do", (b"file.write", b"path", "%TEMP%\\é".encode(), b"data", b"\0\n", b"expect", b"ab" * 32)),
        ("undo", (b"file.delete", b"path", b"x")),
        ("undo", (b"file.delete", b"path", b"y")),
        ("do", (b"host.info",)),
        ("end", ()),
    ]


def test_keep_going_is_an_argument() -> None:
    operation = dataclasses.replace(do.host_info(), keep_going=True)
    text = wire.encode([operation], nonce=NONCE, mode="write", deadline=1, mutex_wait=1)
    assert lines(text.encode())[1] == ("do", (b"host.info", b"keep_going", b"1"))


def test_the_windows_before_which_it_is_done_is_an_argument() -> None:
    operation = dataclasses.replace(do.host_info(), before_os=6)
    text = wire.encode([operation], nonce=NONCE, mode="read", deadline=1, mutex_wait=1)
    assert lines(text.encode())[1] == ("do", (b"host.info", b"before_os", b"6"))


@pytest.mark.parametrize("nonce", ["", "xyz", "0123456789ABCDEF", "0" * 15, "0" * 16 + "\n"])
def test_a_nonce_is_hex(nonce: str) -> None:
    with pytest.raises(TlsOpsError):
        wire.encode([], nonce=nonce, mode="read", deadline=1, mutex_wait=1)


def test_half_a_character_does_not_travel() -> None:
    with pytest.raises(TlsOpsError):
        wire.encode([do.file_read("\ud800")], nonce=NONCE, mode="read", deadline=1, mutex_wait=1)


def test_decode_answers_and_undone() -> None:
    text = output(
        ok(0, b"\0payload"),
        ("answer", "1", "error", "hresult", "-2146893813", "T", "Fehler é", b"partly"),
        ("answer", "2", "skipped", "", "0", "", "", ""),
        ("undone", "0", "0", "ok", "", "0", "", ""),
        ("undone", "0", "1", "error", "win32", "5", "T", "no"),
        END,
    )
    first, second, third = wire.decode(f"banner\r\n#< CLIXML\r\n{text}trailer", nonce=NONCE, count=3)
    assert (first.ok, first.payload) == (True, b"\0payload")
    assert [(each.status, each.number) for each in first.undone] == [("ok", 0), ("error", 5)]
    assert (second.status, second.kind, second.number, second.payload) == ("error", "hresult", -2146893813, b"partly")
    assert second.describe() == "Fehler é (hresult 0x8009000B)"
    assert third.status == "skipped"


def framed(content: bytes) -> str:
    return f"-----BEGIN {NONCE}-----\r\n{packed(content)}-----END {NONCE}-----\r\n"


FOLDED = st.lists(st.tuples(st.sampled_from(["key", "value"]), st.lists(st.binary(), max_size=3)), max_size=4)


@given(st.lists(FOLDED, max_size=4))
def test_a_payload_of_lines_follows_its_answer_as_it_is(payloads: list[list[tuple[str, list[bytes]]]]) -> None:
    content = b""
    for index, rows in enumerate(payloads):
        content += encode_lines([("answer", [str(index).encode(), b"ok", b"", b"0", b"", b"", b""])])
        content += b"".join(b" " + line for line in encode_lines(rows).splitlines(keepends=True))
    content += encode_lines([(END[0], [each.encode() for each in END[1:]])])
    answers = wire.decode(framed(content), nonce=NONCE, count=len(payloads))
    assert [lines(answer.payload) for answer in answers] == [
        [(keyword, tuple(fields)) for keyword, fields in rows] for rows in payloads
    ]


def test_an_answer_has_one_payload() -> None:
    twice = encode_lines([("answer", [b"0", b"ok", b"", b"0", b"", b"", b"a"])]) + b" key -\n"
    with pytest.raises(wire.NoAnswer, match="two payloads"):
        wire.decode(framed(twice), nonce=NONCE, count=1)


def test_decode_no_operations() -> None:
    assert wire.decode(output(END), nonce=NONCE, count=0) == ()


BROKEN = {
    "nothing": "",
    "another batch's answer": output(ok(0), END, nonce="f" * 16),
    "cut off": output(ok(0), END)[:-10],
    "no end line": output(ok(0)),
    "lines behind the end": output(ok(0), END, ok(1)),
    "too few answers": output(END),
    "too many answers": output(ok(0), ok(1), END),
    "out of order": output(ok(1), END),
    "a field too much": output((*ok(0), "x"), END),
    "a number that is none": output(("answer", "0", "ok", "", "x", "", "", ""), END),
    "a status that is none": output(("answer", "0", "fine", "", "0", "", "", ""), END),
    "an undo of nothing": output(ok(0), ("undone", "7", "0", "ok", "", "0", "", ""), END),
    "an undo out of order": output(ok(0), ("undone", "0", "1", "ok", "", "0", "", ""), END),
    "an end with too much": output(ok(0), (*END, "x")),
    "text that is not UTF-8": output(("answer", "0", "error", b"\xff", "0", "", "", ""), END),
    "the script failed": output(ok(0), ("batch", "error", "hresult", "-1", "T", "out of memory")),
    "no base64": f"-----BEGIN {NONCE}-----\n%%%\n-----END {NONCE}-----\n",
    "no deflate": f"-----BEGIN {NONCE}-----\nAAAA\n-----END {NONCE}-----\n",
    "deflate cut off": f"-----BEGIN {NONCE}-----\n{base64.b64encode(b'KMrPTc8=').decode()}\n-----END {NONCE}-----\n",
    "two answers": output(ok(0), END) + output(ok(0), END),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_whole_is_unknown(text: str) -> None:
    with pytest.raises(wire.NoAnswer):
        wire.decode(text, nonce=NONCE, count=1)


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    text = output(ok(0, bytes(100_000)), END)
    monkeypatch.setattr(wire, "MAX_ANSWER", 1000)
    with pytest.raises(wire.NoAnswer, match="longer"):
        wire.decode(text, nonce=NONCE, count=1)
    monkeypatch.setattr(wire, "MAX_OUTPUT", 10)
    with pytest.raises(wire.NoAnswer, match="longer"):
        wire.decode(text, nonce=NONCE, count=1)


def test_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_VALUES", 1000)
    for payload in (b" a\n" * 2000, b" a" + b" -" * 2000 + b"\n"):
        content = b"answer MA== b2s= - MA== - - -\n" + payload + b"batch b2s= - MA== - -\n"
        with pytest.raises(wire.NoAnswer, match="more than 1000 values"):
            wire.decode(framed(content), nonce=NONCE, count=1)


@pytest.mark.parametrize("form", ["{0}{0}", "{0}{1}", "{1}{0}", "{2}{0}", "{0}{2}"])
def test_marks_stand_once(form: str) -> None:
    """Two answers, or an end before or behind: which one is meant cannot be told."""
    text = form.format(output(ok(0), END), f"-----END {NONCE}-----\n", f"-----BEGIN {NONCE}-----\n")
    with pytest.raises(wire.NoAnswer, match="more than once"):
        wire.decode(text, nonce=NONCE, count=1)


@given(st.text(), st.text())
@settings(max_examples=60)
def test_any_output_is_a_tlsops_error(stdout: str, stderr: str) -> None:
    with contextlib.suppress(TlsOpsError):
        wire.decode(stdout, stderr, nonce=NONCE, count=1)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_answer_is_a_tlsops_error(content: bytes) -> None:
    text = f"-----BEGIN {NONCE}-----\n{packed(content)}-----END {NONCE}-----\n"
    with contextlib.suppress(TlsOpsError):
        wire.decode(text, nonce=NONCE, count=1)


@pytest.mark.parametrize(("kind", "words"), [("busy", "still running"), ("batch", "did not understand")])
def test_a_batch_that_was_refused(kind: str, words: str) -> None:
    with pytest.raises(TlsOpsError, match=words) as caught:
        wire.decode(output(("batch", "error", kind, "0", "", "")), nonce=NONCE, count=1)
    assert not isinstance(caught.value, wire.NoAnswer)


def test_another_account_that_has_the_mutex_is_named_as_such() -> None:
    with pytest.raises(TlsOpsError, match="another account's batch") as caught:
        wire.decode(output(("batch", "error", "busy", "-2147024891", "", "")), nonce=NONCE, count=1)
    assert "handle -a tlsops.windows" in caught.value.hint


CONSTRAINED = (
    "Cannot invoke method.\n    + FullyQualifiedErrorId : MethodInvocationNotSupportedInConstra\r\n   inedLanguage",
    "#< CLIXML\r\n<S S='Error'>CannotCreateTypeConstrained_x000D__x000A_Language</S>",
)


@pytest.mark.parametrize("stderr", CONSTRAINED)
def test_constrained_language_mode_is_named(stderr: str) -> None:
    with pytest.raises(TlsOpsError, match="Constrained Language Mode") as caught:
        wire.decode("", stderr, nonce=NONCE, count=1)
    assert not isinstance(caught.value, wire.NoAnswer)


@pytest.mark.parametrize(
    "stderr",
    [
        "'PowerShell' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
        "'PowerShell' は、内部コマンドまたは外部コマンド、\r\n操作可能なプログラムとして認識されていません。",
        'Der Befehl "PowerShell" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden.',
        "sh: 1: PowerShell: not found\n",
    ],
)
def test_a_missing_powershell_is_named(stderr: str) -> None:
    with pytest.raises(TlsOpsError, match="did not find PowerShell") as caught:
        wire.decode("", stderr, nonce=NONCE, count=1)
    assert not isinstance(caught.value, wire.NoAnswer)


def test_other_silence_is_quoted() -> None:
    with pytest.raises(wire.NoAnswer, match="Out of memory"):
        wire.decode("", "Out of memory\n", nonce=NONCE, count=1)
