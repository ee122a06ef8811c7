# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Site, SiteState
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.site_states import (
    add_binding,
    start,
    states,
    stop,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.world.programs import c_words, command_line
from tests.unit.iis_host import Host, program


def site(state: SiteState) -> Site:
    return Site("3", "My site", state, ())


def words(operation: Operation) -> list[str]:
    return [str(value) for name, value in operation.arguments if name == "argument"]


def test_states_by_number_in_any_code_page() -> None:
    host = Host({"表示": ("started", []), "B": ("stopped", [])})
    assert states(program(0, host.states_xml())) == {"1": "started", "2": "stopped"}


def test_what_appcmd_does_not_tell_is_left_out() -> None:
    assert states(Answer("error")) == {}
    assert states(program(122, b"ERROR ( hresult:8007007a, message:...")) == {}
    assert states(program(0, b'<appcmd><SITE SITE.ID="1" state="Novel"/></appcmd>')) == {}


@given(st.binary(max_size=80))
def test_hostile_output(data: bytes) -> None:
    assert states(program(0, data)) == {}
    assert states(Answer("ok", data)) == {}


def test_start_and_stop_go_back_to_the_old_state() -> None:
    (started,) = start(site("stopped"))
    assert words(started) == ["start", "site", "/site.name:My site"]
    assert [words(each)[0] for each in started.undo] == ["stop"]
    (stopped,) = stop(site("started"))
    assert [words(each)[0] for each in stopped.undo] == ["start"]
    assert start(site("started")) == stop(site("stopped")) == ()
    assert start(site("unknown"))[0].undo == stop(site("unknown"))[0].undo == ()
    assert "183" not in [value for name, value in started.arguments if name == "ok_exit"]


def test_add_binding() -> None:
    operation = add_binding(site("stopped"), "*:443:")
    change = "bindings.[protocol='https',bindingInformation='*:443:']"
    assert words(operation) == ["set", "site", "/site.name:My site", f"/+{change}"]
    assert words(operation.undo[0])[3] == f"/-{change}"


@pytest.mark.parametrize(
    "name", ["", "$=*", "a\nb", "a\0b", "a\x1bb"], ids=["none", "expression", "line", "nul", "escape"]
)
def test_a_name_that_appcmd_would_take_for_something_else_is_refused(name: str) -> None:
    for change in (start, stop):
        with pytest.raises(TlsOpsError, match="appcmd cannot be told the name"):
            change(Site("3", name, "unknown", ()))
    with pytest.raises(TlsOpsError, match="appcmd cannot be told the name"):
        add_binding(Site("3", name, "unknown", ()), "*:443:")


@given(
    st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), min_size=1).filter(
        lambda name: name[0] != "$"
    )
)
def test_appcmd_gets_any_other_name_as_it_is(name: str) -> None:
    (operation,) = stop(Site("3", name, "started", ()))
    assert c_words(command_line(words(operation))) == ["stop", "site", f"/site.name:{name}"]
