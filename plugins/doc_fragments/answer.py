# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate as the certificate authority (CA) sent it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  answer:
    description:
      - The CA's answer as text - a whole mail, PEM, or PKCS#7 in PEM.
      - A mail may be quoted-printable, base64 or HTML, in parts and attachments to any reasonable depth, a zip archive
        among them, in any encoding that is in use in Japan or Europe.
      - Everything around the certificates is skipped, and their order does not matter. The leaf is found by the
        public key of a pending request or of a certificate on the host.
      - Mutually exclusive with O(answer_path).
    type: str
  answer_path:
    description:
      - A file on the controller with the CA's answer - a saved mail with its attachments, PEM, PKCS#7 in PEM or
        DER, a certificate in DER, or a zip archive of such files.
      - An error names the line of this file. In base64 and in a zip archive there are none, so it names the attachment
        and the line in that.
      - A relative path is relative to the folder of the play. An Ansible Vault file is decrypted.
      - Mutually exclusive with O(answer).
    type: path
"""
