# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes as the text they may be, whatever the sender's mail program said of them, and HTML as plain text.

A text keeps its lines: what HTML calls a line end, and the file does not, comes out as ``LINE_SEPARATOR``.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator

LINE_SEPARATOR = "\u2028"
_BEGIN = b"-BEGIN "
_MARK = b"\xef\xbb\xbf"
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UNMARKED_UTF_16 = {b"-\0-\0-\0": "utf-16-le", b"\0-\0-\0-": "utf-16-be"}
# Python has codecs that no mail is written in; the first two take time by the square of the length.
_NEVER = ("punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined")
_GUESSES = ("utf-8-sig", "euc_jp", "cp932", "cp1252", "latin-1")
# Mail programs write more into ISO-2022-JP than belongs there: half-width katakana, NEC's row 13.
_ESCAPED = ("iso2022_jp", "iso2022_jp_ext")

_HTML = re.compile(r"<(?:html|body|br|div|pre|table|td|p|span)\b", re.I)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/td|/li|/pre)\b[^<>]{0,200}>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ENCODED_LINE_END = re.compile(r"&#(?:0{0,5}1[03]|x0{0,5}[ad]);?", re.I)


def without_mark(data: bytes) -> bytes:
    """The same as UTF-8 without its byte order mark, where it has one (UTF-8 or UTF-16)."""
    if data.startswith(_MARK):
        return data[len(_MARK) :]
    encoding = _UTF_16.get(data[:2])
    return data[2:].decode(encoding, "replace").encode("utf-8", "replace") if encoding else data


def decodings(data: bytes, charset: str = "") -> Iterator[str]:
    """The text in the encodings it may be in, ``charset`` first; nothing where it is binary."""
    data = without_mark(data)
    if b"\0" in data:
        yield from (data.decode(name, "replace") for sign, name in _UNMARKED_UTF_16.items() if sign in data)
        if _BEGIN in data:  # a text that something has put zeros into
            yield data.replace(b"\0", b"").decode("latin-1")
        return
    escaped = b"\x1b" in data
    if data.isascii() and not escaped:  # the same in all of them
        yield data.decode("ascii")
        return
    for name in dict.fromkeys([charset, *(_ESCAPED if escaped else ()), *_GUESSES]):
        try:
            if codecs.lookup(name).name.replace("-", "_") in _NEVER:
                continue
            decoded = data.decode(name)
        except (LookupError, ValueError):
            continue
        yield decoded
    if escaped:
        yield data.decode(_ESCAPED[-1], "replace")


def is_html(text: str) -> bool:
    """Whether it has tags that only HTML has."""
    return _HTML.search(text) is not None


def without_html(text: str) -> str:
    """The text of HTML, each line where it was."""
    plain = _TAG.sub(_line_ends, _BREAK.sub(_line_break, text))
    return html.unescape(_ENCODED_LINE_END.sub(LINE_SEPARATOR, plain))


def _line_break(tag: re.Match[str]) -> str:
    return LINE_SEPARATOR + _line_ends(tag)


def _line_ends(tag: re.Match[str]) -> str:
    """A tag may go over several lines."""
    return "".join(_LINE_END.findall(tag[0]))
