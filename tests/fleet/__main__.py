# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a fleet in the foreground: ``python -m tests.fleet SCENARIO [--directory D]``, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .fleet import Fleet

_SCENARIOS = Path(__file__).parent / "scenarios"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("scenario", help="a YAML file, or the name of one of: " + ", ".join(_names()))
    parser.add_argument(
        "--directory", type=Path, help="where inventory.yml and mails/ go (default: a new temporary one)"
    )
    parser.add_argument("--port", type=int, default=0, help="the WinRM service's port (default: a free one)")
    options = parser.parse_args(arguments)
    directory = options.directory or Path(tempfile.mkdtemp(prefix="fleet-"))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Fleet.start(_find(options.scenario), directory, port=options.port) as fleet:
        inventory = fleet.write_files()
        print(f"{len(fleet.hosts)} hosts at http://127.0.0.1:{fleet.port}/wsman/<host>")
        print(f"inventory: {inventory}")
        for host in fleet.scenario.mails:
            print(f"mail of the CA for {host}: {directory / 'mails' / host}.txt")
        for path in _write_authorities(fleet.scenario, directory / "authorities"):
            print(f"a CA to sign with: {path}, its key beside it")
        print("ready", flush=True)
        while not stop.wait(0.5):  # a signal that another thread received runs its handler only when this one wakes
            pass
    for error in fleet.errors:
        print(error, file=sys.stderr)
    return 0


def _write_authorities(scenario: Any, folder: Path) -> Iterator[Path]:
    """The CAs that issue (``<name>.pem``, ``<name>.key``), for requests that are made while the fleet runs."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, authority in scenario.authorities.items():
        issuer = authority.certificates["intermediate"]
        path = folder / f"{name}.pem"
        path.write_bytes(issuer.certificate.public_bytes(Encoding.PEM))
        key = issuer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.with_suffix(".key").write_bytes(key)
        yield path


def _names() -> list[str]:
    return sorted(path.stem for path in _SCENARIOS.glob("*.yml"))


def _find(scenario: str) -> Path:
    return _SCENARIOS / f"{scenario}.yml" if scenario in _names() else Path(scenario)


if __name__ == "__main__":
    sys.exit(main())
