# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a stranger wrote, made up by atheris: a CA's answer, or a certificate's Blob out of a registry.

``python -m tests.fuzz.fuzz_answer answer <folder> -max_total_time=20``; libFuzzer's own options go behind the folder.
It ends with an error, and the input in a file, for anything but a value or a TlsOpsError, and after half a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ansible_collections.tlsops.windows", "email", "zipfile", "quopri"]):
    from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
    from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
    from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
    from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.leaf import find_leaf, labels

from tests.data.mails.authority import certificates
from tests.data.mails.make import write

BLOBS = Path(__file__).resolve().parents[1] / "data/windows/blobs"


def answer(data: bytes) -> None:
    """Certificates that can be shown and searched, or a clear error."""
    try:
        found = read_answer(data)
        assert labels(found)
        find_leaf(found, {certificates()["leaf"].certificate.public_key})
    except TlsOpsError:
        return


def blob(data: bytes) -> None:
    """A Blob is understood, and then comes out byte for byte as it went in, or it is refused."""
    try:
        read = Blob.parse(data)
    except (TlsOpsError, ValueError):
        return
    assert read.encode() == data


def seed(target: str, folder: Path) -> None:
    """What the fuzzer starts from."""
    folder.mkdir(parents=True, exist_ok=True)
    if target == "answer":
        write(folder)
        return
    for path in BLOBS.glob("*.hex"):
        (folder / path.stem).write_bytes(bytes.fromhex(path.read_text(encoding="ascii").strip()))


def main() -> None:
    """The first two arguments are the target and the folder of its inputs."""
    targets: dict[str, Callable[[bytes], None]] = {"answer": answer, "blob": blob}
    program, target, folder, *options = sys.argv
    seed(target, Path(folder))
    atheris.Setup([program, folder, "-timeout=30", "-rss_limit_mb=2048", "-max_len=65536", *options], targets[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
