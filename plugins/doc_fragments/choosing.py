# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a step that swaps certificates chooses among the sites of a host."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  production_sites:
    description:
      - Several web sites of a host, by name or by shell pattern (C(*), C(?), C([abc])); case does not count. All their
        TLS bindings get the new certificate. A site given by its name is left started; one that a pattern finds stays
        as it is, and if it is stopped a finding says so.
      - A pattern never means O(renewal_site). A site that a pattern finds and that has no https binding is left out,
        with a finding; one that is given by its name is an error.
      - A name without a site is an error, and with O(no_match=ignore) a finding, while others of the list are there. A
        pattern that finds nothing is a finding. What holds where the whole list finds nothing, O(no_match) says.
    type: list
    elements: str
    version_added: 1.1.0
  no_match:
    description:
      - What to do on a host on which nothing is what the task asks for. There is no such site or binding, no record
        that a site uses holds the certificate O(replaces) or the new one, or the CA's answer belongs to no key of this
        host.
      - V(fail) is an error. V(ignore) leaves the host as it is, with RV(matched=false) and a finding that says what was
        looked for and what there is.
      - A real fault is an error with both. So is an answer that is damaged or fits several keys, a record that belongs
        to another program, a site given by name that has no https binding, an expired certificate, and a
        O(thumbprint) that is not on the host.
    type: str
    choices: [fail, ignore]
    default: fail
    version_added: 1.1.0
"""
