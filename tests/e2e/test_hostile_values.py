# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every text option of every module gets every nasty value: it arrives as it is, or is refused and nothing happens."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins import action as actions
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.world.event_log import PROCESS_CREATED
from tests.fleet.world.programs import c_words

from . import hostile
from .door import perform
from .hostile import HOST, SPARE, TWIN, VALUES, Row
from .stage import PASSWORD, Stage, staged

EXAMPLES = int(os.environ.get("TLSOPS_HOSTILE_EXAMPLES", "100"))
ALLOWED = ("powershell", "netsh", "appcmd", "certreq", "certutil", "whoami")
EC = {"key_type": "ecdsa-p256"}


def swap(stage: Stage, **more: Any) -> dict[str, Any]:
    return {"thumbprint": hostile.other(stage), "production_site": "Production", **more}


def refused(**arguments: Any) -> Row:
    """An option that no such value can mean anything for."""
    return Row(lambda stage, value: {name: _filled(stage, each, value) for name, each in arguments.items()})


def thumbprint(module: str) -> Row:
    """As Windows' dialog copies it: blanks, and a mark that nobody sees."""

    def arguments(stage: Stage, value: str) -> Mapping[str, Any]:
        plain = hostile.other(stage)
        given = "\u200e" + " ".join(plain[at : at + 2] for at in range(0, 40, 2)).lower()
        given = {"blanks": given, "at": ":".join(plain)}.get(_id(value), value)
        more = {"password": PASSWORD, "destinations": [f"{stage.backups}/"]} if module == "pfx_backup" else {}
        return {"thumbprint": given, **(more or {"production_site": "Production"})}

    return Row(arguments, lambda _stage, value, _result: _id(value) in ("blanks", "at"))


def _id(value: str) -> str:
    return next((name for name, each in VALUES.items() if each == value), "")


def as_site(**arguments: Any) -> Row:
    """A web site that has this name."""
    return dataclasses.replace(
        refused(**arguments), arrived=hostile.swapped, ready=lambda stage, value: hostile.renamed(stage, 1, value)
    )


def _filled(stage: Stage, given: Any, value: str) -> Any:
    """``...`` stands for the value, None for the certificate that is not in use."""
    if given is None:
        return hostile.other(stage)
    return (
        value if given is ... else [value] if given == [...] else f"{stage.backups}/" if given == "backups" else given
    )


def at(folder: str, option: str, *, many: bool = False, arrives: bool = True, **more: Any) -> Row:
    """A path on the controller."""

    def arguments(stage: Stage, value: str) -> Mapping[str, Any]:
        where = hostile.place(stage, folder, value)
        rest = {name: _filled(stage, each, value) for name, each in more.items()}
        return {**rest, option: [where] if many else where}

    return Row(
        arguments,
        lambda stage, value, _result: arrives and hostile.there(hostile.place(stage, folder, value)),
        lambda stage, _value: hostile.emptied(stage),
    )


def answer(**more: Any) -> Row:
    return refused(answer=..., **more)


RENEWAL = {"backup_password": PASSWORD, "backup_destinations": "backups"}
ROWS: dict[tuple[str, str], Row] = {
    ("site_certificate", "production_site"): as_site(thumbprint=None, production_site=...),
    ("site_certificate", "production_sites"): as_site(thumbprint=None, production_sites=[...]),
    ("site_certificate", "renewal_site"): Row(
        lambda stage, value: swap(stage, renewal_site=value),
        lambda stage, value, _result: stage.host(HOST).sites[value] == "Stopped",
        lambda stage, value: hostile.renamed(stage, 2, value, state="Started"),
    ),
    ("site_certificate", "thumbprint"): thumbprint("site_certificate"),
    ("pfx_backup", "thumbprint"): thumbprint("pfx_backup"),
    ("pfx_backup", "site"): Row(
        lambda stage, value: {"site": value, "password": PASSWORD, "destinations": [f"{stage.backups}/"]},
        lambda stage, _value, result: result["thumbprint"] == hostile.bound(stage),
        lambda stage, value: hostile.renamed(stage, 1, value),
    ),
    ("pfx_backup", "password"): Row(
        lambda stage, value: {"site": "Production", "password": value, "destinations": [f"{stage.directory}/p.pfx"]},
        lambda stage, value, _result: hostile.opens(f"{stage.directory}/p.pfx", value),
        lambda stage, _value: (stage.directory / "p.pfx").unlink(missing_ok=True),
    ),
    ("pfx_backup", "destinations"): at("backup", "destinations", many=True, site="Production", password=PASSWORD),
    ("pfx_restore", "friendly_name"): Row(
        lambda stage, value: {"path": hostile.pfx(stage), "password": PASSWORD, "friendly_name": value},
        lambda stage, value, _result: _restored(stage).friendly_name == value,
        hostile.restarted,
    ),
    ("pfx_restore", "password"): Row(
        lambda stage, value: {"path": hostile.pfx(stage, value), "password": value},
        lambda stage, _value, _result: _restored(stage) is not None,
        hostile.restarted,
    ),
    ("pfx_restore", "key_access"): Row(
        lambda stage, value: {"path": hostile.pfx(stage), "password": PASSWORD, "key_access": [value]},
        lambda stage, _value, _result: SPARE in stage.host(HOST).keys.open(_restored(stage).link).access,
        lambda stage, value: (hostile.restarted(stage), stage.host(HOST).options.accounts.update({value: SPARE}))[0],
    ),
    ("certificate_request", "friendly_name"): Row(
        lambda _stage, value: {"names": ["a.example.com"], "friendly_name": value, **EC},
        lambda stage, value, _result: hostile.pending(stage).friendly_name == value,
        lambda stage, _value: hostile.emptied(stage),
    ),
    ("certificate_request", "subject"): Row(
        lambda _stage, value: {"subject": 'CN="{}"'.format(value.replace('"', '""')), "names": ["a.example.com"], **EC},
        lambda stage, value, _result: hostile.subject(stage) == [value],
        lambda stage, _value: hostile.emptied(stage),
    ),
    ("certificate_request", "names"): Row(
        lambda _stage, value: {"names": [value], **EC},
        lambda stage, value, _result: len(hostile.named_in(stage)) == 1 and not value.isascii(),  # as punycode
        lambda stage, _value: hostile.emptied(stage),
    ),
    ("certificate_request", "csr_path"): at("csr", "csr_path", names=["a.example.com"], **EC),
    ("certificate_request", "ip_addresses"): refused(ip_addresses=[...], **EC),
    ("certificate_request", "provider"): refused(names=["a.example.com"], provider=...),
    ("certificate_request", "renew_from"): refused(renew_from=..., **EC),
    ("certificate_request", "site"): refused(site=..., **EC),
    ("site_certificate", "binding"): refused(binding=..., thumbprint="00" * 20),
    ("site_certificate", "replaces"): refused(replaces=..., thumbprint="00" * 20),
    ("site_certificate", "answer"): answer(production_site="Production"),
    ("site_certificate", "answer_path"): at("a", "answer_path", arrives=False, production_site="Production"),
    ("certificate_install", "answer"): answer(),
    ("certificate_install", "answer_path"): at("a", "answer_path", arrives=False),
    ("certificate_install", "renewal_site"): refused(answer="x", renewal_site=...),
    ("certificate_install", "for_sites"): refused(answer="x", for_sites=[...]),
    ("pfx_backup", "answer"): answer(password=PASSWORD, destinations=["/"]),
    ("pfx_backup", "answer_path"): at("a", "answer_path", arrives=False, password=PASSWORD, destinations=["/"]),
    ("pfx_restore", "path"): at("a", "path", arrives=False, password=PASSWORD),
    ("pfx_restore", "key_access_like"): Row(
        lambda stage, value: {"path": hostile.pfx(stage), "password": PASSWORD, "key_access_like": value},
        ready=hostile.restarted,
    ),
    ("trusted_root", "certificates"): refused(certificates=[...], state="disabled"),
    ("trusted_root", "answer"): answer(state="disabled"),
    ("trusted_root", "answer_path"): at("a", "answer_path", arrives=False, state="disabled"),
    ("renewal", "production_site"): as_site(thumbprint=None, production_site=..., **RENEWAL),
    ("renewal", "production_sites"): as_site(thumbprint=None, production_sites=[...], **RENEWAL),
    ("renewal", "renewal_site"): as_site(thumbprint=None, production_sites=["*"], renewal_site=..., **RENEWAL),
    ("renewal", "backup_destinations"): at(
        "backup", "backup_destinations", many=True, thumbprint=None, production_site="Production", backup_password="x"
    ),
    ("renewal", "backup_password"): as_site(
        thumbprint=None, production_site="Production", backup_password=..., backup_destinations="backups"
    ),
    ("renewal", "thumbprint"): refused(thumbprint=..., production_site="Production", **RENEWAL),
    ("renewal", "binding"): refused(thumbprint="00" * 20, binding=..., **RENEWAL),
    ("renewal", "replaces"): refused(thumbprint="00" * 20, replaces=..., **RENEWAL),
    ("renewal", "answer"): answer(production_site="Production", **RENEWAL),
    ("renewal", "answer_path"): at("a", "answer_path", arrives=False, production_site="x", **RENEWAL),
    ("certificate_sign", "csr"): refused(csr=..., ca_certificate_path="/nowhere", ca_key_path="/nowhere"),
    ("certificate_sign", "names"): refused(csr="x", names=[...], ca_certificate_path="/n", ca_key_path="/n"),
    ("certificate_sign", "ca_certificate_path"): at("a", "ca_certificate_path", csr="x", ca_key_path="/nowhere"),
    ("certificate_sign", "ca_key_path"): at("a", "ca_key_path", csr="x", ca_certificate_path="/nowhere"),
    ("certificate_sign", "ca_chain_path"): at("a", "ca_chain_path", csr="x", ca_certificate_path="/", ca_key_path="/"),
    ("certificate_sign", "ca_key_passphrase"): refused(
        csr="x", ca_key_passphrase=..., ca_certificate_path="/nowhere", ca_key_path="/nowhere"
    ),
}
SITES = [each for each in ROWS if each[1].endswith(("site", "sites")) and ROWS[each].arrived is not Row.arrived]


def _restored(stage: Stage) -> Any:
    return stage.host(HOST).stores.find("MY", stage.thumbprint(TWIN, "old"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(hostile.described(), tmp_path_factory.mktemp("hostile")) as found:
        yield found


def written(stage: Stage) -> set[Path]:
    return {each for each in stage.directory.rglob("*") if each.is_file()}


def started(stage: Stage) -> dict[str, int]:
    return {
        text: count for (number, text), count in stage.host(HOST).events.events.items() if number == PROCESS_CREATED
    }


def tried(stage: Stage, module: str, option: str, value: str) -> bool:
    """Whether the value arrived, as it is; else it was refused in words and nothing happened."""
    row = ROWS[module, option]
    hostile.renamed(stage, 1, "Production")
    hostile.renamed(stage, 2, "Renewal")
    row.ready(stage, value)
    arguments = row.arguments(stage, value)
    digest, files, programs = stage.host(HOST).digest(), written(stage), started(stage)
    names = {each.name for each in stage.host(HOST).iis.sites()}
    result = perform(stage.fleet, HOST, module, arguments)
    where = f"{module} {option} {value[:80]!r}: {str(result)[:600]}"
    assert not stage.fleet.errors, where
    assert "unreachable" not in result, where
    only_meant({text for text, count in started(stage).items() if count != programs.get(text)}, names, where)
    if not result.get("failed"):
        assert row.arrived(stage, value, result), where
        return True
    message = result["msg"]
    assert result["hint"] or option in ("answer_path",), where
    assert message.startswith(f"{HOST} {module}"), where
    assert not any(words in message for words in ("unexpected ", "Traceback", "no answer, twice")), where
    assert "\n" not in message, where
    assert "\x1b" not in message, where
    assert not result["changed"], where
    assert stage.host(HOST).digest() == digest, where
    assert written(stage) == files, where
    return False


def only_meant(lines: set[str], names: set[str], where: str) -> None:
    """Programs that are ours, with as many arguments as we give them, on sites that there are."""
    for line in lines:
        program, *words = c_words(line)
        name = program.lower().rpartition("\\")[2].removesuffix(".exe")
        assert name in ALLOWED, (line, where)
        if name == "appcmd":
            sites = {each.partition(":")[2] for each in words if each.lower().startswith("/site.name:")}
            assert sites <= names, (line, where)
            assert len(words) in (3, 4), (line, where)


def text_options() -> set[tuple[str, str]]:
    """Those of each module that take any text; what has choices takes none."""
    found = set()
    for each in pkgutil.iter_modules(actions.__path__):
        spec = importlib.import_module(f"{actions.__name__}.{each.name}").ActionModule.ARGUMENTS
        for name, option in spec.items():
            nested = option.get("options", {})
            assert nested.keys() <= spec.keys(), "an option of a list's entries that is none of its own"
            text = option["type"] in ("str", "path") or option.get("elements") in ("str", "path")
            if text and "choices" not in option:
                found.add((each.name, name))
    return found


def test_no_option_is_forgotten() -> None:
    assert set(ROWS) == text_options()


NASTY = st.sampled_from(sorted(VALUES.values())) | st.lists(
    st.sampled_from(sorted(each for each in VALUES.values() if len(each) < 100)) | st.text(max_size=10), min_size=1
).map("".join)


@settings(max_examples=EXAMPLES, derandomize=True)
@given(st.sampled_from(sorted(ROWS)), NASTY)
def test_any_option_any_value(stage: Stage, row: tuple[str, str], value: str) -> None:
    tried(stage, *row, value)


@pytest.mark.parametrize("name", VALUES)
def test_a_site_is_swapped_and_stopped_under_any_name(stage: Stage, name: str) -> None:
    value = VALUES[name]
    # What XML or a command line cannot hold, an expression of appcmd, the mark for what a code page lacks.
    cannot = {"nul", "surrogate", "bell", "expression", "lines", "64-kb", "blanks", "help"}
    assert tried(stage, "site_certificate", "renewal_site", value) is (name not in cannot)
