# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..plugin_utils._flow.action import StepAction
from ..plugin_utils._steps import tls_info


class ActionModule(StepAction):
    STEP = tls_info.TlsInfo
    ARGUMENTS = tls_info.ARGUMENTS
    RULES = tls_info.RULES
