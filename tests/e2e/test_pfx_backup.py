# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 3: key and whole chain leave the server as a PFX that openssl opens, and no other backup is touched."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import witness
from .plain import OLD, PRODUCTION, scenario
from .plain import host as plain_host
from .stage import PASSWORD, Case, Stage, staged

AES, DES = "MAC sha256; PBES2, PBKDF2, AES-256-CBC", "MAC sha1; pbeWithSHA1And3-KeyTripleDES-CBC"
ENCRYPTION = {"modern": AES, "windows2016": DES, "windows2003": DES}
COMPATIBILITY = {**{name: name for name in ENCRYPTION}, "iis6": "windows2003", "iis6-modern": "modern"}


def host(product: str, key: str = "rsa-2048", **more: Any) -> dict[str, Any]:
    made = plain_host(PRODUCTION, product=product)
    made["certificates"] = {"old": {**made["certificates"]["old"], "key": key, **more}}
    return made


def wanted(stage: Stage, name: str, **more: Any) -> dict[str, Any]:
    """A backup to two places: a folder, and a file on the second medium."""
    places = [str(stage.backups), str(stage.directory / "second" / f"{name}.pfx")]
    return {"password": PASSWORD, "destinations": places, "site": "Production", **more}


def secret_files(stage: Stage) -> tuple[Path, Path]:
    """The files that hold the PFX password and the vault password."""
    (stage.directory / "second").mkdir(mode=0o700)
    files = stage.directory / "password", stage.directory / "vault_password"
    for file, text in zip(files, (PASSWORD, "vault secret"), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def paths(stage: Stage, name: str) -> tuple[Path, Path]:
    file = f"{name}_{stage.thumbprint(name, 'old')}.pfx"
    return stage.backups / file, stage.directory / "second" / f"{name}.pfx"


def test_backups_in_four_beats_and_what_openssl_and_ansible_vault_say(tmp_path: Path) -> None:
    hosts = {
        "modern": host("2022"),
        "windows2016": host("2016", provider="cng"),
        "windows2003": host("2012r2"),
        "iis6": host(OLD),
        "iis6-modern": host(OLD),
        "vault": host("2019", "ecdsa-p384"),
    }
    with staged(scenario(**hosts), tmp_path) as stage:
        password, vault = secret_files(stage)
        own = {name: wanted(stage, name, compatibility=form) for name, form in COMPATIBILITY.items()}
        own["vault"] = wanted(stage, "vault", vault=True, thumbprint=stage.thumbprint("vault", "old"))
        del own["vault"]["site"]
        stage.set_variables(
            {name: {f"pfx_backup_{option}": value for option, value in each.items()} for name, each in own.items()}
        )
        beats = stage.beats(stage.role("pfx_backup"), list(hosts), f"--vault-password-file={vault}")
        assert all(beats.commands[name] == 2 for name in hosts)
        assert not any(stage.host(name).write_log for name in hosts)
        assert len(list(stage.backups.iterdir())) == len(hosts)
        for name, form in COMPATIBILITY.items():
            for path in paths(stage, name):
                opens(path, password, ENCRYPTION[form])
        for path in paths(stage, "vault"):
            assert path.read_text().startswith("$ANSIBLE_VAULT;1.1;AES256")
            plain = path.with_suffix(".plain")
            decrypt = ["decrypt", f"--vault-password-file={vault}", f"--output={plain}", str(path)]
            command = [sys.executable, "-m", "ansible.cli.vault", *decrypt]
            subprocess.run(command, check=True, capture_output=True, timeout=60, env=os.environ | {"LC_ALL": "C.UTF-8"})
            opens(plain, password, AES)


def opens(path: Path, password: Path, encryption: str) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert len(witness.backup(path, password)) == 3, "leaf, intermediate and root"
    assert witness.key_belongs(path, password), path
    assert witness.encryption(path, password).startswith(encryption), witness.encryption(path, password)


def test_only_what_is_missing_is_written_and_nothing_is_overwritten(tmp_path: Path) -> None:
    with staged(scenario(one=host("2022"), other=host("2022")), tmp_path) as stage:
        secret_files(stage)

        def case(name: str, **more: Any) -> Case:
            return Case(name, "pfx_backup", wanted(stage, name, **more))

        stage.cases({"one": case("one"), "other": case("other")})
        first, second = paths(stage, "one")
        kept, taken = first.read_bytes(), paths(stage, "other")[1]
        others = taken.read_bytes()
        second.unlink()
        again = stage.cases({"again": case("one")})["again"]
        assert [each["created"] for each in again["files"]] == [False, True]
        assert first.read_bytes() == kept != second.read_bytes()
        second.write_bytes(b"notes of somebody")
        places = [str(taken)], [str(second)], [str(first)]
        stage.refused(
            {
                "another key's": (case("one", destinations=places[0]), "with another key"),
                "no PFX": (case("one", destinations=places[1]), "this is no PFX file"),
                "other password": (case("one", destinations=places[2], password="other"), "the password is wrong"),
            }
        )
        assert (first.read_bytes(), taken.read_bytes(), second.read_bytes()) == (kept, others, b"notes of somebody")


def unsafe_places(stage: Stage) -> dict[str, str]:
    """Folders, and what is said of them."""
    words = {
        "open": "is writable for everybody",
        "git": "lies in the git work tree",
        "link.pfx": "is a symbolic link",
        "missing/file.pfx": "there is no folder",
    }
    (stage.directory / "open").mkdir()
    (stage.directory / "open").chmod(0o777)
    (stage.directory / "git" / "below").mkdir(parents=True, mode=0o700)
    (stage.directory / "git" / ".git").mkdir()
    (stage.directory / "link.pfx").symlink_to(stage.backups / "target.pfx")
    return words


def test_what_cannot_be_backed_up_safely_is_refused_before_anything_is_exported(tmp_path: Path) -> None:
    hosts = {"good": host("2022"), "kept": host("2022", exportable=False), "gone": host("2022", usable=False)}
    hosts |= {"kept-iis6": host(OLD, exportable=False)}
    with staged(scenario(**hosts), tmp_path) as stage:
        words = unsafe_places(stage)

        def case(name: str, *places: str, **more: Any) -> Case:
            folders = [str(stage.directory / place) for place in places] or [str(stage.backups)]
            return Case(name, "pfx_backup", wanted(stage, name, destinations=folders, **more))

        cases = {place: (case("good", "backups", place), text) for place, text in words.items()}
        cases |= {
            "git below": (case("good", "git/below"), "lies in the git work tree"),
            "not exportable": (case("kept"), "marked as not exportable"),
            "not exportable on 2003": (case("kept-iis6"), "marked as not exportable"),
            "key missing": (case("gone"), "private key"),
            "no password": (case("good", password=""), "password is empty"),
            "nowhere": (Case("good", "pfx_backup", wanted(stage, "good", destinations=[])), "destinations is empty"),
            "no vault secret": (case("good", vault=True), "no vault secret"),
            "no such site": (case("good", site="Produktion"), "there is no site 'Produktion'"),
        }
        results = stage.refused(cases)
        assert "Exportable = TRUE" in results["not exportable"]["hint"]
        assert PASSWORD not in str(results)
        stage.refused({"dry": (case("kept"), "marked as not exportable")}, "--check")
        assert [path for path in stage.directory.rglob("*.pfx") if path.is_file()] == []
        allowed = stage.cases({"allowed": case("good", "open", allow_unsafe_destination=True)})["allowed"]
        assert allowed["changed"]
        assert [path.stat().st_mode & 0o777 for path in (stage.directory / "open").iterdir()] == [0o600]
