# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The honest answers of a whole renewal, kept, and given again with whatever a test does to them on the way."""

from __future__ import annotations

import base64
import dataclasses
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from ansible.parsing.dataloader import DataLoader
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import UnknownOutcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options, validated
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import ControllerFile

from tests.fleet.world.host import Host

NONCE = "0123456789abcdef" * 2
RANDOM = frozenset({"data"})  # a client's hello and what a key is to sign are made anew each time
Block = tuple[str, ...]  # an answer's line, with those of its payload behind it
Change = Callable[[list[Block]], list[Block]]
Forge = Callable[[str], str]


def honest(blocks: list[Block]) -> list[Block]:
    return blocks


def untouched(output: str) -> str:
    return output


def _key(operation: Operation) -> tuple[Any, ...]:
    known = tuple(each for each in operation.arguments if operation.name != "tcp.exchange" or each[0] not in RANDOM)
    return operation.name, known, operation.expect


@dataclasses.dataclass
class Recording:
    """What each operation was answered, in the order of its calls."""

    answers: dict[tuple[Any, ...], list[Block]] = dataclasses.field(default_factory=dict)
    batches: list[int] = dataclasses.field(default_factory=list)  # how many operations each one had

    def keep(self, operations: Sequence[Operation], blocks: Sequence[Block]) -> None:
        self.batches.append(len(operations))
        for operation, block in zip(operations, blocks, strict=False):
            self.answers.setdefault(_key(operation), []).append(block)


class Recorder:
    """A host that is asked without any connection; ``recording`` is what it said."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.recording = Recording()

    def batch(
        self, operations: Sequence[Operation], *, mode: Literal["read", "write"], timeout: int
    ) -> tuple[Answer, ...]:
        lines = wire.encode(operations, nonce=NONCE, mode=mode, deadline=timeout, mutex_wait=1)
        output = self._host.execute(lines.splitlines())
        self.recording.keep(operations, blocks_of(output))
        return wire.decode(output, nonce=NONCE, count=len(operations))

    def learn(self, info: HostInfo) -> None:
        pass

    def encrypts(self) -> bool:
        return True

    def reconnect(self) -> None:
        pass


class Replayed(Recorder):
    """Gives the answers of a recording; ``change`` gets those of batch number ``at``, ``forge`` its whole output.

    What was never asked before is an error: file not found.
    """

    def __init__(
        self, recording: Recording, at: int, change: Change = honest, forge: Forge = untouched, times: int = 1
    ) -> None:
        self._left = {key: list(blocks) for key, blocks in recording.answers.items()}
        self._at = range(at, at + times)
        self._change = change
        self._forge = forge
        self._count = 0

    def batch(
        self, operations: Sequence[Operation], *, mode: Literal["read", "write"], timeout: int
    ) -> tuple[Answer, ...]:
        wire.encode(operations, nonce=NONCE, mode=mode, deadline=timeout, mutex_wait=1)
        blocks = [renumbered(self._next(each), number) for number, each in enumerate(operations)]
        blocks.append((line("batch", b"ok", b"", b"0", b"", b""),))
        now, self._count = self._count, self._count + 1
        output = framed(self._change(blocks) if now in self._at else blocks)
        try:
            return wire.decode(self._forge(output) if now in self._at else output, nonce=NONCE, count=len(operations))
        except wire.NoAnswer as error:  # as ``ConnectionTarget`` has it
            raise UnknownOutcome(str(error)) from error

    def _next(self, operation: Operation) -> Block:
        kept = self._left.get(_key(operation))
        if not kept:
            return (line("answer", b"0", b"error", b"hresult", b"-2147024894", b"", b"not found", b""),)
        return kept.pop(0) if len(kept) > 1 else kept[0]


def line(keyword: str, *fields: bytes) -> str:
    return " ".join([keyword, *(base64.b64encode(each).decode() or "-" for each in fields)])


def renumbered(block: Block, number: int) -> Block:
    keyword, _old, rest = block[0].split(" ", 2)
    return f"{keyword} {base64.b64encode(str(number).encode()).decode()} {rest}", *block[1:]


def blocks_of(output: str) -> list[Block]:
    """The answers' lines of a batch's output, each with its payload of lines; the last line is not among them."""
    body = re.sub(r"-----(?:BEGIN|END) \w+-----", "", output)
    text = zlib.decompress(base64.b64decode("".join(body.split())), -15).decode("ascii")
    parts = re.split(r"\n(?! )", text.removesuffix("\n"))
    return [tuple(part.split("\n")) for part in parts if part.startswith("answer ")]


def framed(blocks: Sequence[Block], nonce: str = NONCE) -> str:
    """The output that holds these lines: marks around base64 of a raw DEFLATE stream."""
    packer = zlib.compressobj(wbits=-15)
    content = "".join(f"{each}\n" for block in blocks for each in block).encode("utf-8", "surrogateescape")
    packed = base64.b64encode(packer.compress(content) + packer.flush()).decode()
    return f"-----BEGIN {nonce}-----\r\n{packed}\r\n-----END {nonce}-----\r\n"


@dataclasses.dataclass(frozen=True)
class Task:
    """A step with its arguments; ``folder`` is where it may write on the controller."""

    module: Any
    step: Any
    arguments: dict[str, Any]
    folder: Path

    def run(self, target: Recorder) -> dict[str, Any]:
        """Raises TlsOpsError. The files of a run before are gone."""
        for path in self.folder.iterdir():
            path.unlink()
        files = ControllerFiles(DataLoader(), "web01")
        arguments = validated(self.arguments, self.module.ARGUMENTS, self.module.RULES)
        step = self.step.from_arguments(arguments, files)

        def write(file: ControllerFile, content: bytes) -> None:
            assert file.path.startswith(str(self.folder)), "a file outside of the place that was asked for"
            files.write(file.path, content, vault=False, replace=file.replace)

        return flow.run(step, target, Options(False, 60, False), write)
