# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the script may be written with: present in PowerShell 2.0 on .NET 2.0. Everything else is a finding.

To add a word, look up its first version in Microsoft's documentation. What is newer goes into ``NEWER``, and may then
be used only where the type is asked for first (``'Full.Name' -as [type]``).
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Cmdlets of PowerShell 2.0, with the parameters that may be named.
CMDLETS: dict[str, frozenset[str]] = {
    "New-Object": _words("-ArgumentList"),
    "Start-Sleep": _words("-Seconds -Milliseconds"),
    "Get-Service": _words("-Name"),
}

OPERATORS = _words(
    "-eq -ne -gt -ge -lt -le -ceq -cne -like -notlike -match -notmatch -cmatch -cnotmatch -replace -creplace"
    " -contains -notcontains -split -join -is -isnot -as"
)

# Node types of the grammar that stand for syntax of PowerShell 2.0. There is no pipeline, no redirection, no script
# block as a value, no backtick at a line's end: the script does without.
SYNTAX = _words(
    "additive_argument_expression additive_expression argument_expression argument_expression_list argument_list"
    " array_expression array_literal_expression array_type_name assignement_operator assignment_expression"
    " bitwise_argument_expression bitwise_expression cast_expression catch_clause catch_clauses command"
    " command_argument_sep command_elements command_invokation_operator command_name command_name_expr"
    " command_parameter comment comparison_argument_expression comparison_expression comparison_operator"
    " decimal_integer_literal do_statement element_access else_clause elseif_clause elseif_clauses empty_statement"
    " expandable_string_literal expression_with_unary_operator finally_clause flow_control_statement for_condition"
    " for_initializer for_iterator for_statement foreach_statement format_argument_expression format_expression"
    " function_name function_parameter_declaration function_statement generic_token hash_entry hash_literal_body"
    " hash_literal_expression if_statement integer_literal invokation_expression key_expression"
    " left_assignment_expression logical_argument_expression logical_expression member_access member_name"
    " multiplicative_argument_expression multiplicative_expression parameter_list parenthesized_expression"
    " path_command_name pipeline pipeline_chain post_decrement_expression post_increment_expression program"
    " range_argument_expression range_expression script_block script_block_body script_parameter simple_name"
    " statement_block statement_list string_literal sub_expression try_statement type_identifier type_literal"
    " type_name type_spec unary_expression variable verbatim_string_characters while_condition while_statement"
)

# As written in the script: PowerShell puts "System." in front where needed.
TYPES = _words(
    "void type int long double bool char byte[] char[] object[] string string[] array regex"
    " BitConverter Convert DateTime DBNull Environment Math NotSupportedException StringComparer StringComparison"
    " TimeSpan"
    " Collections.ArrayList ComponentModel.Win32Exception Diagnostics.Process Diagnostics.ProcessStartInfo"
    " Diagnostics.Stopwatch DirectoryServices.DirectoryEntry Globalization.CultureInfo"
    " IO.Compression.CompressionMode IO.Compression.DeflateStream"
    " IO.File IO.FileInfo IO.MemoryStream Management.Automation.RuntimeException Microsoft.Win32.Registry Net.IPAddress"
    " Net.Sockets.TcpClient Reflection.TargetInvocationException Runtime.InteropServices.COMException"
    " Runtime.InteropServices.Marshal Security.AccessControl.FileSecurity Security.AccessControl.FileSystemAccessRule"
    " Security.Cryptography.RSA Security.Cryptography.RSACryptoServiceProvider"
    " Security.Cryptography.SHA256Managed Security.Cryptography.X509Certificates.StoreLocation"
    " Security.Cryptography.X509Certificates.X509Certificate2 Security.Cryptography.X509Certificates.X509Chain"
    " Security.Cryptography.X509Certificates.X509Store"
    " Security.Cryptography.X509Certificates.X509Certificate2Collection Security.Principal.IdentityNotMappedException"
    " Security.Principal.NTAccount Security.Principal.SecurityIdentifier"
    " Security.Principal.WindowsBuiltInRole Security.Principal.WindowsIdentity Security.Principal.WindowsPrincipal"
    " Text.Encoding Text.StringBuilder Text.UTF8Encoding Threading.AbandonedMutexException Threading.Mutex"
    " UnauthorizedAccessException"
)

# .NET 3.5: behind a catch, where the .NET 2.0 way is refused (FIPS).
FALLBACK_TYPES = _words("Security.Cryptography.SHA256CryptoServiceProvider")

MEMBERS = _words(
    # System, System.Text, System.Globalization
    "ASCII Append Equals Exception FromBase64String FullName GetBaseException GetBytes GetEncoding"
    " GetEnvironmentVariable ExpandEnvironmentVariables GetProperty GetString GetType InnerException InstalledUICulture"
    " IsMatch Join Length MachineName Max MaxValue Message Min Name Ordinal OrdinalIgnoreCase Parse Replace Split"
    " Substring ToBase64String ToFileTimeUtc ToInt32 ToInt64 ToString ToUInt16 FromSeconds UTF8 UtcNow Version"
    # System.Collections
    " Add ContainsKey Count Remove Sort"
    # System.IO
    " Close Delete Exists GetBuffer Open Read ReadAllBytes ToArray Write BeginRead EndRead"
    # System.Diagnostics, System.Threading
    " BaseStream CreateNoWindow Elapsed ElapsedMilliseconds ExitCode FileName HasExited Kill RedirectStandardError"
    " RedirectStandardInput RedirectStandardOutput Reset StandardError StandardInput StandardOutput Start StartNew"
    " TotalSeconds UseShellExecute WaitForExit AsyncWaitHandle IsCompleted ReleaseMutex WaitOne"
    # System.Net
    " AddressFamily Available BeginConnect Client EndConnect GetStream Poll"
    # System.Security
    " AddAccessRule Archived Certificates Clear ComputeHash CspKeyContainerInfo Export Find FriendlyName GetCurrent"
    " GetFolderPath GetSecurityDescriptorSddlForm HasPrivateKey Import IsInRole KeyContainerName KeyNumber"
    " PersistKeyInCsp ProviderName RawData SetAccessControl SetSecurityDescriptorSddlForm SignData Thumbprint Translate"
    " UniqueKeyContainerName get_Exportable get_PrivateKey"
    " Build ChainPolicy ChainStatus RevocationMode Status UrlRetrievalTimeout"
    # Microsoft.Win32, System.ServiceProcess, System.Runtime.InteropServices
    " CreateSubKey DeleteSubKeyTree DeleteValue GetSubKeyNames GetValue GetValueKind GetValueNames LocalMachine"
    " OpenSubKey SetValue Users Refresh Stop get_Status GetHRForException NativeErrorCode"
    # System.DirectoryServices, late calls of COM objects
    " BindToMoniker Children InvokeMember SchemaClassName"
    # PowerShell; LanguageMode is empty on 2.0
    " BaseObject LanguageMode PSVersion SessionState psbase psobject"
)

# .NET 3.5 (CNG keys) and 4.6: reached only through a type that was asked for, or a property that was looked for.
NEWER = _words("GetECDsaPrivateKey GetRSAPrivateKey Key KeyName Provider UniqueName get_ExportPolicy Pkcs1 SHA1 SHA256")

# Keys of the script's own hashtables that no literal declares.
OWN_KEYS = _words("Calls Clock Pending Undo Arguments Payload Fault")

# PowerShell sets these itself.
AUTOMATIC = _words(
    "$ args error host input matches pid home profile pwd this event eventargs sender foreach switch ofs myinvocation"
    " nestedpromptlevel pshome pscmdlet psboundparameters psitem psscriptroot pscommandpath psculture psuiculture"
    " psversiontable shellid stacktrace executioncontext lastexitcode consolefilename true false ?  ^ _"
    " iswindows islinux ismacos iscoreclr enabledexperimentalfeatures psedition"
)
READABLE = _words("true false null _ args input psversiontable executioncontext")

# Arguments of an operation that a log may hold. Every other one may be a secret.
PUBLIC_ARGUMENTS = _words(
    "store from to thumbprint certificate key name kind address port action program sddl grant path children"
)
