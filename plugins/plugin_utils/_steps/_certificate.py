# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate a step is to use, as every step that takes one is told: by thumbprint or by the CA's answer."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import NoMatch, TlsOpsError
from .._model.plan import Controller
from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._windows.versions import key_stores
from .._x509.answer import read_answer
from .._x509.certificate import Certificate
from .._x509.leaf import find_leaf, labels

ANSWER_ARGUMENTS: dict[str, dict[str, Any]] = {"answer": {"type": "str"}, "answer_path": {"type": "path"}}

# The play's folder is that of the installed collection where its own playbook is used.
PATH_HINT = "Give an absolute path, or one that begins with {{ inventory_dir }}/ ."

# wincrypt.h. http.sys refuses such a key (error 1312); IIS 6.0 takes it, and then closes each connection.
_AT_SIGNATURE = 2
_SIGNS_ONLY = (
    "has a key that is for signatures only (KeySpec 2), which no web site can use: a request by certificate_request, "
    "or one with KeySpec = 1, makes one that it can"
)


@dataclasses.dataclass(frozen=True)
class Resolved:
    """The certificate to use. ``personal`` is None in a dry run for one that an earlier task would have installed."""

    certificate: Certificate
    personal: PersonalCertificate | None
    warning: str = ""


def given_answer(arguments: Mapping[str, Any], controller: Controller) -> tuple[Certificate, ...] | None:
    """The certificates of ``answer`` or ``answer_path``; None where both are missing or empty. Raises TlsOpsError."""
    text, path = arguments.get("answer"), arguments.get("answer_path")
    if text:
        return read_answer(str(text).encode("utf-8", "replace"))
    if not path:
        return None
    resolved = controller.resolve(str(path))
    data = controller.read(resolved)
    if data is None:
        hint = "answer_path names the file with the CA's answer." if is_absolute(str(path)) else PATH_HINT
        raise TlsOpsError(f"there is no file {resolved} on the controller.", hint=hint)
    return read_answer(data)


def is_absolute(path: str) -> bool:
    """Whether it says the place by itself, whatever the play's folder is; ``~`` counts as expanded."""
    return os.path.isabs(os.path.expanduser(path))


def normalized_thumbprint(text: str) -> str:
    """A thumbprint in upper-case hex.

    The certificate dialog's text holds spaces and an invisible mark (U+200E) in front; other tools write colons.
    Raises TlsOpsError where it is not a SHA-1 value.
    """
    plain = re.sub(r"[\s:\u200e\u200f\u202a-\u202e\ufeff]", "", text).upper()
    if not re.fullmatch(r"[0-9A-F]{40}", plain):
        raise TlsOpsError(f"'{text}' is not a thumbprint.", hint="A thumbprint is 40 hexadecimal digits (SHA-1).")
    return plain


def resolve(snapshot: Snapshot, *, thumbprint: str = "", answer: Sequence[Certificate] | None = None) -> Resolved:
    """The certificate of MY or WebHosting that a thumbprint or an answer means, with its private key.

    Raises NoMatch where the thumbprint is not there or the answer fits no key of this host, TlsOpsError where the
    certificate has no private key.
    """
    if snapshot.personal is None:
        raise TlsOpsError("the host's own certificates were not read.")
    usable = with_key(snapshot.personal, (MY, WEB_HOSTING))
    if answer is None:
        return _by_thumbprint(snapshot, usable, normalized_thumbprint(thumbprint))
    installed = {one.certificate.der for one in usable}
    keys = {one.certificate.public_key for one in with_key(snapshot.personal, (MY, WEB_HOSTING, REQUEST))}
    leaf = find_leaf(answer, keys)
    if leaf.der in installed:
        return Resolved(leaf, next(one for one in usable if one.certificate.der == leaf.der))
    if not snapshot.dry_run:
        raise TlsOpsError(f"{labels([leaf])} is not installed yet.", hint="Run certificate_install with it first.")
    return Resolved(leaf, None, f"{labels([leaf])} is not installed yet: taken as if certificate_install had done so.")


def unservable(snapshot: Snapshot, certificate: Certificate) -> tuple[str, ...]:
    """Why no site of this host can serve the certificate, each a phrase behind its name; mostly nothing."""
    if snapshot.web is None:
        return ()
    keys = [one for one in snapshot.personal or () if one.certificate.public_key == certificate.public_key]
    provider = next((one.provider for one in keys if one.provider), "")
    signs_only = any(one.key_spec == _AT_SIGNATURE for one in keys)
    return (*([_SIGNS_ONLY] if signs_only else []), *snapshot.web.refusals(certificate, provider))


def _by_thumbprint(snapshot: Snapshot, usable: Sequence[PersonalCertificate], thumbprint: str) -> Resolved:
    for one in usable:
        if one.certificate.thumbprint == thumbprint:
            return Resolved(one.certificate, one)
    for one in snapshot.personal or ():
        if one.certificate.thumbprint == thumbprint and one.store.upper() != REQUEST:
            raise TlsOpsError(
                f"{labels([one.certificate])} lies in the store {one.store} without a private key.",
                hint="Where its key is still on the server, 'certutil -repairstore My <thumbprint>' links it again.",
            )
    there = labels([one.certificate for one in usable][:10])
    stores = " or ".join(key_stores(snapshot.host.os_version))
    raise NoMatch(
        f"there is no certificate {thumbprint} in {stores}.",
        hint=f"With a private key there are: {there}.",
    )
