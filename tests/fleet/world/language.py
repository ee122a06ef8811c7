# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows programs say, in the host's language and code page. Nothing may depend on these words."""

from __future__ import annotations

FACILITY_WIN32 = 0x8007  # an HRESULT made of a Windows error
OEM = {"en-US": "cp437", "ja-JP": "cp932", "de-DE": "cp850"}

_WINDOWS = {
    2: ("The system cannot find the file specified.", "指定されたファイルが見つかりません。"),
    3: ("The system cannot find the path specified.", "指定されたパスが見つかりません。"),
    5: ("Access is denied.", "アクセスが拒否されました。"),
    13: ("The data is invalid.", "データが無効です。"),
    52: (
        "You were not connected because a duplicate name exists on the network.",
        "ネットワーク上に同じ名前があるため、接続されませんでした。",
    ),
    87: ("The parameter is incorrect.", "パラメーターが間違っています。"),
    148: ("The path specified cannot be used at this time.", "指定されたパスは現時点では使用できません。"),
    183: ("Cannot create a file when that file already exists.", "既に存在するファイルを作成することはできません。"),
    1058: (
        "The service cannot be started, either because it is disabled or because it has no enabled devices associated"
        " with it.",
        "無効になっているか、または関連付けられた有効なデバイスがないため、サービスを開始できません。",
    ),
    1061: (
        "The service cannot accept control messages at this time.",
        "サービスは現在、コントロール メッセージを受け付けることができません。",
    ),
    1062: ("The service has not been started.", "サービスを開始できませんでした。"),
    1312: (
        "A specified logon session does not exist. It may already have been terminated.",
        "指定されたログオン セッションは存在しません。そのセッションは既に終了している可能性があります。",
    ),
    0x800401E4: ("Invalid syntax", "構文が無効です。"),
    0x80005006: ("Unknown error (0x80005006)", "不明なエラーです (0x80005006)"),
    0x8000500C: ("Unknown error (0x8000500c)", "不明なエラーです (0x8000500c)"),
    0x80020006: ("Unknown name.", "名前が不明です。"),
    0x80092004: ("Cannot find object or property.", "オブジェクトまたはプロパティが見つかりません。"),
    0x8009310B: ("ASN1 bad tag value met.", "ASN1 の不正なタグ値に出会いました。"),
    0x800B0109: (
        "A certificate chain processed, but terminated in a root certificate which is not trusted by the trust"
        " provider.",
        "証明書チェーンは正しく処理されましたが、信頼プロバイダーが信頼していないルート証明書で強制終了しました。",
    ),
    0x800B010A: (
        "A certificate chain could not be built to a trusted root authority.",
        "信頼されたルート機関への証明書チェーンを作成できませんでした。",
    ),
}

_PHRASES = {
    "error": ("Error", "エラー"),
    "netsh add failed": ("SSL Certificate add failed, ", "SSL 証明書の追加に失敗しました。"),
    "netsh update failed": ("SSL Certificate update failed, ", "SSL 証明書の更新に失敗しました。"),
    "netsh delete failed": ("SSL Certificate deletion failed, ", "SSL 証明書の削除に失敗しました。"),
    "netsh added": ("SSL Certificate successfully added", "SSL 証明書を正常に追加しました"),
    "netsh updated": ("SSL Certificate successfully updated", "SSL 証明書を正常に更新しました"),
    "netsh deleted": ("SSL Certificate successfully deleted", "SSL 証明書を正常に削除しました"),
    "netsh show": ("SSL Certificate bindings:", "SSL 証明書のバインド:"),
    "netsh not found": (
        "The following command was not found: {}.",
        "次のコマンドは見つかりませんでした: {}",
    ),
    "netsh unknown tag": (
        "{} is not a valid argument for this command.",
        "{} はこのコマンドの有効な引数ではありません。",
    ),
    "netsh syntax": (
        "The syntax supplied for this command is not valid. Check help for the correct syntax.",
        "このコマンドに指定された構文は正しくありません。ヘルプで正しい構文を確認してください。",
    ),
    "netsh usage": ("Usage: {} [parameters]", "使用法: {} [パラメーター]"),
    "netsh commands": ("The following commands are available:", "次のコマンドを使用できます:"),
    "elevation": (
        "The requested operation requires elevation (Run as administrator).",
        "要求された操作には管理者特権が必要です (管理者として実行してください)。",
    ),
    "certreq": ("Certificate Request Processor", "証明書要求プロセッサ"),
    "certreq installed": ("Installed Certificate:", "インストールされた証明書:"),
    "certreq created": ("Request Created", "要求が作成されました"),
    "appcmd missing": (
        'Cannot find SITE object with identifier "{}".',
        '識別子 "{}" の SITE オブジェクトが見つかりません。',
    ),
    "appcmd duplicate site": (
        "Cannot create a file when that file already exists.\r\n",
        "既に存在するファイルを作成することはできません。\r\n",
    ),
    "appcmd duplicate binding": (
        "New binding object missing required attributes. Cannot add duplicate collection entry of type 'binding' with"
        " combined key attributes 'protocol, bindingInformation' respectively set to '{}'",
        "新しい binding オブジェクトに必要な属性がありません。"
        "キー属性 'protocol, bindingInformation' が '{}' に設定されている"
        " 'binding' 型の重複するコレクション エントリを追加できません",
    ),
    "appcmd unknown": (
        'Failed to process input: The parameter "{}" is not valid.',
        '入力を処理できませんでした: パラメーター "{}" は無効です。',
    ),
    "appcmd started": ('"{}" successfully started.', '"{}" が正常に開始されました。'),
    "appcmd already started": ('"{}" is already started.', '"{}" は既に開始されています。'),
    "appcmd stopped": ('"{}" successfully stopped', '"{}" が正常に停止されました'),
    "appcmd changed": ('SITE object "{}" changed', 'SITE オブジェクト "{}" は変更されました'),
    "appcmd cannot": (
        "The object identifier does not represent a valid object.",
        "オブジェクト識別子は有効なオブジェクトを表していません。",
    ),
    "appcmd too much": (
        "The data area passed to a system call is too small.",
        "システム コールに渡されるデータ領域が小さすぎます。",
    ),
}


class Language:
    """Japanese where the host speaks it, else English."""

    def __init__(self, tag: str, code_page: str = "oem") -> None:
        self.tag = tag
        self._index = 1 if tag.lower().startswith("ja") else 0
        self._encoding = "utf-8" if str(code_page) == "65001" else OEM.get(tag, "cp437")

    def windows(self, number: int) -> str:
        """The system's text for an error number, or for the HRESULT made of one."""
        number &= 0xFFFFFFFF
        texts = _WINDOWS.get(number & 0xFFFF if number >> 16 == FACILITY_WIN32 else number)
        return texts[self._index] if texts else f"0x{number:x}"

    def say(self, phrase: str, *values: object) -> str:
        return _PHRASES[phrase][self._index].format(*values)

    def encode(self, text: str) -> bytes:
        """Console output: the code page's bytes, what it lacks as a question mark."""
        return text.encode(self._encoding, "replace")
