# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands where netsh, certreq, certutil or appcmd stand on Windows: asks the fleet to be that program.

It is copied into the folder of a host, under the program's Windows path, and needs nothing but Python.
"""

import base64
import os
import socket
import sys


def main() -> int:
    """An exit code has eight bits here: Windows has 32."""
    port, word = os.environ["TLSOPS_WORLD_DESK"].split()
    words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
    tokens = [base64.b64encode(each.encode("utf-8", "surrogateescape")).decode() or "-" for each in words]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as connection:
        connection.sendall(" ".join([word, "run", *tokens]).encode("ascii") + b"\n")
        with connection.makefile("rb") as stream:
            status, *answer = stream.readline().decode("ascii").split()
    fields = [base64.b64decode("" if each == "-" else each) for each in answer]
    if status != "done":
        sys.stderr.write(f"{fields}\n")
        return 255
    exit_code, stdout, stderr = fields
    sys.stdout.buffer.write(stdout)
    sys.stderr.buffer.write(stderr)
    return int(exit_code) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
