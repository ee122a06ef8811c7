# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of ``docs/`` for one task each: every file and command exactly as written, one reader after another.

Only what a reader has to replace is replaced: the folders outside of the test, and thumbprints.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes

from tests.fleet import mail
from tests.fleet.world.registry import Value

from . import pages, witness
from .plain import at, site
from .playbook import ROOT, environment
from .stage import PASSWORD, Stage, staged

OLD, OTHER, ROOT_DISABLED = (
    "1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A",
    "2A96C5BB9E8B1D4F60B3C1A7D2E4F5061728394A",
    "AD98F9F3E47D753B65D482B3A45217BB6EF5E438",
)
RDP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"


def host(address: str, authority: str, names: list[str], **more: Any) -> dict[str, Any]:
    """A server whose certificate ends in ten days."""
    cross = {"old_root": "AuthRoot", "new_root": "AuthRoot", "intermediate": "CA"}
    stores = cross if authority == "public" else {"root": "Root", "intermediate": "CA"}
    return {
        "product": "2022",
        "addresses": [address],
        "stores": [{"certificate": f"{authority}.{role}", "in": [store]} for role, store in stores.items()],
        "certificates": {"old": {"authority": authority, "names": names, "key": "rsa-2048", "days": [-189, 10]}},
        **more,
    }


def fleet() -> dict[str, Any]:
    shop, intranet = ["www.example.com"], ["intra.example.com"]
    by_hand = {"renewal": {"authority": "simple", "names": intranet, "key": "rsa-2048", "mail": "japanese"}}
    wizard = {
        "renewal": {"authority": "rsa", "names": shop, "key": "rsa-2048", "mail": "japanese", "made_by": "wizard"}
    }
    old = host("10.0.1.14", "rsa", shop, requests=wizard, product="2003")
    new = host("10.0.1.21", "public", shop, sites=[site("Shop", {"information": "*:443:"})])
    return {
        "authorities": {
            "public": {"shape": "cross"},
            "simple": {"shape": "plain"},
            "rsa": {"shape": "plain", "key": "rsa-2048"},
        },
        "hosts": {
            "web01": host("10.0.1.11", "public", shop, sites=[site("Shop", at("*:443:"))]),
            "web02": host("10.0.1.12", "simple", intranet, sites=[site("Intranet", at("*:443:"))]),
            "web03": host(
                "10.0.1.13",
                "simple",
                intranet,
                requests=by_hand,
                sites=[site("Intranet", at("*:443:")), site("Renewal", state="stopped")],
            ),
            "old01": {**old, "sites": [site("Shop", at("*:443:")), site("Renewal", state="stopped")]},
            "new01": {**new, "certificates": {}},
        },
    }


@dataclasses.dataclass
class Reader:
    """Somebody with a controller, who follows the pages one after the other."""

    stage: Stage
    replaced: dict[str, str]

    def follow(self, page: str, shown: dict[str, str] | None = None) -> None:
        """Saves every file and types every command; ``shown`` are the thumbprints that the reader has seen."""
        self.replaced |= shown or {}
        for step in pages.steps(ROOT / "docs" / page):
            if isinstance(step, pages.File):
                (self.stage.directory / step.name).write_text(self._own(step.text), encoding="utf-8")
            else:
                output = self._type([self._own(word) for word in step.words])
                assert pages.missing(self._as_shown(step), output) == [], output

    def _own(self, text: str) -> str:
        for written, own in self.replaced.items():
            text = text.replace(written, own)
        return text

    def _as_shown(self, command: pages.Command) -> pages.Command:
        return dataclasses.replace(command, shown=tuple(map(self._own, command.shown)))

    def _type(self, words: list[str]) -> str:
        program, *rest = words
        assert program in ("ansible-playbook", "install"), words
        playbook = [sys.executable, "-m", "ansible.cli.playbook"]
        done = subprocess.run(
            [*(playbook if program == "ansible-playbook" else [program]), *rest],
            cwd=self.stage.directory,
            env=environment(self.stage.directory / "record.jsonl"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert not self.stage.fleet.errors, self.stage.fleet.errors
        return done.stdout


def furnished(stage: Stage) -> None:
    """The reader's inventory.yml: the connection of the README, its groups, and the site of each host."""
    content = yaml.safe_load(stage.inventory.read_text(encoding="utf-8"))
    hosts = content["all"]["hosts"]
    for name, shop in {"web01": "Shop", "web02": "Intranet", "web03": "Intranet"}.items():
        hosts[name]["renewal_production_site"] = shop
    groups = {"web": ["web01", "web02"], "by_hand": ["web03"], "old": ["old01"], "new": ["new01"]}
    content["all"]["children"] = {group: {"hosts": dict.fromkeys(each)} for group, each in groups.items()}
    content["all"]["vars"]["vault_pfx_password"] = PASSWORD
    text = yaml.safe_dump(content, allow_unicode=True)
    (stage.directory / "inventory.yml").write_text(text, encoding="utf-8")


def answered(stage: Stage, name: str, authority: str) -> None:
    """The CA signs what lies in the folder; its mail is saved there."""
    (request,) = (stage.directory / "ca").glob(f"{name}_*.csr")
    issuer = stage.fleet.scenario.authorities[authority]  # type: ignore[attr-defined]
    text = mail.answer(issuer, request.read_bytes(), days=(0, 198))
    (stage.directory / "ca" / "Re: your order.eml").write_text(text, encoding="utf-8", newline="")


def served(stage: Stage, name: str, address: str) -> witness.ServedChain:
    return witness.served_chain(stage.fleet.socket_address(name, address, 443))


def test_all_pages_one_after_the_other(tmp_path: Path) -> None:
    with staged(fleet(), tmp_path) as stage:
        furnished(stage)
        folders = {"/srv/backup/tls": str(stage.backups), "/srv/ca": str(tmp_path / "ca")}
        reader = Reader(stage, folders)
        old = stage.thumbprint("web01", "old")
        stage.host("web01").registry.set(RDP, "SSLCertificateSHA1Hash", Value("Binary", bytes.fromhex(old)))

        reader.follow("certificate-ends-soon.md")
        answered(stage, "web01", "public")
        by_hand = stage.text("web03", "renewal")
        (tmp_path / "ca" / "web03.eml").write_text(by_hand, encoding="utf-8", newline="")
        reader.follow("the-mail-is-here.md")
        renewed = witness.thumbprint(served(stage, "web01", "10.0.1.11").leaf)
        assert renewed != old
        assert witness.thumbprint(served(stage, "web03", "10.0.1.13").leaf) == stage.thumbprint("web03", "renewal")

        (tmp_path / "ca" / "old01.eml").write_text(stage.text("old01", "renewal"), encoding="utf-8", newline="")
        reader.follow("server2003.md")
        assert witness.thumbprint(served(stage, "old01", "10.0.1.14").leaf) == stage.thumbprint("old01", "renewal")

        reader.follow("who-uses-the-old-certificate.md", {OLD: old})
        reader.follow("replace-the-server.md", {OLD: renewed})
        assert served(stage, "new01", "10.0.1.21") == served(stage, "web01", "10.0.1.11")

        root = stage.fleet.scenario.authorities["public"].certificates["new_root"]  # type: ignore[attr-defined]
        disabled = root.certificate.fingerprint(hashes.SHA1()).hex().upper()
        reader.follow("put-back-the-last-run.md", {OLD: old, OTHER: renewed, ROOT_DISABLED: disabled})
        assert witness.thumbprint(served(stage, "web01", "10.0.1.11").leaf) == old


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_every_page_with_commands_is_followed(page: str) -> None:
    if pages.steps(ROOT / "docs" / page):
        assert f'reader.follow("{page}"' in Path(__file__).read_text(encoding="utf-8")
