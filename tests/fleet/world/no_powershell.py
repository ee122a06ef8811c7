# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes on standard error, and nothing else, where PowerShell does not start or runs no script of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host

# cmd.exe's own words, as it prints them.
MISSING = {
    "en": "'PowerShell' is not recognized as an internal or external command,\noperable program or batch file.\n",
    "de": 'Der Befehl "PowerShell" ist entweder falsch geschrieben oder\nkonnte nicht gefunden werden.\n',
    "ja": "'PowerShell' は、内部コマンドまたは外部コマンド、\n"
    "操作可能なプログラムまたはバッチ ファイルとして認識されていません。\n",
}
# ERROR_ACCESS_DISABLED_BY_POLICY (1260).
BLOCKED = {
    "en": "This program is blocked by group policy. For more information, contact your system administrator.\n",
    "de": "Dieses Programm wurde durch eine Gruppenrichtlinie geblockt. Wenden Sie sich an den Systemadministrator, um "
    "weitere Informationen zu erhalten.\n",
    "ja": "このプログラムはグループ ポリシーによってブロックされています。"
    "詳細については、システム管理者に問い合わせてください。\n",
}
# Identifiers are not translated; the rows are cut at the width of a console that nobody sees.
CONSTRAINED = (
    '#< CLIXML\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
    '<S S="Error">New-Object : Cannot create type. Only core types are supported in this language mode._x000D__x000A_'
    '</S><S S="Error">At line:1 char:4_x000D__x000A_</S><S S="Error">+ $t=New-Object Text.StringBuilder;while($input.Mo'
    'veNext()){$l=[string]$inpu ..._x000D__x000A_</S><S S="Error">    + CategoryInfo          : PermissionDenied: (:) ['
    'New-Object], PSNotSupporte _x000D__x000A_</S><S S="Error">   dException_x000D__x000A_</S><S S="Error">    + FullyQ'
    "ualifiedErrorId : CannotCreateTypeConstrainedLan _x000D__x000A_</S>"
    '<S S="Error">   guage,Microsoft.PowerShell.Commands.NewObjectCommand_x000D__x000A_</S></Objs>'
)


def instead(host: Host) -> str:
    """Empty where it runs."""
    language = host.language.tag.partition("-")[0]
    texts = {"missing": MISSING, "blocked": BLOCKED}.get(host.options.powershell)
    if texts is not None:
        return texts.get(language, texts["en"])
    return CONSTRAINED if host.options.language_mode == "ConstrainedLanguage" else ""
