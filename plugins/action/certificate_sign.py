# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..plugin_utils._controller import certificate_sign
from ..plugin_utils._flow.action import ControllerAction


class ActionModule(ControllerAction):
    STEP = certificate_sign.CertificateSign
    ARGUMENTS = certificate_sign.ARGUMENTS
    RULES = certificate_sign.RULES
