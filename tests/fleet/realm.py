# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kerberos realm on loopback, for a while: what a domain is to WinRM. Needs MIT Kerberos' KDC and kadmin.local."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = "FLEET.TEST"
SERVICE = "HTTP@localhost"  # as GSS-API names it; HTTP/localhost in the realm
_PATIENCE = 10.0  # seconds for the KDC to listen
_SEARCH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")


def missing() -> list[str]:
    """What is needed and not there: programs, and the module ``kerberos`` (pykerberos)."""
    found = [name for name in _PROGRAMS if shutil.which(name, path=_SEARCH) is None]
    try:
        import kerberos  # noqa: F401
    except ImportError:
        found.append("pykerberos")
    return found


@contextlib.contextmanager
def realm(directory: Path, user: str, password: str) -> Iterator[None]:
    """A realm that knows this user, and ``SERVICE`` with its keytab; this process's environment names all of it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    environment = _configure(directory)
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        _run("kdb5_util", "create", "-s", "-r", NAME, text=f"{password}\n{password}\n")
        _run("kadmin.local", "-r", NAME, text=_accounts(directory, user, password))
        with _kdc(directory):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _accounts(directory: Path, user: str, password: str) -> str:
    """Commands on standard input: an argument list can be read by everyone on the machine."""
    if '"' in password:
        raise ValueError("kadmin.local quotes with double quotes")
    principal = f"{SERVICE.replace('@', '/')}@{NAME}"
    lines = (
        f'addprinc -pw "{password}" {user}@{NAME}',
        f"addprinc -randkey {principal}",
        f"ktadd -k {directory}/keytab {principal}",
    )
    return "".join(f"{line}\n" for line in lines)


def _configure(directory: Path) -> Mapping[str, str]:
    port = _free_port()
    (directory / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {NAME}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n"
        f" dns_canonicalize_hostname = false\n udp_preference_limit = 1\n"
        f"[realms]\n {NAME} = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = {NAME}\n",
        encoding="ascii",
    )
    (directory / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n {NAME} = {{\n  database_name = {directory}/principal\n  key_stash_file = {directory}/stash\n"
        f"  acl_file = {directory}/acl\n }}\n[logging]\n kdc = FILE:{directory}/kdc.log\n",
        encoding="ascii",
    )
    return {
        "KRB5_CONFIG": str(directory / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(directory / "kdc.conf"),
        "KRB5_KTNAME": str(directory / "keytab"),
        "KRB5RCACHENAME": f"dfl:{directory}",
    }


@contextlib.contextmanager
def _kdc(directory: Path) -> Iterator[None]:
    with subprocess.Popen([_path("krb5kdc"), "-n", "-r", NAME], stdout=subprocess.DEVNULL) as process:
        try:
            _wait(directory, process)
            yield
        finally:
            process.terminate()


def _wait(directory: Path, process: subprocess.Popen[bytes]) -> None:
    port = int((directory / "krb5.conf").read_text(encoding="ascii").partition("127.0.0.1:")[2].split()[0])
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the KDC does not listen; {directory}/kdc.log says why")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _path(program: str) -> str:
    found = shutil.which(program, path=_SEARCH)
    if found is None:
        raise FileNotFoundError(program)
    return found


def _run(program: str, *arguments: str, text: str) -> None:
    done = subprocess.run([_path(program), *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr.strip()}")
