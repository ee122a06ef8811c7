# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each operation answers: data, for whatever answers it."""

from __future__ import annotations

from .batch_cases import batch_cases
from .certificate_cases import store_cases
from .chain_cases import chain_cases
from .host_cases import file_cases, host_cases
from .hostile_cases import hostile_cases
from .key_cases import key_cases
from .metabase_cases import metabase_cases
from .registry_cases import registry_cases

CASES = [*registry_cases(), *file_cases(), *store_cases(), *key_cases(), *host_cases(), *batch_cases()]
CASES += [*metabase_cases(), *chain_cases(), *hostile_cases()]
