# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roots that conflict with a cross certificate: the real ones at the time when these were valid and later, and
look-alikes of Sectigo's and Google's, whose chains are served.

Nobody can sign below a real root: there a real intermediate takes the server certificate's place, on a stopped site.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import witness
from .plain import ANY, FIRST, OLD, records
from .stage import ROOT, Case, Stage, staged

CERTS = ROOT / "tests/data/windows/certs"
G5, G5_CROSS = "verisign_g5_root_selfsigned", "verisign_g5_cross_by_g1_250ce8e0"
X1, X1_CROSS = "isrg_root_x1", "isrg_root_x1_cross_by_dst_x3"
REPORTED = {"conflicting": True, "state": "reported"}
DISABLED = {"conflicting": True, "state": "disabled"}


def real(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((CERTS / f"{name}.pem").read_bytes())


def thumbprint(name: str) -> str:
    return real(name).fingerprint(hashes.SHA1()).hex().upper()


def site(state: str) -> dict[str, Any]:
    return {"name": "Production", "state": state, "bindings": [{"information": "*:443:", "certificate": "www"}]}


def real_host(at: date, root: str, cross: str, above: str, below: str, product: str = "2016") -> dict[str, Any]:
    """A host whose clock says ``at``, with the root in two stores and the cross certificate in CA."""
    stores = [(above, ["Root"]), (root, ["Root", "AuthRoot"]), (cross, ["CA"]), (below, ["CA"])]
    return {
        "product": product,
        "clock_offset_days": (at - datetime.now(UTC).date()).days,
        "stores": [{"pem": f"{name}.pem", "in": places} for name, places in stores],
        "certificates": {"www": {"pem": f"{below}.pem"}},
        "sites": [site("stopped")],
    }


def g5(at: date, product: str = "2016") -> dict[str, Any]:
    names = "verisign_class3_g1_root_sha1", "symantec_class3_secure_server_ca_g4"
    return real_host(at, G5, G5_CROSS, *names, product)


def isrg_x1(at: date) -> dict[str, Any]:
    return real_host(at, X1, X1_CROSS, "dst_root_ca_x3", "lets_encrypt_r3_by_x1")


def isrg_x2(at: date, cross: str) -> dict[str, Any]:
    return real_host(at, "isrg_root_x2", cross, X1, "isrg_root_ye_cross_by_x2")


def scenario() -> dict[str, Any]:
    newer, older = "isrg_root_x2_cross_by_x1_2032", "isrg_root_x2_cross_by_x1_2025"
    return {
        "hosts": {
            "g5-2015": g5(date(2015, 6, 1)),
            "g5-2015-iis6": g5(date(2015, 6, 1), OLD),
            "g5-2021": g5(date(2021, 11, 9)),
            "g5-2021-iis6": g5(date(2021, 11, 9), OLD),
            "x1-2021": isrg_x1(date(2021, 6, 1)),
            "x1-2022": isrg_x1(date(2022, 6, 1)),
            "x1-2024": isrg_x1(date(2024, 10, 2)),
            "x2-2026": isrg_x2(date(2026, 11, 22), newer),
            "x2-2026-old-cross": isrg_x2(date(2026, 11, 22), older),
            "x1-alone": isrg_x1(date(2021, 6, 1)) | {"stores": [{"pem": f"{X1}.pem", "in": ["Root", "AuthRoot"]}]},
        }
    }


def case(host: str, **arguments: Any) -> Case:
    return Case(host, "trusted_root", arguments)


def test_the_real_roots_go_while_their_cross_certificates_are_valid(tmp_path: Path) -> None:
    hosts = {
        "g5-2015": (G5, G5_CROSS),
        "g5-2015-iis6": (G5, G5_CROSS),
        "x1-2021": (X1, X1_CROSS),
        "x2-2026": ("isrg_root_x2", "isrg_root_x2_cross_by_x1_2032"),
    }
    with staged(scenario(), tmp_path) as stage:
        before = {host: records(stage, host) for host in hosts}
        stage.set_variables({host: {} for host in hosts}, trusted_root_conflicting=True, trusted_root_state="disabled")
        beats = stage.beats(stage.role("trusted_root"), list(hosts))
        for host, (root, cross) in hosts.items():
            done = beats.done.of(host)
            assert [each["thumbprint"] for each in done["roots"]] == [thumbprint(root)]
            assert {each["after"] for each in done["roots"][0]["copies"]} == {"disabled"}
            (conflict,) = done["conflicts"]
            assert conflict["cross_certificate"] == thumbprint(cross)
            assert not conflict["expired"]
            assert done["rebound"] == [FIRST if host.endswith("iis6") else ANY]
            assert records(stage, host) == before[host]
            assert thumbprint(cross) in sent(stage, host)


def sent(stage: Stage, host: str) -> list[str]:
    """What a listener would send from now on, by thumbprint: no handshake can be had without the key."""
    world = stage.host(host)
    leaf = next(each.der for each in world.stores.logical("MY"))
    chain = world.schannel.chain(leaf, world.clock.now())
    return [x509.load_der_x509_certificate(each).fingerprint(hashes.SHA1()).hex().upper() for each in chain]


def test_the_real_roots_stay_where_the_cross_certificate_is_no_way_round(tmp_path: Path) -> None:
    with staged(scenario(), tmp_path) as stage:
        refused = stage.refused(
            {
                "g5 today": (case("g5-2021", **DISABLED), "expired on 2021-11-07"),
                "g5 today on 2003": (case("g5-2021-iis6", **DISABLED), "expired on 2021-11-07"),
                "x1 today": (case("x1-2024", **DISABLED), "expired on 2024-09-30"),
                "x1 when its issuer had expired": (case("x1-2022", **DISABLED), "DST Root CA X3"),
                "x2 with the old cross certificate": (case("x2-2026-old-cross", **DISABLED), "expired on 2025-09-15"),
                "g5 distrusted": (case("g5-2021", conflicting=True, state="distrusted"), "must not be distrusted"),
            }
        )
        assert thumbprint(G5_CROSS) in refused["g5 today"]["msg"]
        assert "force: true" in refused["g5 today"]["hint"]
        found = stage.cases(
            {
                "g5": case("g5-2021", **REPORTED),
                "x1": case("x1-2022", **REPORTED),
                "x1 alone": case("x1-alone", **REPORTED),
            }
        )
        assert [each["expired"] for each in found["g5"]["conflicts"]] == [True]
        assert [each["expired"] for each in found["x1"]["conflicts"]] == [False], "its issuer has expired, not itself"
        assert "https://knowledge.digicert.com/" in str(found["g5"]["findings"])
        assert found["x1 alone"]["conflicts"] == []
        assert "no cross certificate of that root" in str(found["x1 alone"]["findings"])
        assert all(stage.host(host).write_log == [] for host in ("g5-2021", "x1-2022", "x1-2024", "x1-alone"))


LOOK_ALIKES = {
    "sectigo-r46": ("sectigo_server_auth_root_r46", "usertrust_rsa", "rsa-2048"),
    "sectigo-e46": ("sectigo_server_auth_root_e46", "usertrust_ecc", "ecdsa-p384"),
    "gts-r1": ("gts_root_r1", "globalsign_r1", "rsa-2048"),
}


def look_alike(root: str, above: str, key: str, **more: Any) -> dict[str, Any]:
    """A CA with the names and the kinds of key of real roots, and keys of its own."""
    subjects = {role: real(name).subject.rfc4514_string() for role, name in (("new_root", root), ("old_root", above))}
    return {"name": f"Like {root}", "shape": "cross", "key": key, "subjects": subjects, **more}


def serving(authority: str) -> dict[str, Any]:
    places = {"old_root": ["AuthRoot"], "new_root": ["Root", "AuthRoot"], "intermediate": ["CA"], "cross": ["CA"]}
    return {
        "product": "2019",
        "stores": [{"certificate": f"{authority}.{role}", "in": where} for role, where in places.items()],
        "certificates": {"www": {"authority": authority, "names": ["www.example.com"]}},
        "sites": [site("started")],
    }


def look_alikes() -> dict[str, Any]:
    authorities = {name: look_alike(*shape) for name, shape in LOOK_ALIKES.items()}
    expired = {"validity": {"cross": [-1500, -1]}}
    authorities |= {f"{name}-late": look_alike(*shape, **expired) for name, shape in LOOK_ALIKES.items()}
    hosts = {name: serving(name) for name in authorities}
    www = {**hosts["gts-r1"]["certificates"]["www"], "key": "rsa-2048"}
    hosts["gts-r1-iis6"] = {**hosts["gts-r1"], "product": OLD, "certificates": {"www": www}}
    return {"authorities": authorities, "hosts": hosts}


def served(stage: Stage, host: str) -> list[str]:
    return witness.served_chain(stage.fleet.socket_address(host, "127.0.0.1", 443)).names


def test_look_alikes_of_sectigo_and_google_serve_the_longer_chain(tmp_path: Path) -> None:
    with staged(look_alikes(), tmp_path) as stage:
        hosts = [*LOOK_ALIKES, "gts-r1-iis6"]
        assert {len(served(stage, host)) for host in hosts} == {2}
        stage.set_variables({host: {} for host in hosts}, trusted_root_conflicting=True, trusted_root_state="disabled")
        beats = stage.beats(stage.role("trusted_root"), hosts)
        for host in hosts:
            done = beats.done.of(host)
            (root,) = done["roots"]
            assert root["name"] == "", "its name is one of the catalogue, its key is not"
            assert root["subject"] == real(LOOK_ALIKES[host.removesuffix("-iis6")][0]).subject.rfc4514_string()
            assert [proof["outcome"] for proof in done["proofs"].values()] == ["proven"]
            assert len(served(stage, host)) == 3


def test_look_alikes_whose_cross_certificate_has_expired_are_left_alone(tmp_path: Path) -> None:
    with staged(look_alikes(), tmp_path) as stage:
        hosts = [f"{name}-late" for name in LOOK_ALIKES]
        stage.refused({host: (case(host, **DISABLED), "expired on") for host in hosts})
        found = stage.cases({host: case(host, **REPORTED) for host in hosts})
        for host in hosts:
            assert [each["expired"] for each in found[host]["conflicts"]] == [True]
            assert len(served(stage, host)) == 2
