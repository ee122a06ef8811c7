# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody changes the server between the two rounds of a run: it is noticed before the first change, in words."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.fleet.faults import When
from tests.fleet.world.iis import Binding
from tests.fleet.world.registry import binary

from .plain import records, site
from .stage import Stage, staged
from .together import fleet, holds, named

SAME = "the web sites have changed since they were read: "
AGAIN = "Somebody else changes this server. Run the task again: it plans on what is there then."


def site_gone(world: Any) -> None:
    tree = world.iis.config()
    sites = tree.find("./system.applicationHost/sites")
    sites.remove(sites.find("site"))
    world.iis.save(tree)


def binding_added(world: Any) -> None:
    world.iis.add_binding(world.iis.site("Production"), Binding("https", "*:444:"))


def flags_of_the_binding(world: Any) -> None:
    tree = world.iis.config()
    tree.find(".//site/bindings/binding").set("sslFlags", "32")
    world.iis.save(tree)


def record(world: Any, **changes: Any) -> None:
    (now,) = world.httpsys.records()
    world.httpsys.write(dataclasses.replace(now, **changes))


def value_of_site(world: Any, name: str, value: Any) -> None:
    world.metabase.commit("W3SVC/1", {name: value})


HAND = b"\x11" * 20
CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "gone-iis7": (site_gone, f"{SAME}site 'Production' is no longer there"),
    "stopped-iis7": (lambda world: world.iis.stop(world.iis.site("Production")), "was started and is stopped"),
    "binding-iis7": (binding_added, f"{SAME}site 'Production' now has the binding https *:444:"),
    "flags-iis7": (flags_of_the_binding, "now has the binding https *:443: with sslFlags 32"),
    "by-hand-iis7": (
        lambda world: record(world, certificate=HAND),
        f"ipport=0.0.0.0:443 has changed since it was read: it held {{old}} and holds {HAND.hex().upper()}",
    ),
    "setting-iis7": (lambda world: record(world, flags=2), "another value of it is different (flags)"),
    "gone-iis6": (
        lambda world: world.metabase.node("W3SVC").nodes.pop("1"),
        f"{SAME}W3SVC/1 ('Production') is no longer there",
    ),
    "stopped-iis6": (
        lambda world: world.iis6.stop(1),
        "W3SVC/1 ('Production'): ServerState was started and is stopped",
    ),
    "binding-iis6": (
        lambda world: value_of_site(world, "SecureBindings", (":443:", ":444:")),
        "SecureBindings was :443: and is :443: :444:",
    ),
    "by-hand-iis6": (
        lambda world: value_of_site(world, "SSLCertHash", HAND),
        f"SSLCertHash was {{old}} and is {HAND.hex().upper()}",
    ),
}
DELETED = named("deleted")  # the certificate that is to be bound
MISSING = ["gone-iis7", "gone-iis6", *DELETED]  # what a second run cannot do either


@dataclasses.dataclass
class Hand:
    """Does something to a host once, when its first batch of changes begins."""

    stage: Stage
    name: str
    change: Callable[[Any], None]
    digest: str = ""

    def __call__(self, batch: int, when: When, operation: int, _what: str) -> None:
        if (batch, when, operation) == (1, "before", 0) and not self.digest:
            self.change(self.stage.host(self.name))
            self.digest = self.stage.host(self.name).digest()


def play(stage: Stage, tasks: Mapping[str, tuple[str, Mapping[str, Any]]]) -> Path:
    """One play a module: ``tasks`` are module and arguments by the host."""
    plays = [
        {
            "name": name,
            "hosts": name,
            "gather_facts": False,
            "tasks": [{"name": name, f"tlsops.windows.{module}": dict(arguments), "ignore_errors": True}],
        }
        for name, (module, arguments) in tasks.items()
    ]
    path = stage.directory / "plays.json"
    path.write_text(json.dumps(plays), encoding="utf-8")
    return path


def hosts() -> dict[str, Any]:
    """Those of ``together``, and two for other steps."""
    made = fleet([*CHANGES, *DELETED])
    request = {"authority": "simple", "names": ["www.example.com"], "key": "ecdsa-p256"}
    made["authorities"]["public"] = {"shape": "cross"}
    stores = {"old_root": ["AuthRoot"], "new_root": ["Root"], "cross": ["CA"], "intermediate": ["CA"]}
    made["hosts"]["request"] = {
        "stores": [{"certificate": f"simple.{role}", "in": [store]} for role, store in _PLAIN],
        "requests": {"renewal": request},
        "sites": [site("Renewal")],
    }
    made["hosts"]["root"] = {
        "stores": [{"certificate": f"public.{role}", "in": where} for role, where in stores.items()],
        "certificates": {"www": {"authority": "public", "names": ["www.example.com"], "key": "ecdsa-p256"}},
        "sites": [site("Production", {"information": "*:443:", "certificate": "www"})],
    }
    return made


_PLAIN = (("root", "Root"), ("intermediate", "CA"))


def request_gone(world: Any) -> None:
    (pending,) = world.store("REQUEST")
    world.stores.remove("REQUEST", pending.thumbprint)


def root_touched(world: Any) -> None:
    """Somebody gives the root a friendly name: property 11."""
    root = next(each for each in world.store("Root"))
    name = "by hand".encode("utf-16-le") + b"\0\0"
    header = (11).to_bytes(4, "little") + (1).to_bytes(4, "little") + len(name).to_bytes(4, "little")
    world.registry.set(root.path, "Blob", binary(header + name + root.blob))


def pool_added(world: Any) -> None:
    """What a deployment does all day."""
    tree = world.iis.config()
    tree.find("./system.applicationHost/sites").append(tree.makeelement("siteDefaults", {}))
    world.iis.save(tree)


PASSING: dict[str, Callable[[Any], None]] = {
    "pool-iis7": pool_added,
    "starting-iis6": lambda world: value_of_site(world, "ServerState", 2),  # 1 (starting) before the run
}


def test_what_does_not_count_stops_nobody(tmp_path: Path) -> None:
    with staged(fleet(PASSING), tmp_path) as stage:
        value_of_site(stage.host("starting-iis6"), "ServerState", 1)
        hands = {name: Hand(stage, name, change) for name, change in PASSING.items()}
        for name in PASSING:
            stage.fleet.faults.watch(name, hands[name])
        tasks: dict[str, tuple[str, Mapping[str, Any]]] = {
            name: ("site_certificate", {"thumbprint": stage.thumbprint(name, "new"), "production_site": "Production"})
            for name in PASSING
        }
        run = stage.run(play(stage, tasks))
        for name in PASSING:
            assert (run.status(name), run.of(name)["changed"]) == ("ok", True), run.of(name)
        assert {holds(stage, name) for name in PASSING} == {"new"}
        assert all(hand.digest for hand in hands.values()), "nothing was done between the rounds"


def test_it_is_noticed_before_the_first_change(tmp_path: Path) -> None:
    with staged(hosts(), tmp_path) as stage:
        hands = {name: Hand(stage, name, change) for name, (change, _words) in CHANGES.items()}
        for name in DELETED:
            new = stage.thumbprint(name, "new")
            hands[name] = Hand(stage, name, lambda world, new=new: world.stores.remove("MY", new))
        hands |= {"request": Hand(stage, "request", request_gone), "root": Hand(stage, "root", root_touched)}
        for name, hand in hands.items():
            stage.fleet.faults.watch(name, hand)
        words = {name: told for name, (_change, told) in CHANGES.items()}
        words |= dict.fromkeys(DELETED, "key.prove") | {"request": "CRYPT_E_NOT_FOUND", "root": "has changed since"}
        tasks: dict[str, tuple[str, Mapping[str, Any]]] = {
            name: ("site_certificate", {"thumbprint": stage.thumbprint(name, "new"), "production_site": "Production"})
            for name in [*CHANGES, *DELETED]
        }
        tasks["request"] = ("certificate_install", {"answer_path": stage.answer("request")})
        tasks["root"] = ("trusted_root", {"conflicting": True, "state": "disabled"})
        playbook = play(stage, tasks)
        run = stage.run(playbook)
        for name, hand in hands.items():
            result = run.of(name)
            old = stage.thumbprint(name, "old") if name in CHANGES else ""
            assert (run.status(name), result["changed"]) == ("failed", False), result
            assert words[name].replace("{old}", old) in result["msg"], result["msg"]
            if name in [*CHANGES, "root"]:
                assert result["hint"].startswith(AGAIN)
            if name in [*CHANGES, *DELETED]:  # of the other two the journal's empty key stays
                assert hand.digest == stage.host(name).digest(), f"{name} was changed"
        assert "What had been done before it was taken back." in run.of("request")["msg"]
        again = stage.run(playbook)
        for name in tasks.keys() - {*MISSING, "request"}:
            assert again.status(name) == "ok", again.of(name)
        assert {holds(stage, name) for name in CHANGES if name not in MISSING} == {"new"}
        assert all(again.status(name) == "failed" for name in MISSING)
        (ipport,) = records(stage, "setting-iis7").values()
        assert ipport["flags"] == 2, "what was set by hand stays"
