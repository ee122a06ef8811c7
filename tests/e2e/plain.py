# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of a plain hierarchy: last year's certificate in use, this year's beside it; and what tests ask of them."""

from __future__ import annotations

from typing import Any

from .stage import Case, Stage

NAMES = ["www.example.com", "shop.example.com"]
SSTP = "{ba195980-cd49-458b-9e23-c84ee0adcd75}"
ANY = "ipport=0.0.0.0:443"
OLD = "2003"  # the product whose sites hold their certificate themselves
FIRST = "metabase=W3SVC/1"  # the first site of such a host
RSA = "rsa"  # the authority of such hosts: they know no ECDSA


def host(*sites: dict[str, Any], product: str = "2022", **more: Any) -> dict[str, Any]:
    """A host with last year's certificate in use and this year's beside it."""
    authority = RSA if product == OLD else "simple"
    certificate = {"authority": authority, "names": NAMES, "key": "rsa-2048"}
    stores = {"root": "Root", "intermediate": "CA"}
    return {
        "product": product,
        "stores": [{"certificate": f"{authority}.{role}", "in": [store]} for role, store in stores.items()],
        "certificates": {"old": certificate, "new": certificate},
        "sites": list(sites),
        **more,
    }


def site(name: str, *bindings: dict[str, Any], state: str = "started") -> dict[str, Any]:
    return {"name": name, "state": state, "bindings": list(bindings)}


def at(information: str, ssl_flags: int = 0, **record: Any) -> dict[str, Any]:
    return {"information": information, "ssl_flags": ssl_flags, "certificate": "old", "record": record}


def scenario(**hosts: dict[str, Any]) -> dict[str, Any]:
    authorities: dict[str, Any] = {"simple": {"shape": "plain"}}
    if any(each.get("product") == OLD for each in hosts.values()):
        authorities[RSA] = {"shape": "plain", "key": "rsa-2048"}
    return {"authorities": authorities, "hosts": hosts}


def records(stage: Stage, name: str) -> dict[str, Any]:
    """Whatever holds a certificate, with all its values: http.sys records, on IIS 6.0 the sites."""
    world = stage.host(name)
    if world.product.iis < (7, 0):
        places = [f"metabase=W3SVC/{number}" for number in range(1, len(world.sites) + 1)]
        return {place: found for place in places if (found := world.sslcert(place))}
    return {record.selector: world.sslcert(record.selector) for record in world.httpsys.records()}


def journal(stage: Stage, name: str) -> list[str]:
    key = stage.host(name).registry.key(r"HKLM\SOFTWARE\tlsops.windows\Undo\SslBinding")
    return [value for value, _other in key.pairs()] if key else []


def swap(stage: Stage, name: str, **more: Any) -> Case:
    given = {"thumbprint": stage.thumbprint(name, "new"), "production_site": "Production", **more}
    wanted = {option: value for option, value in given.items() if value is not None}
    return Case(name, "site_certificate", wanted)


PRODUCTION = site("Production", at("*:443:"))
