# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments: types and defaults are applied, faults are named, nothing is contacted."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import options, validated
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import renewal

GIVEN = {
    "answer": "x",
    "production_site": "Production",
    "backup_password": "p",
    "backup_destinations": ["/b/"],
}


def test_defaults_are_applied() -> None:
    arguments = validated(GIVEN, renewal.ARGUMENTS, renewal.RULES)
    assert (arguments["port"], arguments["verify"], arguments["conflicting_roots"]) == (443, "changed", "disabled")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"unknown": 1}, "unsupported parameters: unknown"),
        ({"answer_path": "/x"}, "mutually exclusive"),
        ({"binding": "*:443:"}, "mutually exclusive"),
        ({"port": "many"}, "port"),
        ({"conflicting_roots": "deleted"}, "conflicting_roots"),
    ],
)
def test_faults_are_named(more: dict[str, object], words: str) -> None:
    with pytest.raises(TlsOpsError, match=words):
        validated(GIVEN | more, renewal.ARGUMENTS, renewal.RULES)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TlsOpsError, match="one of the following is required"):
        validated({name: value for name, value in GIVEN.items() if name != "answer"}, renewal.ARGUMENTS, renewal.RULES)


@pytest.mark.parametrize("timeout", [0, 9, 3601, -1])
def test_a_time_limit_has_bounds(timeout: int) -> None:
    with pytest.raises(TlsOpsError, match="timeout") as error:
        options({"timeout": timeout}, dry_run=False)
    assert "300" in error.value.hint


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["s3cret"], "a list"),
        (("s3cret",), "a list"),
        ({"s3cret": 1}, "a dict"),
        ([], "a list"),
        ({}, "a dict"),
        (True, "true or false"),
        (1.5, "a number with a fraction"),
        (datetime.date(2026, 1, 2), "something else"),
        (b"s3cret", "something else"),
    ],
)
def test_a_secret_is_not_the_text_of_something_else(value: object, words: str) -> None:
    with pytest.raises(TlsOpsError, match=f"^backup_password is {words};") as error:
        validated(GIVEN | {"backup_password": value}, renewal.ARGUMENTS, renewal.RULES)
    assert "s3cret" not in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("value", ["p", "", 12345, 0])
def test_a_secret_is_text_or_a_whole_number(value: str | int) -> None:
    given = validated(GIVEN | {"backup_password": value}, renewal.ARGUMENTS, renewal.RULES)
    assert given["backup_password"] == str(value)


class Encrypted:
    """As ansible-core 2.18 hands on what stands in a task with ``!vault``."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return "in the vault"


def test_a_text_of_the_vault_is_its_text() -> None:
    given = validated(GIVEN | {"backup_password": Encrypted()}, renewal.ARGUMENTS, renewal.RULES)
    assert given["backup_password"] == "in the vault"


@pytest.mark.parametrize(("value", "words"), [({"a": 1}, "a dict"), (["P"], "a list"), ((), "a list")])
def test_a_text_is_not_that_of_a_list_or_a_dict(value: object, words: str) -> None:
    for name in ("production_site", "answer"):
        with pytest.raises(TlsOpsError, match=f"^{name} is {words}; it must be text") as error:
            validated(GIVEN | {name: value}, renewal.ARGUMENTS, renewal.RULES)
        assert error.value.hint
    entries = {"renewals": [{"answer": "x", "production_site": "P"}, {"answer": "x", "production_site": value}]}
    with pytest.raises(TlsOpsError, match=f"^renewals, entry 2: production_site is {words}"):
        validated(SEVERAL | entries, renewal.ARGUMENTS, renewal.RULES)


def test_a_text_in_the_place_of_the_arguments_is_refused_and_not_told() -> None:
    with pytest.raises(TlsOpsError, match="a text where its arguments should be") as error:
        validated(GIVEN | {"_raw_params": "s3cret"}, renewal.ARGUMENTS, renewal.RULES)
    assert "s3cret" not in str(error.value)
    assert "option: value" in error.value.hint


def test_only_secrets_are_held_to_that() -> None:
    assert validated(GIVEN | {"production_site": 1.5}, renewal.ARGUMENTS, renewal.RULES)["production_site"] == "1.5"


SEVERAL = {name: value for name, value in GIVEN.items() if name not in ("answer", "production_site")}


def test_an_entry_of_a_list_is_checked_like_the_task_itself() -> None:
    entries = [{"answer": Encrypted(), "production_site": 1, "replaces": "", "binding": None}, {"thumbprint": "A"}]
    entries[1]["production_sites"] = "A*,B"
    arguments = validated(SEVERAL | {"renewals": entries}, renewal.ARGUMENTS, renewal.RULES)
    first, second = arguments["renewals"]
    assert (first["answer"], first["production_site"], first["port"]) == ("in the vault", "1", 443)
    assert (first["replaces"], first["binding"], first["no_match"]) == (None, None, None)
    assert second["production_sites"] == ["A*", "B"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "entry 2: one of the following is required: answer"),
        ({"answer": "x", "production_site": "P", "binding": "*:443:"}, "entry 2: parameters are mutually exclusive"),
        ({"answer": "x", "production_site": "P", "verify": "always"}, "entry 2: unsupported parameters: verify"),
        (None, "entry 2: it is nothing, not a dict"),
        (["x"], "entry 2: it is a list, not a dict"),
        ({"answer": "x", "production_site": "P", "port": "many"}, "entry 2: argument 'port'"),
        ("text", "dict"),
    ],
)
def test_a_fault_of_an_entry_is_named_with_its_number(entry: object, words: str) -> None:
    entries = [{"answer": "x", "production_site": "P"}, entry]
    with pytest.raises(TlsOpsError, match=words):
        validated(SEVERAL | {"renewals": entries}, renewal.ARGUMENTS, renewal.RULES)


@pytest.mark.parametrize("name", ["answer", "thumbprint", "production_site", "production_sites", "renewal_site"])
def test_the_single_form_is_not_for_several(name: str) -> None:
    entries = [{"answer": "x", "production_site": "P"}]
    with pytest.raises(TlsOpsError, match="mutually exclusive"):
        validated(SEVERAL | {"renewals": entries, name: "x"}, renewal.ARGUMENTS, renewal.RULES)
