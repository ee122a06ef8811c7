# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate of the WinRM service itself (``winrm create winrm/config/listener?Transport=HTTPS``)."""

from __future__ import annotations

import functools
import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spnego.channel_bindings import GssChannelBindings

from .authority import Authority, KeyPool


class Https:
    """A certificate for ``names``, by an authority made for it; ``ca`` is that authority's root in PEM."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        authority = Authority("WinRM", "plain", datetime.now(UTC), KeyPool())
        self.ca = authority.root().public_bytes(Encoding.PEM).decode()
        self._key = KeyPool().make()
        self._leaf = authority.issue(self._key.public_key(), list(names), (-1, 30))
        self._chain = (self._leaf, *authority.chain())

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        key = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self._chain)
        with tempfile.TemporaryDirectory(prefix="fleet-https-") as folder:  # ssl takes files only
            path = Path(folder) / "winrm.pem"
            with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(key + chain)
            context.load_cert_chain(path)
        return context

    @property
    def bindings(self) -> GssChannelBindings:
        """What a client that binds its authentication to this channel has to send (tls-server-end-point, RFC 5929)."""
        return GssChannelBindings(application_data=b"tls-server-end-point:" + self._leaf.fingerprint(hashes.SHA256()))
