# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that some program on the way could take for something else; and where each text option of a module ends up."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.fleet.world.stores import Entry, path

from .plain import ANY, PRODUCTION, host, scenario, site
from .stage import PASSWORD, Stage

HOST, TWIN = "web", "twin"
SPARE = "S-1-5-21-1004336348-1177238915-682003330-1604"
VALUES: dict[str, str] = {
    "quotes": 'O\'Brien "x" `y` \u2018a\u2019 \u201ab\u201b \u201cc\u201d \u201ed\u201f \u00abe\u00bb',
    "backslash-quote": 'a\\"b\\\\"c\\',
    "dollar": "a $(New-Item C:\\owned) ${env:PATH} $PATH $HOME",
    "backtick": "a`n`$(x)`0b",
    "lines": "one\nok: [web02]\r\nrm -rf /",
    "nul": "Production\0.txt",
    "shell": "a; shutdown /s & calc | more > C:\\x < y ^ && || \u037e",
    "percent": "%SystemRoot%%PATH%!x!",
    "dash": "-EncodedCommand",
    "typographic-dash": "\u2013Command \u2014x \u2015y",
    "slash": "/site.name:Production",
    "help": "/?",
    "at": "@{a=1}@file",
    "hash": "#{x} <# y #>",
    "template": "{{ lookup('pipe', 'touch /tmp/owned') }}{% raw %}",
    "right-to-left": "\u202egpj.\u2066exe\u2069\u200f\u05d0\u0628",
    "combining": "e\u0301\u0327Z\u0351\u036b\u0343 \u1100\u1161",
    "invisible": "\u200ea\u200bb\ufeffc\u00ad",
    "emoji": "\U0001f512\U0001f468\u200d\U0001f527",
    "surrogate": "half \ud83d",
    "blanks": " a  b\t\u3000c\u00a0",
    "xml": "&amp;<b a='x'>]]><!-- -->&#0;",
    "up": "../../../../etc/cron.d/owned",
    "share": "\\\\evil.example\\share\\C:\\x",
    "home": "~root/x",
    "device": "con",
    "expression": "$=*",
    "bell": "a\x07\x1b]0;owned\x07\x9b2J",
    "4-kb": "\u00e4" * 4096,
    "64-kb": "x" * 65536,
}


@dataclasses.dataclass(frozen=True)
class Row:
    """``arguments`` of a task in which the value stands at one option; ``arrived`` says that it is there as it was.

    ``ready`` makes the host such that the value means something there, where its world can hold it.
    """

    arguments: Callable[[Stage, str], Mapping[str, Any]]
    arrived: Callable[[Stage, str, Mapping[str, Any]], bool] = lambda _stage, _value, _result: False
    ready: Callable[[Stage, str], None] = lambda _stage, _value: None


def described() -> dict[str, Any]:
    renewal = site("Renewal", {"protocol": "http", "information": "*:8080:"}, state="stopped")
    twin = host(PRODUCTION)
    twin["certificates"] = {"old": twin["certificates"]["old"]}
    return scenario(**{HOST: host(PRODUCTION, renewal), TWIN: twin})


# What a test does to a host without its knowing


def renamed(stage: Stage, identifier: int, name: str, state: str = "") -> None:
    """A site gets another name, where XML can hold it."""
    world = stage.host(HOST)
    tree = world.iis.config()
    tree.find(f"./system.applicationHost/sites/site[@id='{identifier}']").set("name", name if _in_xml(name) else "x")
    with world.journal.silence():
        world.iis.save(tree)
    world.iis.states[identifier] = state or {1: "Started", 2: "Stopped"}[identifier]


def _in_xml(text: str) -> bool:
    return all(each in "\t\n\r" or " " <= each <= "\ud7ff" or each >= "\ue000" for each in text) and "\x7f" not in text


def emptied(stage: Stage, store: str = "REQUEST") -> None:
    world = stage.host(HOST)
    with world.journal.silence():
        world.registry.delete(r"HKLM\SOFTWARE\tlsops.windows\Request")
        world.registry.delete(path(store))
        world.registry.create(path(store))


def restarted(stage: Stage, _value: str = "") -> None:
    """The certificate that the twin has is not on this host."""
    world = stage.host(HOST)
    found = world.stores.find("MY", stage.thumbprint(TWIN, "old"))
    if found:
        with world.journal.silence():
            world.registry.delete(found.path)


# Where a value is looked for


def bound(stage: Stage) -> str:
    return str(stage.host(HOST).sslcert(ANY)["certificate"])


def other(stage: Stage) -> str:
    """The certificate of the two that is not in use."""
    both = [stage.thumbprint(HOST, name) for name in ("old", "new")]
    return next(each for each in both if each != bound(stage))


def swapped(_stage: Stage, _value: str, result: Mapping[str, Any]) -> bool:
    return bool(result["changed"])


def pending(stage: Stage) -> Entry:
    (entry,) = stage.host(HOST).store("REQUEST")
    return entry  # type: ignore[no-any-return]


def subject(stage: Stage) -> list[str]:
    return [str(each.value) for each in pending(stage).certificate.subject]


def named_in(stage: Stage) -> list[str]:
    names = pending(stage).certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def place(stage: Stage, folder: str, value: str) -> str:
    """A path in a folder of the test's own; a slash would lead out of it, and that is the user's own affair."""
    directory = stage.directory / folder
    directory.mkdir(mode=0o700, exist_ok=True)
    return f"{directory}/{value.replace('/', '_')}"


def there(where: str) -> bool:
    """Ansible takes variables of the environment out of a path."""
    return Path(os.path.expandvars(where)).is_file()


def opens(where: str, password: str) -> bool:
    key, certificate, _others = pkcs12.load_key_and_certificates(Path(where).read_bytes(), password.encode())
    return key is not None and certificate is not None


def pfx(stage: Stage, password: str = PASSWORD) -> str:
    """The twin's certificate and key under a password, made by nobody of ours."""
    world = stage.host(TWIN)
    entry = world.stores.find("MY", stage.thumbprint(TWIN, "old"))
    secret = password.encode("utf-8", "replace") or b"none"
    chain = [each.certificate for name in ("CA", "ROOT") for each in world.store(name)]
    data = pkcs12.serialize_key_and_certificates(
        None, world.keys.open(entry.link).key, entry.certificate, chain, BestAvailableEncryption(secret)
    )
    where = stage.directory / "twin.pfx"
    where.write_bytes(data)
    where.chmod(0o600)
    return str(where)
