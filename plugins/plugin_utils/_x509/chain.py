# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which chains a machine can build, and which of them Windows sends."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from .._errors import TlsOpsError
from .._model.stores import StoreCopy, Stores
from .._windows.roots import disallowed, roots, serves
from .certificate import Certificate

Path = tuple[Certificate, ...]

_DEPTH = 10
_PATHS = 256


def paths(leaf: Certificate, pool: Iterable[Certificate]) -> list[Path]:
    """Every path from ``leaf`` to a self-signed certificate of ``pool``, both included, shortest first."""
    return [path for path in _walk(leaf, _by_subject(pool)) if path[-1].self_signed]


def sent_chain(leaf: Certificate, stores: Stores, at: datetime) -> Path:
    """What Schannel is expected to send: leaf first, without the root (sdk-api, SCH_SEND_ROOT_CERT is off).

    Raises TlsOpsError where there is no trusted path at ``at`` (aware).
    """
    return Trust(stores, at).sent(leaf)


def alternatives(leaf: Certificate, stores: Stores, at: datetime) -> list[Path]:
    """What could be sent: every trusted path without its root, the expected one first."""
    return [_without_root(path) for path in Trust(stores, at).trusted(leaf)]


def named(certificate: Certificate) -> str:
    """Its label and thumbprint, as errors and warnings have them."""
    return f"{certificate.label} ({certificate.thumbprint})"


class Trust:
    """What a machine's stores say of chains at one moment; ``extra`` are certificates that are not in them yet.

    Trusted is a path that ends in a self-signed certificate of Root which is enabled for server authentication, has
    no disallowed certificate, and is valid. Make one and ask it often: the index is built once.
    """

    def __init__(self, stores: Stores, at: datetime, extra: Iterable[Certificate] = ()) -> None:
        self.at = at
        stored = (copy.certificate for copy in stores.copies if copy.store in ("Root", "CA"))
        self._index = _by_subject([*stored, *extra])
        self._roots: dict[str, list[StoreCopy]] = defaultdict(list)
        for copy in roots(stores):
            self._roots[copy.certificate.thumbprint].append(copy)
        self._disallowed = disallowed(stores)
        self._walks: dict[bytes, tuple[Path, ...]] = {}

    def walks(self, leaf: Certificate) -> tuple[Path, ...]:
        """Every path upwards from ``leaf``, those that end where no issuer is known too."""
        if leaf.der not in self._walks:
            self._walks[leaf.der] = tuple(_walk(leaf, self._index))
        return self._walks[leaf.der]

    def known(self, subject: bytes) -> tuple[Certificate, ...]:
        """The certificates with this subject (DER)."""
        return tuple(self._index.get(subject, ()))

    def trusted(self, leaf: Certificate, *, expired_leaf: bool = False) -> list[Path]:
        """Every trusted path, Windows' choice first; ``expired_leaf`` leaves the leaf's own dates out of it."""
        found = [path for path in self.walks(leaf) if not self.problem(path, expired_leaf=expired_leaf)]
        return sorted(found, key=_preference)

    def chosen(self, leaf: Certificate, *, expired_leaf: bool = False) -> Path:
        """The path that Windows takes. Raises TlsOpsError, with the reason for each path, where none is trusted."""
        found = self.trusted(leaf, expired_leaf=expired_leaf)
        if not found:
            reasons = self.reasons(leaf, expired_leaf=expired_leaf)
            raise TlsOpsError(
                f"{leaf.label} ({leaf.thumbprint}) has no trusted chain at {self.at:%Y-%m-%d %H:%M} UTC: {reasons}.",
                hint="Install the missing certificates from the CA's answer or its site, or enable the root again.",
            )
        return found[0]

    def sent(self, leaf: Certificate, *, expired_leaf: bool = False) -> Path:
        """The chosen path without its root: what Schannel is expected to send. Raises TlsOpsError."""
        return _without_root(self.chosen(leaf, expired_leaf=expired_leaf))

    def reasons(self, leaf: Certificate, *, expired_leaf: bool = False) -> str:
        """Why no path is trusted, each reason once."""
        problems = (self.problem(path, expired_leaf=expired_leaf) for path in self.walks(leaf))
        return "; ".join(dict.fromkeys(problem for problem in problems if problem))

    def problem(self, path: Path, *, expired_leaf: bool = False, name: Callable[[Certificate], str] = named) -> str:
        """Why this path is not trusted; empty where it is. ``name`` is what the text calls a certificate."""
        end = path[-1]
        if not end.self_signed:
            return f"the issuer of {end.label} ({end.issuer_text}) is not in the stores"
        for certificate in path:
            if certificate.thumbprint in self._disallowed:
                return f"{name(certificate)} is disallowed"
            if not certificate.valid_at(self.at) and not (expired_leaf and certificate is path[0] and len(path) > 1):
                return f"{name(certificate)} {_out_of_date(certificate, self.at)}"
        copies = self._roots.get(end.thumbprint)
        if not copies:
            return f"{name(end)} is not in the Root store"
        if not serves(copies, self.at, path[0]):
            return f"{name(end)} is not enabled for server authentication"
        return ""

    def is_enabled_root(self, certificate: Certificate) -> bool:
        """Whether it is a self-signed certificate of Root that Windows takes for the end of some server's chain."""
        copies = self._roots.get(certificate.thumbprint)
        return bool(
            copies
            and certificate.thumbprint not in self._disallowed
            and certificate.self_signed
            and serves(copies, self.at)
        )


def _preference(path: Path) -> tuple[int, list[float], list[str]]:
    """Equal quality: the shortest wins (KB 2831004); then the newer start date won (Posh-ACME#383)."""
    above = path[1:]
    return (
        len(path),
        [-certificate.not_before.timestamp() for certificate in above],
        [each.thumbprint for each in above],
    )


def _without_root(path: Path) -> Path:
    return path[:-1] if len(path) > 1 else path


def _out_of_date(certificate: Certificate, at: datetime) -> str:
    if at > certificate.not_after:
        return f"expired on {certificate.not_after:%Y-%m-%d}"
    return f"is not valid before {certificate.not_before:%Y-%m-%d}"


def _by_subject(pool: Iterable[Certificate]) -> Mapping[bytes, Sequence[Certificate]]:
    index: dict[bytes, dict[bytes, Certificate]] = defaultdict(dict)
    for certificate in pool:
        index[certificate.subject].setdefault(certificate.der, certificate)
    return {subject: tuple(found.values()) for subject, found in index.items()}


def _walk(leaf: Certificate, index: Mapping[bytes, Sequence[Certificate]]) -> list[Path]:
    """Every maximal path upwards, shortest first; bounded, because stores may hold many certificates of one name."""
    done: list[Path] = []
    growing: list[Path] = [(leaf,)]
    while growing and len(done) < _PATHS:
        longer: list[Path] = []
        for path in growing:
            above = [] if path[-1].self_signed or len(path) == _DEPTH else _issuers(path, index)
            if above:
                longer.extend((*path, issuer) for issuer in above)
            else:
                done.append(path)
        growing = longer[:_PATHS]
    return done[:_PATHS]


def _issuers(path: Path, index: Mapping[bytes, Sequence[Certificate]]) -> list[Certificate]:
    """No name and key twice in one path: two roots that sign each other would go on for ever."""
    seen = {(certificate.subject, certificate.public_key) for certificate in path}
    return [
        issuer
        for issuer in index.get(path[-1].issuer, ())
        if (issuer.subject, issuer.public_key) not in seen
        and (issuer.is_ca or issuer.self_signed)
        and _signed_by(path[-1], issuer)
    ]


@functools.lru_cache(maxsize=8192)
def _signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """What cannot be checked here (an MD2 signature) does not count: a chain must be one that is known to hold."""
    return certificate.signed_by(issuer) is True
