# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every step supports."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target or the
      controller.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
    support: full
    details:
      - The diff of a dry run is the diff of the real run.
      - Secrets and private keys are never part of it.
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
  action_group:
    description: Use C(group/tlsops.windows.all) in C(module_defaults) to set defaults for all steps of this
      collection.
    support: full
    membership:
      - tlsops.windows.all
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on
      the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  become:
    description: Is usable alongside C(become) keywords.
    support: none
    details:
      - Connect as a user that is an administrator of the host. C(become) and C(environment) do not act on these
        steps and are refused.
requirements:
  - cryptography on the controller
  - PowerShell 2.0 or newer on the target, and an administrator's connection to it
"""
