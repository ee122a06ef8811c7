# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every step takes to reach its target."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - How many seconds the work on the target may take in one batch. A batch that is over its time starts no further
        operation and takes back what it did.
      - Waiting for another batch on the same host comes before that time begins, and takes at most 60 seconds, or as
        long as this where that is less. After a lost connection it takes at most as long as this.
      - No other wait on the target lasts longer than this. The task's keyword C(timeout) is Ansible's own, for
        all batches together.
    type: int
    default: 300
notes:
  - The step uses the connection of the inventory (C(winrm), C(psrp) or C(ssh)); it needs no network path to the
    sites themselves.
  - Round one reads, round two applies, reads back and proves. A host on which nothing has to change takes one round.
"""
