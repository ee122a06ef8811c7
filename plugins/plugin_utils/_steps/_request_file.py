# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file on the controller that gets the certificate request."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Sequence

from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Controller, ControllerFile, Export
from .._model.stores import PersonalCertificate
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._x509.request import SigningRequest, read_request, request_in
from ._certificate import PATH_HINT, is_absolute
from ._request_wanted import Wanted


def check_path(path: str) -> None:
    """Raises TlsOpsError where it would be another place in another play."""
    if path and not is_absolute(path):
        raise TlsOpsError(f"csr_path {path!r} is not absolute.", hint=PATH_HINT)


@dataclasses.dataclass(frozen=True)
class RequestFile:
    """``there``: the request that the file holds now; None where there is no file."""

    path: str
    there: SigningRequest | None

    @classmethod
    def at(
        cls, path: str, wanted: Wanted, controller: Controller, personal: Sequence[PersonalCertificate]
    ) -> RequestFile | None:
        """None without a path; ``personal`` are the certificates and the pending requests of the host.

        Raises TlsOpsError where the file is anything else than an older request of this host: it stays.
        """
        if not path:
            return None
        resolved = controller.resolve(path)
        in_folder = resolved.endswith("/")
        if in_folder:
            stem = f"{resolved}{_safe(controller.host) or 'host'}_{_safe(wanted.names[0])}"
            resolved = _place(stem, wanted, controller, _keys(personal, REQUEST))
        controller.check_destination(resolved, allow_unsafe=True)  # a request is no secret
        data = controller.read(resolved)
        there = None if data is None else _older(resolved, data, wanted)
        if there and not in_folder and there.public_key not in _keys(personal, MY, WEB_HOSTING, REQUEST):
            raise TlsOpsError(
                f"{resolved} holds the {_described(there)}. This host does not have that key: another one may wait for "
                "the answer.",
                hint="Give a folder, in which each host has a file of its own. Move a request that is not needed away.",
            )
        return cls(resolved, there)

    def has(self, request: SigningRequest) -> bool:
        """Whether it holds this request already, or the same made by the same key at another time."""
        return self.there is not None and _content(self.there) == _content(request) and self.there.signed_by_its_key

    def result(self, *, created: bool) -> dict[str, object]:
        return {"path": self.path, "created": created}

    def export(self, operation: Operation, content: Callable[[Answer], SigningRequest], wanted: Wanted) -> Export:
        """The file, made or replaced from the operation's answer; ``content`` raises TlsOpsError for a bad one."""
        return Export(
            operation=operation,
            content=lambda answer: content(answer).pem.encode("ascii"),
            files=(ControllerFile(self.path, replace=self.there is not None),),
            change=Change(
                what=f"write the certificate request to {self.path}",
                where=f"{self.path} on the controller",
                before=_described(self.there) if self.there else "",
                after=f"certificate request for {', '.join(wanted.names)}, {wanted.request.key}",
                operations=(),
            ),
        )


def _keys(personal: Sequence[PersonalCertificate], *stores: str) -> frozenset[bytes]:
    return frozenset(one.certificate.public_key for one in with_key(personal, stores))


def _place(stem: str, wanted: Wanted, controller: Controller, waiting: Collection[bytes]) -> str:
    """A file of a folder: of two requests with the same first name that wait on this host, each has one of its own."""
    path, number, free = f"{stem}.csr", 1, ""
    while (data := controller.read(path)) is not None:
        request = request_in(data)
        if request is None or request.public_key not in waiting:
            free = free or path
        elif wanted.fits_request(request):
            return path
        number += 1
        path = f"{stem}_{number}.csr"
    return free or path


def _older(path: str, data: bytes, wanted: Wanted) -> SigningRequest:
    hint = "Move it away, or choose another name for the request."
    try:
        request = read_request(data)
    except TlsOpsError as error:
        raise TlsOpsError(f"{path} is there, and is no certificate request: {error.message}", hint=hint) from None
    if not set(wanted.names) & {*request.dns_names, *request.ip_addresses}:
        raise TlsOpsError(f"{path} holds the {_described(request)}: none of its names is wanted here.", hint=hint)
    return request


def _described(request: SigningRequest) -> str:
    names = ", ".join((*request.dns_names, *request.ip_addresses)) or "no names"
    return f"certificate request for {names}, {request.key}, SHA-256 of its key {request.key_sha256}"


def _content(request: SigningRequest) -> tuple[object, ...]:
    return request.public_key, request.subject, frozenset(request.dns_names), frozenset(request.ip_addresses)


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)
