# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page of ``docs/`` as its reader takes it: files to save, commands to type, and what is shown for them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n?```(?P<kind>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.yml)`:\s*\Z")

# What differs from one fleet to the next: thumbprints and other digests, dates, days left.
_VARYING = (
    (re.compile(r"\b[0-9A-Fa-f]{40,64}\b"), "<digest>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d(T[\d:]+Z)?\b"), "<date>"),
)


@dataclasses.dataclass(frozen=True)
class File:
    name: str
    text: str


@dataclasses.dataclass(frozen=True)
class Command:
    """``shown``: lines that the page says come of it, with others in between."""

    words: tuple[str, ...]
    shown: tuple[str, ...] = ()


def steps(page: Path) -> list[File | Command]:
    """What the page has its reader do. A file's name stands before its block; output follows its command's block."""
    found: list[File | Command] = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        named = _FILE.search(block["before"])
        if block["kind"] == "yaml" and named:
            found.append(File(named[1], block["text"]))
        elif block["kind"] == "sh":
            found += _commands(block["text"])
        elif block["kind"] == "text" and found and isinstance(found[-1], Command):
            found[-1] = dataclasses.replace(found[-1], shown=tuple(block["text"].splitlines()))
    return found


def _commands(text: str) -> Iterator[Command]:
    for line in text.replace("\\\n", " ").splitlines():
        plain = line.partition("  #")[0].strip()
        if plain:
            yield Command(tuple(plain.split()))


def plain(text: str) -> str:
    """Without what differs from one fleet to the next."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return " ".join(text.split())


def missing(command: Command, output: str) -> list[str]:
    """The lines that the page shows and that did not come. In any order: hosts end as they like."""
    lines = [plain(line) for line in output.splitlines()]
    return [line for line in command.shown if line.strip() and not any(plain(line) in each for each in lines)]
