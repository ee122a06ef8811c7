# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is, and the rules that no source settles or that differ between hosts: each can be set."""

from __future__ import annotations

import dataclasses

CLASSIC = (
    *("ipport", "certhash", "appid", "certstorename", "verifyclientcertrevocation"),
    *("verifyrevocationwithcachedclientcertonly", "usagecheck", "revocationfreshnesstime", "urlretrievaltimeout"),
    *("sslctlidentifier", "sslctlstorename", "dsmapperusage", "clientcertnegotiation"),
)
EDITION = "ServerStandard"
SNI = ["hostnameport", "ccs"]  # Windows 8 / Server 2012 and newer
SERVER_2016 = ["reject", "disablehttp2"]
SERVER_2019 = ["disablequic", "disabletls13", "disableocspstapling", "disablelegacytls"]  # the last: KB4490481
SERVER_2022 = ["disabletls12", "enabletokenbinding", "logextendedevents", "enablesessionticket"]
SERVER_2025 = ["disablesessionid"]


@dataclasses.dataclass(frozen=True)
class Product:
    """One Windows version as it reports itself."""

    os_version: str
    name: str
    powershell: str
    clr: str
    iis: tuple[int, int]
    netsh_update: bool
    netsh_parameters: tuple[str, ...]
    tls: tuple[str, ...] = ("1.2",)
    edition: str = EDITION  # the value EditionID, which came with Vista
    maker: str = ""  # in front of ProductName
    lacks: tuple[str, ...] = ()  # programs below system32

    @property
    def major(self) -> int:
        return int(self.os_version.partition(".")[0])

    @property
    def full_name(self) -> str:
        """ProductName."""
        return f"{self.maker}Windows Server {self.name}"

    @property
    def cng(self) -> bool:
        """Keys of CNG came with Vista."""
        return self.major >= 6


_CLR4 = "4.0.30319.42000"
_TO_2016 = (*CLASSIC, *SNI, *SERVER_2016)
_TO_2019 = (*_TO_2016, *SERVER_2019)
_TO_2022 = (*_TO_2019, *SERVER_2022)

# TLS 1.0 is the default's upper limit on 2008 R2; 1.3 came with Server 2022. 1.0 and 1.1 beside 1.2 are left out.
# netsh http update sslcert: absent on 2012 R2, its API documented from Windows 10 1703: not expected on 2016.
# On 2003: PowerShell 2.0 and WinRM 2.0 by KB968930; netsh has no context http, the tool of its time was httpcfg.
PRODUCTS = {
    "2003": Product(
        *("5.2.3790", "2003", "2.0", "2.0.50727.3655", (6, 0), False, (), ("1.0",)),
        edition="",
        maker="Microsoft ",
        lacks=(r"inetsrv\appcmd.exe", "netsh.exe http"),
    ),
    "2008r2": Product("6.1.7601", "2008 R2 Standard", "2.0", "2.0.50727.5420", (7, 5), False, CLASSIC, ("1.0",)),
    "2012": Product("6.2.9200", "2012 Standard", "3.0", _CLR4, (8, 0), False, (*CLASSIC, *SNI)),
    "2012r2": Product("6.3.9600", "2012 R2 Standard", "4.0", _CLR4, (8, 5), False, (*CLASSIC, *SNI)),
    "2016": Product("10.0.14393", "2016 Standard", "5.1.14393.7426", _CLR4, (10, 0), False, _TO_2016),
    "2019": Product("10.0.17763", "2019 Standard", "5.1.17763.6414", _CLR4, (10, 0), True, _TO_2019),
    "2022": Product("10.0.20348", "2022 Standard", "5.1.20348.2760", _CLR4, (10, 0), True, _TO_2022, ("1.2", "1.3")),
    "2025": Product(
        "10.0.26100", "2025 Standard", "5.1.26100.2161", _CLR4, (10, 0), True, (*_TO_2022, *SERVER_2025), ("1.2", "1.3")
    ),
}


@dataclasses.dataclass
class Options:
    """The settable rules, with their defaults; ``README.md`` says what each stands for."""

    # The session
    elevated: bool = True
    administrator: bool = True  # a member of Administrators; with elevated false: one that UAC has filtered
    language_mode: str = "FullLanguage"  # ConstrainedLanguage: no script of ours runs
    powershell: str = "runs"  # runs, missing, blocked (by a policy: AppLocker, Software Restriction)
    denied_keys: list[str] = dataclasses.field(default_factory=list)  # registry keys: nothing is written below them
    disk_full: str = ""  # files: none can be written; all: registry values neither
    missing_programs: list[str] = dataclasses.field(default_factory=list)  # below system32, e.g. certreq.exe
    iis: bool = True  # false: IIS is not installed, http.sys is there
    code_page: str = "oem"  # what programs print in: oem, or 65001 (WinRM shells that Ansible opens)
    tls_versions: list[str] | None = None  # what listeners speak; None: as the product
    winrm: str = ""  # 2.0 or 3.0: whose quotas hold; empty: as the product's PowerShell
    mutex_refused_seconds: float = 0  # for so long another account's batch has the mutex, and this one may not open it
    clr: str = ""  # what .NET says it is; 4.0.30319.34209 (.NET 4.5) reaches no CNG keys; empty: as the product

    # Keys and accounts
    network_logon_dpapi: bool = True  # false: this logon cannot write a key that a PFX brings
    pfx_provider: str = ""  # where a PFX's key lands; empty: RSA with the CSP, others with CNG
    pfx_key_spec: int = 0  # for a CSP; 0: AT_KEYEXCHANGE (1)
    accounts: dict[str, str] = dataclasses.field(default_factory=dict)  # further accounts: name -> SID

    # netsh and http.sys
    netsh_update: bool | None = None  # None: as the product
    netsh_parameters: list[str] | None = None
    netsh_unknown_parameter: str = "exit0"  # exit0 or exit1: nothing is made either way
    netsh_refused_parameters: list[str] = dataclasses.field(default_factory=list)
    netsh_87_after_certreq: int = 0  # tries that fail after certreq -accept of a CNG key
    netsh_failures: dict[str, int] = dataclasses.field(default_factory=dict)  # verb -> error of its next call
    sni_key_style: str = "opaque"  # opaque or hostport
    ip_record_hides_sni: str = "exact"  # exact, any, never
    listen_only: list[str] = dataclasses.field(default_factory=list)

    # Schannel and the stores
    schannel_keeps_chain_until_restart: bool = False
    root_without_server_auth: str = "enabled"  # enabled or disabled: a usage list that lacks server authentication
    disallowed_filetime_disables: bool = False  # property 104
    automatic_update: bool = True
    automatic_update_restores: list[str] = dataclasses.field(default_factory=list)
    automatic_update_overwrites: bool = True  # also a changed copy, not only an absent one
    directory_restores: list[str] = dataclasses.field(default_factory=list)  # Enterprise copies, from Active Directory

    # certreq and appcmd
    certreq_checks_chain: bool = False
    certreq_dialog_without_q: bool | None = None  # None: not on 2003, which has no -q
    certreq_options: list[str] | None = None  # those that it knows; None: as the product
    certreq_unknown_keys: str = "refused"  # refused or ignored: keys of an INF that are newer than Server 2003
    request_dummy: str = "full"  # full or bare: whether a pending request's dummy has its extensions
    request_drops: list[str] = dataclasses.field(default_factory=list)  # attributes (OID) that certreq leaves out
    request_subject: str = "reversed"  # reversed or written: which way round the INF's subject gets into the request
    appcmd_lists_at_most: int = 0  # bindings of one site; 0: no limit
    shared_configuration: str = ""  # attributes of configurationRedirection
    iis6_compatibility: bool = False  # the metabase mapper is installed, and does what its properties say

    # IIS 6.0: the metabase, ADSI, SHA-2
    adsi_binary_form: str = "units"  # units, bytes, elements or hex: how ADSI takes a binary value
    adsi_other_forms: str = "refused"  # refused or wrong: what becomes of a binary value in another form
    adsi_clear_unset: int = 0  # HRESULT of clearing a property that is not set there; 0: nothing happens
    metabase_busy: int = 0  # calls of SaveData that fail with 0x80070094
    metabase_saves_after: float = 60  # seconds from a change to the disk
    metabase_inherits: list[str] = dataclasses.field(default_factory=list)  # further properties, e.g. SecureBindings
    iis6_takes_certificate: str = "site_start"  # site_start or at_once: when a started site serves what is written
    iis6_start_error: int = 0x80070034  # HRESULT of a start that collides
    iis6_start_failures: dict[str, int] = dataclasses.field(default_factory=dict)  # site -> HRESULT of its next start
    iis6_settling_reads: int = 0  # reads that show a site as starting or stopping behind Start and Stop
    iis6_settling_calls: int = 0  # calls of Start and Stop that fail with 0x80070425 behind one that was done
    iis6_already: int = 0  # HRESULT of Start of a site that has started, and of Stop of one that has stopped; 0: none
    iis6_default_store: str = "MY"  # the store of a site that has no SSLStoreName; empty: no certificate is found
    com_starts_iisadmin: bool = True  # false: the metabase cannot be opened while the service IISADMIN does not run
    sha2: bool = True  # false: Server 2003 without KB938397 and KB968730
    sha2_status: int = 8  # what X509Chain says of such a signature there: X509ChainStatusFlags
