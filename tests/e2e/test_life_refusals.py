# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the whole way of a certificate refuses, in words, and how it goes on after a failure."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from .life import COMMON, FLEET, PASSPHRASE, answered, commands, done, including, looked, manual, own_ca, states
from .stage import Stage, staged

SITE = {"renewal_production_site": "Production"}
CA = {"renewal_sign": "own_ca", "renewal_ca_certificate_path": "/ca.pem", "renewal_ca_key_path": "/ca.key"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an answer too": ({**COMMON, "renewal_answer_path": "/answer"}, "takes the place of renewal_answer"),
    "a thumbprint too": ({**COMMON, "renewal_thumbprint": "00"}, "takes the place of renewal_answer"),
    "no site": ({"renewal_sign": "manual"}, "either renewal_production_site or renewal_replaces"),
    "two targets": ({**COMMON, "renewal_replaces": "00"}, "either renewal_production_site or renewal_replaces"),
    "a binding": ({**COMMON, "renewal_binding": "*:443:"}, "either renewal_production_site or renewal_replaces"),
    "patterns": ({**COMMON, "renewal_production_sites": ["*"]}, "either renewal_production_site or renewal_replaces"),
    "renewals": ({**COMMON, "renewal_renewals": [{}]}, "Include the role once for each certificate"),
    "a relative tasks file": ({**SITE, "renewal_sign": "sign.yml"}, "must be manual, own_ca, or the absolute path"),
    "no tasks file": ({**SITE, "renewal_sign": "/no/sign.yml"}, "must be manual, own_ca, or the absolute path"),
    "no folder": ({**COMMON, "renewal_folder": ""}, "needs renewal_folder"),
    "a relative folder": (
        {**COMMON, "renewal_folder": "tests"},
        "renewal_folder is tests: it must be an absolute path",
    ),
    "a missing folder": ({**COMMON, "renewal_folder": "/no/such/folder"}, "there is no such folder on the controller"),
    "a misspelled variable": (
        {**COMMON, "renewal_confliting_roots": "reported"},
        "no variable renewal_confliting_roots",
    ),
    "no CA": ({**SITE, "renewal_sign": "own_ca"}, "needs renewal_ca_certificate_path and renewal_ca_key_path"),
    "few days": ({**SITE, **CA, "renewal_ca_days": 30}, "must be more than renewal_before"),
}


def test_what_cannot_be_is_refused_before_the_host_is_asked(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        manual(stage)
        stage.set_variables({"web01": {}}, renewal_sign="", renewal_production_site="")
        run = stage.run(including(stage, "refused.json", *((name, given) for name, (given, _words) in REFUSED.items())))
        said = {name: run.of("web01", f"Refused {name}")["msg"] for name in REFUSED}
        assert not {name: said[name] for name, (_given, words) in REFUSED.items() if words not in said[name]}
        assert commands(stage)["web01"] == 0


def short_lived(stage: Stage) -> None:
    """The own CA's certificate with 20 days left."""
    issuer = stage.fleet.scenario.authorities["simple"].certificates["intermediate"]  # type: ignore[attr-defined]
    old = issuer.certificate
    above = stage.fleet.scenario.authorities["simple"].certificates["root"]  # type: ignore[attr-defined]
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
    builder = builder.public_key(old.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc)
    builder = builder.not_valid_after(old.not_valid_before_utc + timedelta(days=1020))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(above.key, hashes.SHA256())
    (stage.directory / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))


def test_a_ca_that_cannot_sign_fails_its_hosts_and_the_request_waits_for_the_next_run(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = own_ca(stage)
        stage.set_variables({"web01": {}, "early": {}}, renewal_ca_key_passphrase="wrong")
        run, _taken = done(stage, play)
        assert "passphrase is wrong" in run.of("web01", "sign the request")["msg"]
        assert run.of("early", "Afterwards")["renewal_state"] == "not_due"
        stage.set_variables({"web01": {}}, renewal_ca_key_passphrase=PASSPHRASE, renewal_ca_names=["shop.example.com"])
        run, taken = done(stage, play)
        assert "asks for www.example.com" in run.of("web01", "sign the request")["msg"]
        assert taken["web01"] == 1, "the request of the run before is taken up"
        stage.set_variables({"web01": {}}, renewal_ca_names=["shop.example.com", "WWW.example.com"])
        good = (stage.directory / "ca.pem").read_bytes()
        short_lived(stage)
        run, _taken = done(stage, play)
        assert "valid for 20 days only" in run.of("web01", "take the answer")["msg"]
        (stage.directory / "ca.pem").write_bytes(good)
        assert states(looked(stage, play)) == {"web01": "would_sign"}
        run, taken = done(stage, play)
        assert states(run) == {"web01": "renewed"}
        assert taken["web01"] == 3


def test_a_damaged_answer_is_warned_about_and_the_host_waits_on(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = manual(stage)
        stage.set_variables({"web01": {}})
        done(stage, play)
        answered(stage, "web01", "cut.eml")
        whole = (tmp_path / "ca" / "cut.eml").read_text()
        (tmp_path / "ca" / "cut.eml").write_text(whole[: whole.index("-----END")])
        run, _taken = done(stage, play)
        assert states(run) == {"web01": "waiting"}
        assert "This may be an answer of the CA" in run.output.replace("\n", " ")
        named = os.fsdecode(
            b"{{ no.template }} \x83\x81\x81[\x83\x8b 'x'.eml"
        )  # Shift_JIS: not UTF-8, as files' names are
        (tmp_path / "ca" / named).write_text(whole)
        run, _taken = done(stage, play)
        assert states(run) == {"web01": "renewed"}
        assert "This may be" not in run.output
