# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate authority (CA) of one's own answers a request: on the controller alone, no host is contacted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from .._cryptography import x509
from .._errors import TlsOpsError
from .._model.plan import Controller
from .._x509.certificate import Certificate
from .._x509.passwords import password_bytes
from .._x509.request import SigningRequest
from .._x509.sign import (
    Authority,
    answer_of,
    certificates_of,
    check_authority,
    check_hosts,
    key_of,
    private_key,
    signed,
)
from .._x509.signable import hosts, signable

ARGUMENTS: dict[str, Any] = {
    "csr": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
    "ca_certificate_path": {"type": "path", "required": True},
    "ca_key_path": {"type": "path", "required": True},
    "ca_key_passphrase": {"type": "str", "no_log": True},
    "ca_chain_path": {"type": "path"},
    "days": {"type": "int", "default": 90},
}
RULES: dict[str, Any] = {}
_LONGEST = 36500  # days


@dataclasses.dataclass(frozen=True)
class CertificateSign:
    """A request, the CA that is to sign it, and for how many days."""

    name: ClassVar[str] = "certificate_sign"
    request: SigningRequest
    authority: Authority = dataclasses.field(repr=False)
    days: int

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> CertificateSign:
        """Raises TlsOpsError where a file cannot be read, or the request cannot be signed."""
        if not 1 <= arguments["days"] <= _LONGEST:
            raise TlsOpsError(f"days is {arguments['days']}; it must be between 1 and {_LONGEST}.")
        request = signable(arguments["csr"], _allowed(arguments["names"]))
        return cls(request, _authority(arguments, controller), arguments["days"])

    def checked(self, now: datetime) -> dict[str, Any]:
        """All is as for a run, but nothing is signed: no answer, no thumbprint."""
        self._check(now)
        return self._result("", None)

    def done(self, now: datetime) -> dict[str, Any]:
        self._check(now)
        leaf = signed(self.request, self.authority, now, days=self.days, serial=x509.random_serial_number())
        if not leaf.signed_by(self.authority.certificate):
            raise TlsOpsError("the certificate that was made does not verify with the CA's own.")
        return self._result(answer_of(leaf, self.authority), leaf)

    def _check(self, now: datetime) -> None:
        check_authority(self.authority, now)
        check_hosts(self.authority, hosts(self.request))

    def _result(self, answer: str, leaf: Certificate | None) -> dict[str, Any]:
        return {
            "changed": True,
            "answer": answer,
            "thumbprint": leaf.thumbprint if leaf else "",
            "not_before": leaf.not_before.isoformat() if leaf else "",
            "not_after": leaf.not_after.isoformat() if leaf else "",
            "days": (leaf.not_after - leaf.not_before).days if leaf else 0,
            "names": list(hosts(self.request)),
            "subject": self.request.subject.rfc4514_string(),
            "issuer": self.authority.certificate.subject_text,
        }


def _allowed(names: Sequence[str] | None) -> list[str] | None:
    """None allows any. Raises TlsOpsError for a list of nothing: a variable that is empty must not open the door."""
    if names is None:
        return None
    given = [name.strip() for name in names if name.strip()]
    if not given:
        raise TlsOpsError("names is empty, so nothing may be signed.", hint="Name the hosts, or leave names out.")
    return given


def _authority(arguments: Mapping[str, Any], controller: Controller) -> Authority:
    """The CA; of several certificates in its file the one that belongs to the key, the others go into the answer."""
    path, passphrase = arguments["ca_key_path"], arguments["ca_key_passphrase"] or ""
    key = private_key(_file(path, "ca_key_path", controller), password_bytes(passphrase, "ca_key_passphrase"))
    given = certificates_of(_file(arguments["ca_certificate_path"], "ca_certificate_path", controller))
    fitting = [one for one in given if one.public_key == key_of(key)]
    own = (fitting or given)[0]
    chain = [one for one in given if one is not own]
    if arguments["ca_chain_path"]:
        chain += certificates_of(_file(arguments["ca_chain_path"], "ca_chain_path", controller))
    return Authority(own, key, tuple(chain))


def _file(path: str, option: str, controller: Controller) -> bytes:
    """Raises TlsOpsError naming the option, never what is in the file."""
    resolved = controller.resolve(path)
    data = controller.read(resolved)
    if data is None:
        raise TlsOpsError(
            f"there is no file {resolved} on the controller.",
            hint=f"Check {option}. Give an absolute path, or one that begins with {{{{ inventory_dir }}}}/ .",
        )
    return data
