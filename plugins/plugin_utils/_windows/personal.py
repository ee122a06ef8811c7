# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine's own certificates and their keys: MY, WebHosting, and the pending requests in REQUEST."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import store_read
from .._batch.payload import lines
from .._errors import TlsOpsError
from .._model.stores import PersonalCertificate
from .._x509.certificate import Certificate
from .._x509.checks import unreadable

MY = "MY"
WEB_HOSTING = "WebHosting"
REQUEST = "REQUEST"
STORES = (MY, WEB_HOSTING, REQUEST)
# Where a person finds REQUEST. certlm.msc, which opens there, came with Windows 8 and Server 2012.
PENDING_REQUESTS = "mmc.exe, snap-in Certificates (computer account), Certificate Enrollment Requests"

# Environment.Version of .NET 4.6, the first that opens CNG keys, and of every later .NET Framework.
_CLR_WITH_CNG = (4, 0, 30319, 42000)

_TRISTATE = {b"1": True, b"0": False, b"": None}


def operations() -> tuple[Operation, ...]:
    """What to ask a host for; ``parse`` takes the answers in the same order."""
    return (store_read(*STORES),)


def parse(answers: Sequence[Answer]) -> tuple[tuple[PersonalCertificate, ...], tuple[str, ...]]:
    """The certificates of all three stores, and store and thumbprint of each that is left out.

    One that no library can read is: it cannot be used. Raises TlsOpsError where the stores could not be read, or the
    answer is not the one described in ``store_read``.
    """
    good: list[PersonalCertificate] = []
    left_out: list[str] = []
    for one in _all(answers):
        if unreadable(one.certificate):
            left_out.append(f"{one.store} {one.certificate.thumbprint}")
        else:
            good.append(one)
    return tuple(good), tuple(left_out)


def _all(answers: Sequence[Answer]) -> Iterator[PersonalCertificate]:
    for answer in answers:
        if not answer.ok:
            raise TlsOpsError(
                f"the certificate stores could not be read: {answer.describe()}.",
                hint="The account needs administrator rights on the server.",
            )
        for keyword, fields in lines(answer.payload):
            if keyword == "certificate":
                yield _certificate(fields)


def opens_cng(clr_version: str) -> bool:
    """Whether this .NET opens keys of CNG: where it does not, that a key tells nothing of itself says nothing."""
    parts = [int(part) for part in clr_version.split(".") if part.isdecimal()]
    return tuple(parts) >= _CLR_WITH_CNG


def with_key(personal: Sequence[PersonalCertificate], stores: Sequence[str]) -> tuple[PersonalCertificate, ...]:
    """Those in one of the stores that have a private key."""
    wanted = {store.lower() for store in stores}
    return tuple(one for one in personal if one.has_private_key and one.store.lower() in wanted)


def _certificate(fields: tuple[bytes, ...]) -> PersonalCertificate:
    try:
        store, der, has_key, friendly, archived, provider, container, key_spec, exportable, access = fields
        return PersonalCertificate(
            store=store.decode(),
            certificate=Certificate(der),
            has_private_key=has_key == b"1",
            exportable=_TRISTATE[exportable],
            friendly_name=friendly.decode("utf-8", "replace"),
            archived=archived == b"1",
            provider=provider.decode("utf-8", "replace"),
            container=container.decode("utf-8", "replace"),
            key_spec=int(key_spec or b"0"),
            access=access.decode("ascii", "replace"),
        )
    except (KeyError, ValueError) as error:
        raise TlsOpsError("the answer about the certificate stores is not in the expected form.") from error
