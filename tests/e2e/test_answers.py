# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a CA sends, as a user saves it: zip archives, Japanese mails, files in DER; and the line of a damaged one."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

from .plain import OLD
from .stage import Case, Stage, staged

HEAD = "MIME-Version: 1.0\n"
NAMES = ["www.example.com"]
HOSTS = ("zip", "zip-in-a-mail", "japanese", "quoted-printable", "der-in-a-zip", "japanese-iis6", "der-in-a-zip-iis6")


def scenario() -> dict[str, Any]:
    host = {
        "product": "2022",
        "stores": [{"certificate": "public.root", "in": ["Root"]}],
        "requests": {"renewal": {"authority": "public", "names": NAMES, "key": "rsa-2048"}},
    }
    hosts = {name: {**host, "product": OLD if name.endswith("iis6") else "2022"} for name in HOSTS}
    return {"authorities": {"public": {"shape": "plain", "key": "rsa-2048"}}, "hosts": hosts}


def block(data: bytes) -> str:
    rows = base64.encodebytes(data).decode()
    return f"-----BEGIN CERTIFICATE-----\n{rows}-----END CERTIFICATE-----\n"


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return packed.getvalue()


def part(kind: str, encoding: str, body: str) -> str:
    return f"Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n{body}"


def forms(leaf: bytes, issuer: bytes) -> dict[str, bytes]:
    """The same two certificates in every shape, by host."""
    both = block(leaf) + block(issuer)
    archive = zipped(order__www_crt=block(leaf).encode(), order__ca_pem=block(issuer).encode(), MACOSX_junk=b"\0")
    attached = part('application/zip; name="www.zip"', "base64", base64.encodebytes(archive).decode())
    words = "サーバ証明書を発行いたしました。\n■サーバID\n"
    quoted = both.replace("=", "=3D").replace("\n", "=\n=0A")
    return {
        "zip": archive,
        "zip-in-a-mail": f"{HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n{attached}\n--b--\n".encode(),
        "japanese": HEAD.encode()
        + part("text/plain; charset=iso-2022-jp", "7bit", words + both.replace("-", "\u2212")).encode("iso2022_jp"),
        "quoted-printable": f"{HEAD}{part('text/plain', 'quoted-printable', quoted)}".encode(),
        "der-in-a-zip": zipped(www_cer=leaf, ca_der=issuer),
    }


def saved(stage: Stage, host: str) -> str:
    """The answer for a host, written as a file."""
    answer = stage.fleet.scenario.answers[host]["renewal"]  # type: ignore[attr-defined]
    path = stage.directory / f"{host}.answer"
    path.write_bytes(forms(answer.leaf, answer.chain[0])[host.removesuffix("-iis6")])
    return str(path)


def test_every_shape_of_an_answer_is_installed(tmp_path: Path) -> None:
    with staged(scenario(), tmp_path) as stage:
        own = {host: {"certificate_install_answer_path": saved(stage, host)} for host in HOSTS}
        stage.set_variables(own)
        beats = stage.beats(stage.role("certificate_install"), list(HOSTS))
        for host in HOSTS:
            done = beats.done.of(host)
            assert done["thumbprint"] == stage.thumbprint(host, "renewal"), host
            assert [each["added"] for each in done["intermediates"]] == [True], host


def test_what_is_damaged_is_refused_with_its_line(tmp_path: Path) -> None:
    with staged(scenario(), tmp_path) as stage:
        whole = Path(saved(stage, "quoted-printable")).read_text(encoding="ascii").splitlines(keepends=True)
        whole[9] = whole[9][:20] + "###" + whole[9][23:]
        damaged, locked, large = (stage.directory / name for name in ("damaged.eml", "locked.zip", "large.zip"))
        damaged.write_text("".join(whole), encoding="ascii")
        archive = bytearray(Path(saved(stage, "der-in-a-zip")).read_bytes())
        for start in (at for at in range(len(archive)) if archive[at : at + 4] in (b"PK\x03\x04", b"PK\x01\x02")):
            archive[start + (6 if archive[start + 2] == 3 else 8)] |= 1  # the bit of encryption
        locked.write_bytes(archive)
        large.write_bytes(zipped(www_crt=bytes(900_000)))

        def case(path: Path) -> Case:
            return Case("zip", "certificate_install", {"answer_path": str(path)})

        refused = stage.refused(
            {
                "damaged": (case(damaged), "is damaged in line 10: that is not base64"),
                "locked": (case(locked), "file 'www.cer' locked with a password"),
                "large": (case(large), "'www.crt' grows to more than 100 times its size"),
            }
        )
        assert "with the CA's password" in refused["locked"]["hint"]
