# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 1: the CA's answer in each form becomes a certificate with its key, and nothing else is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from . import witness
from .plain import OLD
from .stage import Case, Stage, staged

NAMES = ["www.example.com", "example.com"]


def host(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A host of the cross-root hierarchy that knows its roots only; the chain has to come with the mail."""
    return {
        "product": "2022",
        "stores": [{"certificate": "public.old_root", "in": ["AuthRoot"]}],
        "certificates": {"old": {"authority": "public", "names": NAMES, "key": "rsa-2048"}},
        "requests": {"renewal": {"authority": "public", "names": NAMES, **request}},
        **more,
    }


def renewal_site(*bindings: dict[str, Any]) -> list[dict[str, Any]]:
    production = {"information": "*:443:", "certificate": "old"}
    return [{"name": "Production", "bindings": [production]}, {"name": "Renewal", "bindings": list(bindings)}]


def scenario() -> dict[str, Any]:
    own = {"information": "10.0.1.9:443:"}
    hosts = {
        "pem": host({"key": "rsa-2048", "provider": "capi"}),
        "leaf-last": host({"mail": "pem-leaf-last"}, product="2016"),
        "pkcs7": host({"mail": "pkcs7", "mail_root": True}, product="2019"),
        "japanese": host({"mail": "japanese", "mail_root": True}, product="2012r2", language="ja-JP"),
        "reissue": host({"key_of": "old"}),
        "web-hosting": host({}, product="2012"),
        "2008r2": host({"key": "rsa-2048", "provider": "cng"}, product="2008r2"),
        "free-port": host({}, sites=renewal_site()),
        "own-address": host({}, sites=renewal_site(own), addresses=["10.0.1.9"]),
        "iis6": iis6({"mail": "japanese"}, language="ja-JP"),
        "iis6-new-port": iis6({"mail": "pkcs7", "mail_root": True}, sites=renewal_site()),
        "iis6-own-address": iis6({}, sites=renewal_site(own), addresses=["10.0.1.9"]),
    }
    return {"authorities": AUTHORITIES, "hosts": hosts}


AUTHORITIES: dict[str, Any] = {"public": {"shape": "cross"}, "rsa": {"shape": "cross", "key": "rsa-2048"}}


def iis6(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The same on Server 2003, which knows RSA only."""
    made = host({"authority": "rsa", "key": "rsa-2048", "provider": "capi", **request}, product=OLD, **more)
    made["stores"] = [{"certificate": "rsa.old_root", "in": ["AuthRoot"]}]
    return {**made, "certificates": {"old": {**made["certificates"]["old"], "authority": "rsa"}}}


def binding(name: str) -> dict[str, Any]:
    if name == "web-hosting":
        return {"certificate_install_store": "WebHosting"}
    more = {"free-port": {"port": 8443}, "new-port": {"port": 8443}, "own-address": {"for_sites": ["Production"]}}
    wanted = more.get(name.removeprefix("iis6-"))
    if wanted is None:
        return {}
    wanted = {"renewal_site": "Renewal", "bind": True, **wanted}
    return {f"certificate_install_{option}": value for option, value in wanted.items()}


def test_every_form_of_mail_is_installed_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(), tmp_path) as stage:
        hosts = list(stage.fleet.hosts)
        own = {name: {"certificate_install_answer_path": stage.answer(name), **binding(name)} for name in hosts}
        files = {name: list(stage.host(name).files.dump()) for name in ("pem", "japanese")}
        stage.set_variables(own)
        beats = stage.beats(stage.role("certificate_install"), hosts, looking=["2008r2"])
        for name in hosts:
            result = beats.done.of(name)
            bound = name in ("iis6-new-port", "iis6-own-address")  # a site that is started: it is started anew
            assert beats.commands[name] == (3 if bound else 2), name
            assert result["thumbprint"] == stage.thumbprint(name, "renewal"), name
            assert result["matched"] == ("reissue" if name == "reissue" else "pending request"), name
            proven = "unproven" if name == "2008r2" else "proven"  # PowerShell 2.0 does not reach a CNG key
            assert result["proofs"]["private_key"]["outcome"] == proven, name
            assert [each["added"] for each in result["intermediates"]] == [True, True], name
            installed(stage, name)
        assert {name: list(stage.host(name).files.dump()) for name in files} == files
        served(stage)


def installed(stage: Stage, name: str) -> None:
    """The leaf with its key in MY beside the old one, the chain in CA, no request, no new root, no file."""
    world, leaf = stage.host(name), stage.thumbprint(name, "renewal")
    entry = world.stores.find("WebHosting" if name == "web-hosting" else "MY", leaf)
    assert world.keys.find(entry.link), name
    assert world.stores.find("MY", stage.thumbprint(name, "old")), name
    assert len(world.store("CA")) == 2, name
    assert world.store("REQUEST") == [], name
    assert (len(world.store("ROOT")), len(world.store("AuthRoot"))) == (0, 1), f"{name}: a root came with the mail"
    assert not [path for path, _other in world.files.dump() if "\\temp\\" in path.lower()], name


def served(stage: Stage) -> None:
    """What openssl sees of the renewal sites that were bound, and that production kept its own."""
    new, own = ("127.0.0.1", 8443), ("10.0.1.9", 443)
    places = {"free-port": new, "own-address": own, "iis6-new-port": new, "iis6-own-address": own}
    for name, (address, port) in places.items():
        chain = witness.served_chain(stage.fleet.socket_address(name, address, port))
        assert witness.thumbprint(chain.leaf) == stage.thumbprint(name, "renewal"), name
        assert len(chain.names) == 3, name
        old = witness.served_chain(stage.fleet.socket_address(name, "127.0.0.1", 443))
        assert witness.thumbprint(old.leaf) == stage.thumbprint(name, "old"), name


def unfit() -> dict[str, Any]:
    """A host with a request for each thing that can be wrong with an answer; nothing of it may be installed."""
    requests = {
        "expired": {"days": [-400, -3]},
        "future": {"days": [3, 400]},
        "weak": {"key": "rsa-1024"},
        "other": {"names": ["other.example.net"]},
        "unknown": {"authority": "unknown"},
    }
    requests = {name: {"authority": "public", "names": NAMES, **each} for name, each in requests.items()}
    named = {"information": "*:443:www.example.com", "ssl_flags": 1, "certificate": "old"}
    sites = [*renewal_site(), {"name": "Named", "bindings": [named]}]
    sites.append({"name": "Shared", "bindings": [{"information": "*:443:"}]})
    hosts = {"web": host({}, sites=sites), "foreign": host({})}
    hosts["web"]["requests"] |= requests
    hosts["iis6"] = iis6({}, sites=renewal_site())
    return {"authorities": {**AUTHORITIES, "unknown": {"shape": "plain"}}, "hosts": hosts}


def test_an_answer_that_does_not_fit_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with staged(unfit(), tmp_path) as stage:

        def case(request: str, of: str = "web", **more: Any) -> Case:
            return Case("web", "certificate_install", {"answer": stage.text(of, request), **more})

        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        results = stage.refused(
            {
                **on_iis6(stage),
                "another host's": (case("renewal", "foreign"), "belongs to a private key of this host"),
                "expired": (case("expired"), "expired on"),
                "future": (case("future"), "is valid only from"),
                "weak": (case("weak"), "1024 bits"),
                "other names": (case("other", for_sites=["Named"]), "does not cover www.example.com"),
                "no chain": (case("unknown"), "no trusted chain"),
                "shared record": (case("renewal", renewal_site="Shared", bind=True), "also serves 'Production'"),
                "in the way": (case("renewal", renewal_site="Renewal", bind=True), "also serves 'Production'"),
                "no such site": (case("renewal", renewal_site="Reneval", bind=True), "there is no web site 'Reneval'"),
                "bind what": (case("renewal", bind=True), "renewal_site"),
                "port": (case("renewal", port=0), "between 1 and 65535"),
                "nothing": (Case("web", "certificate_install", {}), "answer"),
                "no file": (Case("web", "certificate_install", {"answer_path": "/nowhere/x"}), "there is no file"),
                "no certificate": (Case("web", "certificate_install", {"answer": "Dear customer,"}), "certificate"),
                "a key": (Case("web", "certificate_install", {"answer": key.decode()}), "private key"),
            }
        )
        assert "Pending requests" in results["another host's"]["msg"]
        assert key.decode().splitlines()[1] not in str(results["a key"]["msg"])


def on_iis6(stage: Stage) -> dict[str, tuple[Case, str]]:
    def case(of: str = "iis6", **more: Any) -> Case:
        return Case("iis6", "certificate_install", {"answer": stage.text(of, "renewal"), **more})

    return {
        "iis6 another host's": (case("foreign"), "belongs to a private key of this host"),
        "iis6 in the way": (case(renewal_site="Renewal", bind=True), "'Production'"),
        "iis6 no such site": (case(renewal_site="Reneval", bind=True), "there is no web site 'Reneval'"),
        "iis6 store": (case(store="WebHosting"), "came with Windows Server 2012"),
    }
