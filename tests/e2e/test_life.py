# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate's whole way by the role renewal: asked for, waited for, signed, renewed, and not due again."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization

from . import witness
from .life import (
    COMMON,
    FLEET,
    NAMES,
    PASSPHRASE,
    answered,
    done,
    furnished,
    including,
    looked,
    manual,
    own_ca,
    served,
    states,
)
from .stage import staged

RESTART = 1  # the site of a Server 2003 is stopped and started where it goes on with the old certificate


def test_the_whole_way_with_a_ca_that_answers_by_mail(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = manual(stage)
        before = {name: served(stage, name).leaf for name in NAMES}

        assert states(looked(stage, play)) == {"early": "not_due", "web01": "would_request", "web02": "would_request"}
        run, taken = done(stage, play)
        assert states(run) == {"early": "not_due", "web01": "waiting", "web02": "waiting"}
        assert states(run, "The other play") == states(run), "the user's own play goes on"
        assert taken == {"early": 1, "web01": 2, "web02": 2}
        assert f"{tmp_path}/ca/web01_" in str(run.of("web01", "where it stands"))

        waiting = stage.digests(list(NAMES))
        assert states(looked(stage, play)) == {"early": "not_due", "web01": "waiting", "web02": "waiting"}
        run, taken = done(stage, play)
        assert states(run) == {"early": "not_due", "web01": "waiting", "web02": "waiting"}
        assert taken == dict.fromkeys(NAMES, 1)
        assert stage.digests(list(NAMES)) == waiting, "no second request"

        leaf = answered(stage, "web02", "web01.example.com (1).eml", "japanese")
        dry = looked(stage, play)
        assert states(dry) == {"early": "not_due", "web01": "waiting", "web02": "would_renew"}
        run, taken = done(stage, play)
        assert states(run) == {"early": "not_due", "web01": "waiting", "web02": "renewed"}, "not another host's answer"
        assert taken == {"early": 1, "web01": 1, "web02": 3 + RESTART}
        assert (
            dry.of("web02", "renew the certificate")["diff"] == run.of("web02", "renew the certificate")["diff"] != []
        )
        assert served(stage, "web02").leaf == leaf.public_bytes(serialization.Encoding.PEM).decode()

        answered(stage, "web01", "Re: order 4711", "pkcs7")
        run, taken = done(stage, play)
        assert states(run) == {"early": "not_due", "web01": "renewed", "web02": "not_due"}
        assert taken == {"early": 1, "web01": 3, "web02": 1}

        after = stage.digests(list(NAMES))
        assert states(looked(stage, play)) == dict.fromkeys(NAMES, "not_due")
        run, taken = done(stage, play)
        assert states(run) == dict.fromkeys(NAMES, "not_due")
        assert taken == dict.fromkeys(NAMES, 1)
        assert stage.digests(list(NAMES)) == after
        assert "changed=0" in run.output
        assert "changed=1" not in run.output
        assert [name for name in NAMES if served(stage, name).leaf == before[name]] == ["early"]
        assert len(list(stage.backups.glob("*.pfx"))) == 2


def test_an_own_ca_makes_it_in_one_go(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = own_ca(stage)
        assert states(looked(stage, play)) == {"early": "not_due", "web01": "would_request", "web02": "would_request"}
        run, taken = done(stage, play, "-vvvvv")
        assert states(run) == {"early": "not_due", "web01": "renewed", "web02": "renewed"}
        assert taken == {"early": 1, "web01": 4, "web02": 4 + RESTART}
        assert PASSPHRASE not in run.output
        assert "PRIVATE KEY" not in run.output
        thumbprint = run.of("web01", "sign the request")["thumbprint"]
        assert witness.thumbprint(served(stage, "web01").leaf) == thumbprint
        assert (stage.backups / f"web01_{thumbprint}.pfx").exists()
        after = stage.digests(list(NAMES))
        assert states(looked(stage, play)) == dict.fromkeys(NAMES, "not_due")
        run, taken = done(stage, play)
        assert states(run) == dict.fromkeys(NAMES, "not_due")
        assert taken == dict.fromkeys(NAMES, 1)
        assert stage.digests(list(NAMES)) == after


HOOK = """
- name: Ask our CA
  ansible.builtin.command:
    argv: [sh, -c, "cat > {folder}/$NAME.handed; cat {folder}/$NAME.issued || true"]
    stdin: "{{{{ renewal_csr }}}}"
  environment:
    NAME: "{{{{ inventory_hostname }}}}"
  delegate_to: localhost
  vars:
    ansible_connection: local
    ansible_shell_type: sh
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  changed_when: true
  register: our_ca

- name: Hand the answer over
  ansible.builtin.set_fact:
    renewal_signed_answer: "{{{{ our_ca.stdout | default('') }}}}"
"""


def test_a_tasks_file_of_ones_own(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        folder = tmp_path / "ca"
        folder.mkdir()
        (tmp_path / "sign.yml").write_text(HOOK.format(folder=folder), encoding="utf-8")
        key = "{{ 'ecdsa-p256' if inventory_hostname == 'web01' else 'rsa' }}"  # web02 is a Server 2003
        play = furnished(stage, f"{tmp_path}/sign.yml", renewal_request_key_type=key)
        expected = {"early": "not_due", "web01": "waiting", "web02": "waiting"}
        run, _taken = done(stage, play)
        assert states(run) == expected
        assert "has set none" in str(run.of("web01", "where it stands"))
        assert states(looked(stage, play)) == expected
        (folder / "web01.handed").rename(folder / "web01_.csr")
        answered(stage, "web01", "web01.issued")
        run, _taken = done(stage, play)
        assert states(run) == expected | {"web01": "renewed"}
        assert "ECDSA" in run.of("web01", "ask for a certificate")["key"].upper()


def test_nothing_of_one_inclusion_is_left_in_the_next(tmp_path: Path) -> None:
    """A request of one site waits; that is nothing to another site, whose certificate is not due."""
    with staged(FLEET, tmp_path) as stage:
        manual(stage)
        stage.set_variables({"web01": {}})
        old = stage.thumbprint("web01", "old")
        play = including(
            stage,
            "twice.json",
            ("one", {**COMMON}),
            ("two", {**COMMON, "renewal_before": 5}),
            ("three", {"renewal_sign": "", "renewal_thumbprint": old, "renewal_conflicting_roots": "ignored"}),
        )
        run = stage.run(play)
        assert run.of("web01", "After one")["msg"]["state"] == "waiting", run.output
        assert run.of("web01", "After two")["msg"] == {"state": "not_due", "result": {}}
        assert run.of("web01", "After three")["msg"]["state"] == ""
        assert run.of("web01", "After three")["msg"]["result"]["changed"], "the backup"


def test_a_certificate_that_is_installed_is_taken_without_another_request(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = manual(stage)
        done(stage, play)
        answered(stage, "web01", "an answer")
        stage.set_variables({"web01": {}})
        path = str(tmp_path / "ca" / "an answer")
        assert stage.task("certificate_install", {"answer_path": path}).returncode == 0
        (tmp_path / "ca" / "an answer").unlink()
        assert states(looked(stage, play)) == {"web01": "would_renew"}
        run, taken = done(stage, play)
        assert states(run) == {"web01": "renewed"}
        assert taken["web01"] == 3
        assert states(stage.run(play)) == {"web01": "not_due"}


def test_by_the_thumbprint_of_the_old_certificate(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = own_ca(stage, renewal_replaces="{{ old }}")
        stage.set_variables({"web02": {"old": stage.thumbprint("web02", "old")}}, renewal_production_site="")
        run, taken = done(stage, play)
        assert (states(run), taken["web02"]) == ({"web02": "renewed"}, 4 + RESTART)
        after = stage.digests(["web02"])
        run, taken = done(stage, play)
        assert (states(run), taken["web02"]) == ({"web02": "renewed"}, 2)
        assert stage.digests(["web02"]) == after
        assert "changed=0" in run.output
