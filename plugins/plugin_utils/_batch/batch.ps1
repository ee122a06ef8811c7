# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Does the operations of a batch in order and answers each: the controller has decided everything. PowerShell 2.0 to 7.
# No value becomes code. No secret is bound to a cmdlet's parameter or goes down a pipeline: module logging (event 4103)
# writes both down. A call is a hashtable that its operation fills in: what functions output by the way is dropped.
# What is only read from is not closed: the process ends with the batch.

# ---- What only Windows has. Tests put others in the place of these. ----
function Known($name) { return $name -as [type] } # what this .NET has
function Hive($name) {
    if ($name -ceq 'HKLM') { return [Microsoft.Win32.Registry]::LocalMachine }
    if ($name -ceq 'HKU') { return [Microsoft.Win32.Registry]::Users }
    throw "$name is no registry hive that is known here."
}
function OpenStore($name, $flags) {
    $location = [Security.Cryptography.X509Certificates.StoreLocation]'LocalMachine'
    $store = New-Object Security.Cryptography.X509Certificates.X509Store $name, $location
    $store.Open($flags)
    return $store
}
function FindService($name) { return Get-Service -Name $name }
function IsElevated {
    $principal = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    return $principal.IsInRole([Security.Principal.WindowsBuiltInRole]'Administrator')
}
function FindSid($name) {
    $account = New-Object Security.Principal.NTAccount $name
    try { return $account.Translate([Security.Principal.SecurityIdentifier]).ToString() }
    catch { if ($_.Exception.GetBaseException() -isnot [Security.Principal.IdentityNotMappedException]) { throw } }
    return ''
}
function KeyFile($certificate, $key) {
    $name = ''
    if ($null -ne $key.GetType().GetProperty('CspKeyContainerInfo')) {
        $name = $key.CspKeyContainerInfo.UniqueKeyContainerName
    } elseif ($null -ne $key.GetType().GetProperty('Key')) { $name = $key.Key.UniqueName }
    $start = [Environment]::GetFolderPath('CommonApplicationData') + '\Microsoft\Crypto\'
    foreach ($folder in @('RSA\MachineKeys\', 'Keys\', 'SystemKeys\')) {
        if ($name -ne '' -and [IO.File]::Exists($start + $folder + $name)) { return $start + $folder + $name }
    }
    throw (Failure (-2147024894) 'The key is in no file of its own here.')
}
function ReadAccess($path) {
    return (New-Object Security.AccessControl.FileSecurity $path, 'Access').GetSecurityDescriptorSddlForm('Access')
}
function WriteAccess($path, $sddl, $grants) {
    # The list of access only: setting an owner would need a privilege.
    $security = New-Object Security.AccessControl.FileSecurity $path, 'Access'
    if ($sddl) { $security.SetSecurityDescriptorSddlForm($sddl, 'Access') } # an empty text would let everyone in
    foreach ($grant in $grants) {
        $account = New-Object Security.Principal.SecurityIdentifier $grant
        $security.AddAccessRule((New-Object Security.AccessControl.FileSystemAccessRule $account, 'Read', 'Allow'))
    }
    $newer = Known 'System.IO.FileSystemAclExtensions' # .NET has moved the method there
    if ($null -eq $newer) { [IO.File]::SetAccessControl($path, $security) }
    else { $newer::SetAccessControl((New-Object IO.FileInfo $path), $security) }
}
function DeleteKey($certificate) {
    $key = OwnKey $certificate
    if ($null -ne $key.GetType().GetProperty('CspKeyContainerInfo')) { $key.PersistKeyInCsp = $false; $key.Clear() }
    elseif ($null -ne $key.GetType().GetProperty('Key')) { $key.Key.Delete() }
}
function SetName($certificate, $name) { $certificate.FriendlyName = $name }
function NewChain { return New-Object Security.Cryptography.X509Certificates.X509Chain $true } # as the machine sees it
function MetabasePath($path) {
    if ($path -eq '') { return 'IIS://localhost' }
    return 'IIS://localhost/' + $path
}
function OpenNode($path) { return ,[Runtime.InteropServices.Marshal]::BindToMoniker((MetabasePath $path)) }
function UseNode($node, $how, $member) {
    # Late, as script hosts call ADSI. A value that is an array stays one; one in a PSObject would be a COM object.
    [object[]]$values = $args
    for ($i = 0; $i -lt $values.Length; $i++) {
        if ($null -ne $values[$i]) { $values[$i] = $values[$i].psobject.BaseObject }
    }
    return ,$node.GetType().InvokeMember($member, $how, $null, $node, $values)
}
function ChildNames($path, $class) {
    $entry = New-Object DirectoryServices.DirectoryEntry (MetabasePath $path)
    foreach ($each in $entry.psbase.Children) {
        if ($each.psbase.SchemaClassName -eq $class) { $each.psbase.Name }
    }
}
function Dial($address, $port) {
    $client = New-Object Net.Sockets.TcpClient $address.AddressFamily
    return @{ Client = $client; Pending = $client.BeginConnect($address, $port, $null, $null) }
}
function NewMutex { return New-Object Threading.Mutex $false, 'Global\tlsops.windows' }

# ---- Arguments, answers, errors ----
function Bytes($call, $name) {
    if (-not $call.Arguments.ContainsKey($name)) { throw "The argument $name is missing." }
    return ,$call.Arguments[$name][0]
}
function Text($call, $name) { return $utf8.GetString((Bytes $call $name)) }
function Texts($call, $name) {
    if ($call.Arguments.ContainsKey($name)) { foreach ($value in $call.Arguments[$name]) { $utf8.GetString($value) } }
}
function Number($call, $name, $default) {
    if ($call.Arguments.ContainsKey($name)) { return [int](Text $call $name) }
    return $default
}
function FilePath($call, $name) { return [Environment]::ExpandEnvironmentVariables((Text $call $name)) }
function Limit($call, $seconds) {
    $left = $call.Batch.Deadline - $call.Batch.Clock.Elapsed.TotalSeconds
    return [Math]::Max([double]0, [Math]::Min([double]$seconds, [double]$left))
}
function Same($one, $other) { return [string]::Equals([string]$one, $other, [StringComparison]::OrdinalIgnoreCase) }
# One line: a plain keyword, then the further arguments (bytes, else text) in base64; '-' is the empty value.
function Line($builder, $keyword) {
    [void]$builder.Append([string]$keyword)
    foreach ($value in $args) {
        $bytes = $value
        if ($value -isnot [byte[]]) { $bytes = [Text.Encoding]::UTF8.GetBytes([string]$value) }
        $token = '-'
        if ($bytes.Length -gt 0) { $token = [Convert]::ToBase64String($bytes) }
        [void]$builder.Append(' ').Append($token)
    }
    [void]$builder.Append("`n")
}
function Answer($call, $builder) {
    $call.Lines = $builder.ToString()
    $call.Payload = [Text.Encoding]::ASCII.GetBytes($call.Lines)
}
function Failure($number, $text) { return New-Object Runtime.InteropServices.COMException $text, $number }
function ErrorNumber($record) {
    $e = $record.Exception
    while ($null -ne $e.InnerException -and ($e -is [Management.Automation.RuntimeException] -or
            $e -is [Reflection.TargetInvocationException] -or $e.InnerException -is [ComponentModel.Win32Exception])) {
        $e = $e.InnerException
    }
    $type = $e.GetType().FullName
    if ($e -is [ComponentModel.Win32Exception]) { return @('win32', $e.NativeErrorCode, $type, $e.Message) }
    return @('hresult', [Runtime.InteropServices.Marshal]::GetHRForException($e), $type, $e.Message)
}
function Digest($bytes) {
    # SHA256Managed refuses to work under the FIPS policy; the other one needs .NET 3.5.
    try { $sha = New-Object Security.Cryptography.SHA256Managed }
    catch { $sha = New-Object Security.Cryptography.SHA256CryptoServiceProvider }
    return [BitConverter]::ToString($sha.ComputeHash([byte[]]$bytes)).Replace('-', '')
}

# ---- Registry ----
function SplitKey($key) {
    $parts = $key.Split([char[]]'\', 2)
    if ($parts.Length -ne 2 -or $parts[1].Length -eq 0) { throw "$key is not a key below a registry hive." }
    return $parts
}
function OpenKey($key, $writable) {
    $name, $path = SplitKey $key
    $hive = Hive $name
    return $hive.OpenSubKey($path, $writable)
}
function Value($key, $name) { return ,$key.GetValue($name, $null, 'DoNotExpandEnvironmentNames') }
function Sorted($names) {
    $list = New-Object Collections.ArrayList
    foreach ($name in $names) { [void]$list.Add([string]$name) }
    $list.Sort([StringComparer]::Ordinal)
    return $list
}
function RegistryBytes($data) {
    if ($data -is [byte[]]) { return ,$data }
    if ($data -is [int] -or $data -is [long]) { return ,[BitConverter]::GetBytes($data) }
    if ($data -is [string[]]) { $data = [string]::Join("`0", $data) }
    return ,[Text.Encoding]::UTF8.GetBytes([string]$data)
}
function AddPaths($key, $path, $depth, $paths) {
    [void]$paths.Add([string]$path)
    if ($depth -eq 0) { return }
    foreach ($name in $key.GetSubKeyNames()) {
        $child = $key.OpenSubKey($name, $false)
        $below = $name
        if ($path.Length -gt 0) { $below = $path + '\' + $name }
        if ($null -ne $child) { AddPaths $child $below ($depth - 1) $paths }
    }
}
function AddTree($builder, $call, $root) {
    $paths = New-Object Collections.ArrayList
    AddPaths $root '' (Number $call 'depth' (-1)) $paths
    foreach ($path in @(Sorted $paths)) {
        $key = $root
        if ($path.Length -gt 0) { $key = $root.OpenSubKey($path, $false) }
        if ($null -eq $key) { continue }
        Line $builder 'key' $path
        foreach ($name in @(Sorted $key.GetValueNames())) {
            if ($call.Arguments.ContainsKey('value') -and -not (Same $name (Text $call 'value'))) { continue }
            $bytes = RegistryBytes (Value $key $name)
            Line $builder 'value' $path $name ([string]$key.GetValueKind($name)) $bytes
        }
    }
}
function ReadRegistry($call) {
    $builder = New-Object Text.StringBuilder
    $root = OpenKey (Text $call 'key') $false
    if ($null -ne $root -and -not $call.Arguments.ContainsKey('match_name')) { AddTree $builder $call $root }
    elseif ($null -ne $root) {
        foreach ($name in @(Sorted $root.GetSubKeyNames())) {
            $child = $root.OpenSubKey($name, $false)
            if ($null -eq $child) { continue }
            $held = Value $child (Text $call 'match_name')
            $wanted = Text $call 'match_data'
            if ((Same $name $wanted) -or (Same $held $wanted)) { AddTree $builder $call $child }
        }
    }
    Answer $call $builder
}
function WriteRegistry($call) {
    $kind = Text $call 'kind'
    if ($call.Arguments.ContainsKey('file')) { [byte[]]$bytes = [IO.File]::ReadAllBytes((FilePath $call 'file')) }
    else { [byte[]]$bytes = Bytes $call 'data' }
    $data = $bytes
    if ($kind -ceq 'DWord') { $data = [BitConverter]::ToInt32($bytes, 0) }
    if ($kind -ceq 'QWord') { $data = [BitConverter]::ToInt64($bytes, 0) }
    if ($kind -ceq 'String' -or $kind -ceq 'ExpandString') { $data = $utf8.GetString($bytes) }
    if ($kind -ceq 'MultiString') { $data = [string[]]@($utf8.GetString($bytes).Split([char[]]"`0")) }
    if ($kind -ceq 'MultiString' -and $bytes.Length -eq 0) { $data = [string[]]@() }
    $name, $path = SplitKey (Text $call 'key')
    $hive = Hive $name
    $key = $hive.CreateSubKey($path)
    try { $key.SetValue((Text $call 'name'), $data, $kind) } finally { $key.Close() }
}
function DeleteRegistry($call) {
    $name, $path = SplitKey (Text $call 'key')
    $hive = Hive $name
    if ($null -eq $hive.OpenSubKey($path, $false)) { return }
    if (-not $call.Arguments.ContainsKey('name')) { $hive.DeleteSubKeyTree($path); return }
    $key = $hive.OpenSubKey($path, $true)
    try { $key.DeleteValue((Text $call 'name'), $false) } finally { $key.Close() }
}

# ---- Files and programs ----
function ReadFile($call) { $call.Payload = [IO.File]::ReadAllBytes((FilePath $call 'path')) }
function WriteFile($call) {
    [byte[]]$data = Bytes $call 'data'
    $file = [IO.File]::Open((FilePath $call 'path'), 'CreateNew', 'Write')
    try { $file.Write($data, 0, $data.Length) } finally { $file.Close() }
}
function DeleteFile($call) {
    $path = FilePath $call 'path'
    if ([IO.File]::Exists($path)) { [IO.File]::Delete($path) }
}
function Quote($argument) {
    # The rules of CommandLineToArgvW.
    if ($argument.Length -gt 0 -and $argument -notmatch '[\s"]') { return $argument }
    return '"' + ($argument -replace '(\\*)"', '$1$1\"' -replace '(\\+)\z', '$1$1') + '"'
}
function Pipe($reader) {
    [byte[]]$buffer = New-Object 'byte[]' 65536
    $pipe = @{ Stream = $reader.BaseStream; Buffer = $buffer; Kept = New-Object IO.MemoryStream; Open = $true }
    $pipe.Pending = $pipe.Stream.BeginRead($buffer, 0, $buffer.Length, $null, $null)
    return $pipe
}
function Drain($pipe) {
    if (-not $pipe.Open -or -not $pipe.Pending.IsCompleted) { return $false }
    $count = $pipe.Stream.EndRead($pipe.Pending)
    $pipe.Open = $count -gt 0
    if (-not $pipe.Open) { return $true }
    if ($pipe.Kept.Length -lt 16777216) { $pipe.Kept.Write($pipe.Buffer, 0, $count) }
    $pipe.Pending = $pipe.Stream.BeginRead($pipe.Buffer, 0, $pipe.Buffer.Length, $null, $null)
    return $true
}
function Stopped($process) {
    # One that cannot be killed may just have ended by itself.
    try { $process.Kill() } catch { return -not $process.WaitForExit(1000) }
    return $true
}
function RunOnce($info, $seconds) {
    # Both pipes are polled: a program stops when one is full, and script blocks do not work as callbacks of .NET.
    # A pipe may outlive the program (a child of it has the other end): it gets 5 seconds more.
    $process = [Diagnostics.Process]::Start($info)
    try { $process.StandardInput.Close() } catch { } # .NET Framework may still have a byte order mark to write
    $out = Pipe $process.StandardOutput
    $err = Pipe $process.StandardError
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $late = $false
    $ended = $null
    while ($null -eq $ended -or (($out.Open -or $err.Open) -and $ended.Elapsed.TotalSeconds -lt 5)) {
        if (@((Drain $out), (Drain $err)) -notcontains $true) { Start-Sleep -Milliseconds 5 }
        if ($null -ne $ended) { continue }
        $late = -not $process.HasExited -and $watch.Elapsed.TotalSeconds -ge $seconds
        if ($late) { $late = Stopped $process }
        if ($late -or $process.HasExited) { $ended = [Diagnostics.Stopwatch]::StartNew() }
    }
    if ($late) { return @{ Late = $true } }
    return @{ Late = $false; Exit = $process.ExitCode; Out = $out.Kept.ToArray(); Err = $err.Kept.ToArray() }
}
function RunProgram($call) {
    $info = New-Object Diagnostics.ProcessStartInfo
    $info.FileName = FilePath $call 'program'
    $info.Arguments = [string]::Join(' ', [string[]]@(foreach ($each in @(Texts $call 'argument')) { Quote $each }))
    $info.UseShellExecute = $false
    $info.CreateNoWindow = $true
    $info.RedirectStandardInput = $true
    $info.RedirectStandardOutput = $true
    $info.RedirectStandardError = $true
    $accepted = @(Texts $call 'ok_exit')
    if ($accepted.Length -eq 0) { $accepted = @('0') }
    $latin1 = [Text.Encoding]::GetEncoding(28591)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    do {
        if ($null -ne $call.Fault) { Start-Sleep -Seconds 1; $call.Fault = $null }
        $run = RunOnce $info (Limit $call (Number $call 'seconds' 60))
        if ($run.Late) { $call.Fault = @('timeout', 0, '', 'The program did not end in time and was stopped.'); return }
        $said = $latin1.GetString($run.Out) + $latin1.GetString($run.Err)
        if ($accepted -notcontains [string]$run.Exit) {
            $call.Fault = @('exit', $run.Exit, '', $said.Substring(0, [Math]::Min(500, $said.Length)))
        }
    } while ($null -ne $call.Fault -and $watch.Elapsed.TotalSeconds -lt (Number $call 'retry_seconds' 0) -and
        [regex]::IsMatch($said, (Text $call 'retry_match')) -and (Limit $call 3) -ge 3)
    $builder = New-Object Text.StringBuilder
    Line $builder 'exit' $run.Exit
    Line $builder 'stdout' $run.Out
    Line $builder 'stderr' $run.Err
    Answer $call $builder
}

# ---- Certificate stores and keys ----
function FindCertificate($store, $thumbprint) {
    $found = $store.Certificates.Find('FindByThumbprint', [string]$thumbprint, $false)
    if ($found.Count -gt 0) { return $found[0] }
}
function GetCertificate($name, $thumbprint) {
    $store = OpenStore $name 'OpenExistingOnly, IncludeArchived'
    $certificate = FindCertificate $store $thumbprint
    if ($null -eq $certificate) { throw (Failure (-2146885628) 'The certificate is not in the store.') }
    return $certificate
}
function GetKeyed($call) {
    $certificate = GetCertificate (Text $call 'store') (Text $call 'thumbprint')
    if (-not $certificate.HasPrivateKey) { throw (Failure (-2146893802) 'The certificate has no private key here.') }
    return $certificate
}
function PrivateKey($certificate) {
    # The property PrivateKey fails silently for CNG keys (and they do not open at all on .NET 2.0): so the methods.
    $rsa = Known 'System.Security.Cryptography.X509Certificates.RSACertificateExtensions'
    $ecdsa = Known 'System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions'
    $key = $null
    if ($null -ne $rsa) { $key = $rsa::GetRSAPrivateKey($certificate) }
    if ($null -eq $key -and $null -ne $ecdsa) { $key = $ecdsa::GetECDsaPrivateKey($certificate) }
    if ($null -eq $key) { $key = $certificate.get_PrivateKey() }
    return $key
}
function OwnKey($certificate) {
    # A CSP's key opens by CNG too, but only its own provider tells where it is, and deletes it. This fails for CNG keys.
    $key = $null
    try { $key = $certificate.get_PrivateKey() } catch { }
    if ($null -eq $key) { $key = PrivateKey $certificate }
    return $key
}
function KeyFacts($certificate) {
    # A key that does not open tells nothing; a list that cannot be read is empty.
    $facts = @('', '', 0, '', '')
    if (-not $certificate.HasPrivateKey) { return $facts }
    try {
        $key = OwnKey $certificate
        if ($null -ne $key.GetType().GetProperty('CspKeyContainerInfo')) {
            $info = $key.CspKeyContainerInfo
            $facts = @($info.ProviderName, $info.KeyContainerName, [int]$info.KeyNumber, '', '')
            $facts[3] = [int]$info.get_Exportable()
        } elseif ($null -ne $key.GetType().GetProperty('Key')) {
            $facts = @($key.Key.Provider.Provider, $key.Key.KeyName, 0, '', '')
            $facts[3] = [int](([int]$key.Key.get_ExportPolicy() -band 3) -ne 0)
        }
        $facts[4] = ReadAccess (KeyFile $certificate $key)
    } catch { }
    return $facts
}
function ReadStores($call) {
    $builder = New-Object Text.StringBuilder
    foreach ($name in @(Texts $call 'store')) {
        if ($null -eq (OpenKey ('HKLM\SOFTWARE\Microsoft\SystemCertificates\' + $name) $false)) { continue }
        $store = OpenStore $name 'OpenExistingOnly, IncludeArchived'
        Line $builder 'store' $name
        foreach ($each in $store.Certificates) {
            $keyed = [int]$each.HasPrivateKey
            $provider, $container, $spec, $exportable, $access = KeyFacts $each
            $parts = @($each.RawData, $keyed, $each.FriendlyName, [int]$each.Archived)
            Line $builder 'certificate' $name @parts $provider $container $spec $exportable $access
        }
    }
    Answer $call $builder
}
function AddTo($name, $certificate) {
    # What is there already keeps its properties: adding it again could drop them.
    $store = OpenStore $name 'ReadWrite, IncludeArchived'
    try { if ($null -eq (FindCertificate $store $certificate.Thumbprint)) { $store.Add($certificate) } }
    finally { $store.Close() }
}
function AddCertificate($call) {
    [byte[]]$der = Bytes $call 'certificate'
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(,$der)
    AddTo (Text $call 'store') $certificate
}
function CopyCertificate($call) {
    AddTo (Text $call 'to') (GetCertificate (Text $call 'from') (Text $call 'thumbprint'))
}
function RemoveCertificate($call) {
    $store = OpenStore (Text $call 'store') 'ReadWrite, IncludeArchived'
    try {
        $certificate = FindCertificate $store (Text $call 'thumbprint')
        if ($null -eq $certificate) { return }
        if ($call.Arguments.ContainsKey('with_key') -and $certificate.HasPrivateKey) { RemoveKey $certificate }
        $store.Remove($certificate)
    } finally { $store.Close() }
}
function RemoveKey($certificate) {
    # NTE_BAD_KEYSET: it is gone already.
    try { DeleteKey $certificate } catch { if (@(ErrorNumber $_)[1] -ne -2146893802) { throw } }
}
function ExportPfx($call) {
    $certificate = GetKeyed $call
    $call.Payload = $certificate.Export('Pfx', $utf8.GetString((Bytes $call 'password')))
}
function ImportPfx($call) {
    # The file has one key: the controller sends no other. What it brought goes again where it cannot stay.
    $found = New-Object Security.Cryptography.X509Certificates.X509Certificate2Collection
    [byte[]]$data = Bytes $call 'pfx'
    $flags = 18 # MachineKeySet and PersistKeySet
    if ($call.Arguments.ContainsKey('exportable')) { $flags = 22 }
    $found.Import($data, $utf8.GetString((Bytes $call 'password')), $flags)
    $kept = $false
    try { PutKeyed $call $found; $kept = $true }
    finally {
        foreach ($each in $found) {
            if (-not $kept -and $each.HasPrivateKey) { try { DeleteKey $each } catch { } }
        }
    }
}
function PutKeyed($call, $found) {
    $certificate = $null
    foreach ($each in $found) { if (Same $each.Thumbprint (Text $call 'thumbprint')) { $certificate = $each } }
    if ($null -eq $certificate) { throw (Failure (-2146885628) 'The certificate is not in the file.') }
    if (-not $certificate.HasPrivateKey) { throw (Failure (-2146893802) 'The certificate has no key in the file.') }
    if ($call.Arguments.ContainsKey('friendly_name')) { SetName $certificate (Text $call 'friendly_name') }
    $store = OpenStore (Text $call 'store') 'ReadWrite, IncludeArchived'
    try {
        # One that is there would keep the link that it has, or has not.
        $there = FindCertificate $store $certificate.Thumbprint
        if ($null -ne $there) { $store.Remove($there) }
        $store.Add($certificate)
    } finally { $store.Close() }
}
function SetAccess($call) {
    $certificate = GetKeyed $call
    $path = KeyFile $certificate (OwnKey $certificate)
    $sddl = ''
    if ($call.Arguments.ContainsKey('sddl')) { $sddl = Text $call 'sddl' }
    $grants = @(Texts $call 'grant')
    if ($sddl -ne '' -or $grants.Length -gt 0) { WriteAccess $path $sddl $grants }
    $builder = New-Object Text.StringBuilder
    Line $builder 'sddl' (ReadAccess $path)
    Answer $call $builder
}
function FindAccounts($call) {
    $builder = New-Object Text.StringBuilder
    foreach ($name in @(Texts $call 'name')) {
        $sid = $name
        if ($name -cnotmatch '\AS-1(-[0-9]+)+\z') { $sid = FindSid $name }
        Line $builder 'account' $name $sid
    }
    Answer $call $builder
}
function ProveKey($call) {
    $builder = New-Object Text.StringBuilder
    [byte[]]$data = Bytes $call 'data'
    $certificate = GetKeyed $call
    $hashes = Known 'System.Security.Cryptography.HashAlgorithmName'
    $paddings = Known 'System.Security.Cryptography.RSASignaturePadding'
    $newer = Known 'System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions'
    $algorithm = 'rsa-pkcs1-sha1'
    $why = ''
    try {
        $key = PrivateKey $certificate
        if ($key -is [Security.Cryptography.RSA] -and $null -ne $paddings) {
            # Older providers sign nothing newer than SHA-1.
            try {
                $signature = $key.SignData($data, $hashes::SHA256, $paddings::Pkcs1)
                $algorithm = 'rsa-pkcs1-sha256'
            } catch { $signature = $key.SignData($data, $hashes::SHA1, $paddings::Pkcs1) }
        } elseif ($key -is [Security.Cryptography.RSACryptoServiceProvider]) {
            $signature = $key.SignData($data, 'SHA1')
        } else {
            $signature = $key.SignData($data, $hashes::SHA256)
            $algorithm = 'ecdsa-sha256'
        }
    } catch {
        # NTE_BAD_PROV_TYPE: before .NET 4.6.1 there is no way to a CNG key; from then on the key itself is at fault.
        $cause = $_.Exception.GetBaseException()
        $number = @(ErrorNumber $_)[1]
        if ($null -ne $newer -or ($number -ne -2146893804 -and $cause -isnot [NotSupportedException])) { throw }
        $why = $cause.Message
    }
    if ($why -ne '') { Line $builder 'unproven' $why }
    else {
        Line $builder 'algorithm' $algorithm
        Line $builder 'signature' $signature
    }
    $provider, $container, $spec, $exportable, $access = KeyFacts $certificate
    Line $builder 'key' $provider $container $spec $exportable
    Answer $call $builder
}
function ReadChain($call) {
    [byte[]]$der = Bytes $call 'certificate'
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(,$der)
    $chain = NewChain
    $chain.ChainPolicy.RevocationMode = 'NoCheck'
    $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds(1)
    $null = $chain.Build($certificate)
    $status = 0
    foreach ($each in $chain.ChainStatus) { $status = $status -bor [int]$each.Status }
    $builder = New-Object Text.StringBuilder
    Line $builder 'status' $status
    Answer $call $builder
}

# ---- The metabase of IIS 6.0 ----
function NodeValue($node, $name) {
    # E_ADS_PROPERTY_NOT_SET, _NOT_SUPPORTED (the IIS provider's own answer), _NOT_FOUND; or an empty default.
    $value = $null
    try { $value = UseNode $node 'InvokeMethod' 'Get' $name }
    catch { if (@(-2147463163, -2147463162, -2147463155) -notcontains @(ErrorNumber $_)[1]) { throw } }
    if ($null -eq $value -or $value -is [DBNull]) { return }
    if (($value -is [string] -or $value -is [array]) -and $value.Length -eq 0) { return }
    return ,$value
}
function BinaryBytes($value) {
    # One array of bytes, or of variants: a byte each, or an array of bytes.
    $kept = New-Object IO.MemoryStream
    foreach ($each in $value) {
        [byte[]]$bytes = $each
        $kept.Write($bytes, 0, $bytes.Length)
    }
    return ,$kept.ToArray()
}
function KindOf($value) {
    if ($value -is [bool]) { return @('flag', [string][int]$value) }
    if ($value -is [string]) { return @('text', $value) }
    if ($value -isnot [array]) { return @('number', [string][long]$value) }
    if ($value[0] -is [string]) { return @('texts', [string]::Join("`0", [string[]]$value)) }
    return @('binary', (BinaryBytes $value))
}
function IsInherited($node, $name) {
    # Of a default, which is set nowhere, there may be no attributes.
    try { return [int](UseNode (UseNode $node 'InvokeMethod' 'GetPropertyAttribObj' $name) 'GetProperty' 'IsInherit') }
    catch { return 0 }
}
function AddNode($builder, $call, $path) {
    $node = OpenNode $path
    Line $builder 'node' $path
    foreach ($name in @(Texts $call 'name')) {
        $value = NodeValue $node $name
        if ($null -eq $value) { continue }
        $kind, $data = KindOf $value
        Line $builder 'value' $path $name $kind $data (IsInherited $node $name)
    }
}
function ReadNode($call) {
    $builder = New-Object Text.StringBuilder
    $path = Text $call 'path'
    AddNode $builder $call $path
    if ($call.Arguments.ContainsKey('children')) {
        $names = @(ChildNames $path (Text $call 'children'))
        foreach ($name in @(Sorted $names)) { AddNode $builder $call ($path + '/' + $name) }
    }
    Answer $call $builder
}
function Units($data) {
    # Not by an encoding: a unit may be half of a surrogate pair.
    $units = New-Object Text.StringBuilder
    for ($i = 0; $i -lt $data.Length; $i += 2) { [void]$units.Append([char][BitConverter]::ToUInt16($data, $i)) }
    return $units.ToString()
}
function NodeData($kind, $data, $form) {
    if ($kind -ceq 'text') { return $utf8.GetString($data) }
    if ($kind -ceq 'number') { return [int]$utf8.GetString($data) }
    if ($kind -ceq 'flag') { return $utf8.GetString($data) -ceq '1' }
    if ($kind -ceq 'binary' -and $form -ceq 'units') { return Units $data }
    $parts = $null
    if ($kind -ceq 'texts') { $parts = $utf8.GetString($data).Split([char[]]"`0") }
    elseif ($kind -ceq 'binary' -and $form -ceq 'bytes') { $parts = ,$data }
    elseif ($kind -ceq 'binary' -and $form -ceq 'elements') { $parts = $data }
    elseif ($kind -ceq 'binary' -and $form -ceq 'hex') { $parts = [BitConverter]::ToString($data).Split([char[]]'-') }
    else { throw "$kind $form is no kind of value that is known here." }
    # An array of variants, as a script host makes it; an array of texts would stay one, whatever it is cast to.
    $list = New-Object Collections.ArrayList
    foreach ($part in $parts) { [void]$list.Add($part) }
    return ,$list.ToArray()
}
function OwnValue($node, $name) {
    if ((IsInherited $node $name) -eq 0) { return ,(NodeValue $node $name) }
}
function ClearValue($node, $name) {
    if ($null -ne (OwnValue $node $name)) { $null = UseNode $node 'InvokeMethod' 'PutEx' 1 $name $null }
}
function SetValues($call, $form) {
    $node = OpenNode (Text $call 'path')
    $kinds = @(Texts $call 'kind')
    $number = 0
    foreach ($name in @(Texts $call 'name')) {
        [byte[]]$data = $call.Arguments['data'][$number]
        if ($kinds[$number] -ceq 'clear') { ClearValue $node $name }
        else { $null = UseNode $node 'InvokeMethod' 'Put' $name (NodeData $kinds[$number] $data $form) }
        $number++
    }
    $null = UseNode $node 'InvokeMethod' 'SetInfo'
}
function Holds($call) {
    # Another object: the one that was written to would answer from its cache.
    $node = OpenNode (Text $call 'path')
    $kinds = @(Texts $call 'kind')
    $number = 0
    foreach ($name in @(Texts $call 'name')) {
        [byte[]]$data = $call.Arguments['data'][$number]
        if ($kinds[$number] -ceq 'binary') {
            $held = NodeValue $node $name
            if ($null -eq $held) { return $false }
            if ([BitConverter]::ToString((BinaryBytes $held)) -ne [BitConverter]::ToString($data)) { return $false }
        }
        $number++
    }
    return $true
}
function OwnValues($call) {
    $node = OpenNode (Text $call 'path')
    $found = @{}
    foreach ($name in @(Texts $call 'name')) { $found[$name] = OwnValue $node $name }
    return $found
}
function PutBack($call, $values) {
    # As ADSI gave them: none of the forms is this metabase's.
    $node = OpenNode (Text $call 'path')
    foreach ($name in @(Texts $call 'name')) {
        if ($null -eq $values[$name]) { ClearValue $node $name }
        else { $null = UseNode $node 'InvokeMethod' 'Put' $name $values[$name] }
    }
    $null = UseNode $node 'InvokeMethod' 'SetInfo'
}
function WriteNode($call) {
    if (@(Texts $call 'kind') -notcontains 'binary') { SetValues $call ''; return }
    $before = OwnValues $call
    $why = ''
    foreach ($form in @(Texts $call 'form')) {
        try { SetValues $call $form }
        catch {
            $why = @(ErrorNumber $_)[3]
            if (@(ErrorNumber $_)[1] -eq -2147024891) { throw } # access denied: in any form
            continue
        }
        try { if (Holds $call) { return } } catch { $why = @(ErrorNumber $_)[3] }
        try { PutBack $call $before } catch { $why = @(ErrorNumber $_)[3] }
    }
    throw (Failure (-2147024883) "The metabase took the binary value in none of the forms. $why")
}
function InvokeNode($call) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        try { return UseNode (OpenNode (Text $call 'path')) 'InvokeMethod' (Text $call 'method') }
        catch {
            $over = $watch.Elapsed.TotalSeconds -ge (Number $call 'retry_seconds' 0) -or (Limit $call 3) -lt 3
            if ($over -or @(Texts $call 'retry') -notcontains [string]@(ErrorNumber $_)[1]) { throw }
        }
        Start-Sleep -Seconds 1
    }
}

# ---- Host, services, sockets ----
function WindowsVersion {
    $key = OpenKey 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion' $false
    $version = [string](Value $key 'CurrentMajorVersionNumber') + '.' + [string](Value $key 'CurrentMinorVersionNumber')
    if ($version -eq '.') { $version = [string](Value $key 'CurrentVersion') }
    return $version
}
function ReadHost($call) {
    $key = OpenKey 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion' $false
    $version = WindowsVersion
    $edition = [string](Value $key 'EditionID')
    if ($edition -eq '') { $edition = [string](Value $key 'ProductName') }
    $builder = New-Object Text.StringBuilder
    Line $builder 'computer_name' ([Environment]::MachineName)
    Line $builder 'os_version' ($version + '.' + [string](Value $key 'CurrentBuildNumber'))
    Line $builder 'edition' $edition
    Line $builder 'powershell_version' ([string]$PSVersionTable.PSVersion)
    Line $builder 'clr_version' ([string][Environment]::Version)
    Line $builder 'language_mode' ([string]$ExecutionContext.SessionState.LanguageMode)
    Line $builder 'ui_language' ([Globalization.CultureInfo]::InstalledUICulture.Name)
    Line $builder 'system_root' ([Environment]::GetEnvironmentVariable('SystemRoot'))
    Line $builder 'clock' ([DateTime]::UtcNow.ToFileTimeUtc())
    Line $builder 'elevated' ([int](IsElevated))
    foreach ($each in @('HKLM\SOFTWARE', 'HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT')) {
        try { if ($null -ne (OpenKey $each $true)) { Line $builder 'writable' $each } } catch { }
    }
    Answer $call $builder
}
function UseService($call) {
    $service = FindService (Text $call 'name')
    $key = OpenKey ('HKLM\SYSTEM\CurrentControlSet\Services\' + (Text $call 'name')) $false
    $action = Text $call 'action'
    $wanted = @{ query = 0; start = 4; stop = 1 }[$action]
    if ($null -eq $wanted) { throw "$action is nothing that is done to a service here." }
    $status = [int]$service.get_Status()
    if ($wanted -eq 4 -and $status -eq 1) { $service.Start() }
    if ($wanted -eq 1 -and $status -eq 4) { $service.Stop() }
    $limit = Limit $call (Number $call 'seconds' 30)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    while ($wanted -ne 0 -and [int]$service.get_Status() -ne $wanted -and $null -eq $call.Fault) {
        Start-Sleep -Milliseconds 100
        if ($watch.Elapsed.TotalSeconds -ge $limit) { $call.Fault = @('timeout', 0, '', 'It took too long.') }
        $service.Refresh()
    }
    $builder = New-Object Text.StringBuilder
    Line $builder 'status' ([int]$service.get_Status())
    Line $builder 'start' ([string](Value $key 'Start'))
    Answer $call $builder
}
function EndsIn($stream, $tail) {
    $start = [int]$stream.Length - $tail.Length
    if ($tail.Length -eq 0 -or $start -lt 0) { return $false }
    return [BitConverter]::ToString($stream.GetBuffer(), $start, $tail.Length) -eq [BitConverter]::ToString($tail)
}
function Exchange($call) {
    $address = [Net.IPAddress]::Parse((Text $call 'address'))
    $limit = Limit $call (Number $call 'seconds' 10)
    $watch = [Diagnostics.Stopwatch]::StartNew()
    [byte[]]$data = Bytes $call 'data'
    [byte[]]$tail = @()
    if ($call.Arguments.ContainsKey('ends_with')) { $tail = Bytes $call 'ends_with' }
    [byte[]]$buffer = New-Object 'byte[]' 16384
    $kept = New-Object IO.MemoryStream
    $quiet = [Diagnostics.Stopwatch]::StartNew()
    $dialled = Dial $address (Number $call 'port' 0)
    $client = $dialled.Client
    try {
        $pending = $dialled.Pending
        if (-not $pending.AsyncWaitHandle.WaitOne([int]($limit * 1000), $false)) {
            $call.Fault = @('timeout', 0, '', 'Nothing answered in time.')
            return
        }
        $client.EndConnect($pending)
        $stream = $client.GetStream()
        $stream.Write($data, 0, $data.Length)
        while ($watch.Elapsed.TotalSeconds -lt $limit -and $kept.Length -lt 1048576 -and -not (EndsIn $kept $tail)) {
            if ($client.Available -gt 0) {
                $kept.Write($buffer, 0, $stream.Read($buffer, 0, $buffer.Length))
                $quiet.Reset()
                $quiet.Start()
            } elseif ($client.Client.Poll(0, 'SelectRead') -and -not ($client.Available -gt 0)) { break }
            elseif ($kept.Length -gt 0 -and $quiet.ElapsedMilliseconds -ge (Number $call 'quiet_ms' 200)) { break }
            else { Start-Sleep -Milliseconds 5 }
        }
    } finally { $client.Close() }
    $call.Payload = $kept.ToArray()
}

# ---- The batch ----
function Plain($token) { return $utf8.GetString([Convert]::FromBase64String($token.Replace('-', ''))) }
function NewCall($batch, $tokens) {
    $call = @{ Name = Plain $tokens[1]; Arguments = @{}; Batch = $batch; Lines = ''; Fault = $null }
    $call.Payload = [byte[]]@()
    $call.Undo = New-Object Collections.ArrayList
    if (-not $operations.ContainsKey($call.Name)) { throw "$($call.Name) is no operation that is known here." }
    for ($i = 2; $i -lt $tokens.Length; $i += 2) {
        $name = Plain $tokens[$i]
        if (-not $call.Arguments.ContainsKey($name)) { $call.Arguments[$name] = New-Object Collections.ArrayList }
        [void]$call.Arguments[$name].Add([Convert]::FromBase64String($tokens[$i + 1].Replace('-', '')))
    }
    return $call
}
function ReadRequest($batch, $lines) {
    foreach ($line in $lines) {
        $tokens = $line.Split([char[]]' ')
        if ($tokens[0] -ceq 'batch') {
            $batch.Nonce = Plain $tokens[2]
            $batch.Version = Plain $tokens[1]
            $batch.Write = (Plain $tokens[3]) -ceq 'write'
            $batch.Deadline = [double](Plain $tokens[4])
            $batch.Wait = [int](Plain $tokens[5])
        }
        elseif ($tokens[0] -ceq 'do') { [void]$batch.Calls.Add((NewCall $batch $tokens)) }
        elseif ($tokens[0] -ceq 'undo') {
            $call = $batch.Calls[$batch.Calls.Count - 1]
            [void]$call.Undo.Add((NewCall $batch $tokens))
        }
        elseif ($tokens[0] -ceq 'end') { $batch.Ended = $true; break }
        else { throw 'There is a line that is not understood.' }
    }
    if ($batch.Version -cne '1' -or -not $batch.Ended) { throw 'The batch has another version, or is cut off.' }
}
function Perform($call) {
    try {
        if ($call.Arguments.ContainsKey('before_os')) {
            $major = [int](WindowsVersion).Split([char[]]'.')[0]
            if ($major -ge (Number $call 'before_os' 0)) {
                $call.Fault = @('os', $major, '', "This is not done on Windows $major.")
                return
            }
        }
        $handler = $operations[$call.Name]
        $null = & $handler $call
        $expected = $null -eq $call.Fault -and $call.Arguments.ContainsKey('expect')
        if ($expected -and -not (Same (Digest $call.Payload) (Text $call 'expect'))) {
            $call.Fault = @('expect', 0, '', 'The value is not the one that was expected.')
        }
    } catch { $call.Fault = @(ErrorNumber $_) }
}
function Outcome($call) {
    if ($null -eq $call.Fault) { return @('ok', '', 0, '', '') }
    return @('error') + $call.Fault
}
function AddAnswer($answers, $number, $outcome, $call) {
    # A payload of lines follows as it is, each behind a space: in base64 once more it would take a quarter more room.
    if ($call.Lines.Length -eq 0) { Line $answers 'answer' $number @outcome $call.Payload; return }
    Line $answers 'answer' $number @outcome ''
    $lines = $call.Lines.Substring(0, $call.Lines.Length - 1)
    [void]$answers.Append(' ').Append($lines.Replace("`n", "`n ")).Append("`n")
}
function RunCalls($batch, $answers) {
    $done = New-Object Collections.ArrayList
    $failed = $false
    for ($i = 0; $i -lt $batch.Calls.Count; $i++) {
        $call = $batch.Calls[$i]
        if ($failed) { Line $answers 'answer' $i 'skipped' '' 0 '' '' ''; continue }
        if ($batch.Clock.Elapsed.TotalSeconds -lt $batch.Deadline) { Perform $call }
        else { $call.Fault = @('deadline', 0, '', 'The time of the batch was over.') }
        $outcome = @(Outcome $call)
        AddAnswer $answers $i $outcome $call
        if ($null -eq $call.Fault) { [void]$done.Add($i) }
        $failed = $batch.Write -and $null -ne $call.Fault -and -not $call.Arguments.ContainsKey('keep_going')
    }
    if (-not $failed) { return }
    $batch.Deadline = [double]::MaxValue
    for ($i = $done.Count - 1; $i -ge 0; $i--) {
        $number = 0
        foreach ($undo in $batch.Calls[$done[$i]].Undo) {
            Perform $undo
            $outcome = @(Outcome $undo)
            Line $answers 'undone' $done[$i] $number @outcome
            $number++
            if ($null -ne $undo.Fault) { break }
        }
    }
}
function RunBatch($batch, $lines, $answers) {
    try { ReadRequest $batch $lines }
    catch { $batch.Fault = @('batch') + @(ErrorNumber $_)[1..3]; return }
    # A mutex of another account may be refused. It is gone when the last batch of that account has ended.
    $mutex = $null
    while ($null -eq $mutex) {
        try { $mutex = NewMutex }
        catch {
            if ($_.Exception.GetBaseException() -isnot [UnauthorizedAccessException]) { throw }
            if ($batch.Clock.Elapsed.TotalSeconds -ge $batch.Wait) {
                $batch.Fault = @('busy', -2147024891, '', 'Another account has the mutex.')
                return
            }
            Start-Sleep -Milliseconds 200
        }
    }
    $left = [Math]::Max([double]0, $batch.Wait - $batch.Clock.Elapsed.TotalSeconds)
    # A mutex whose owner was killed is ours all the same.
    try { $ours = $mutex.WaitOne([int]($left * 1000), $false) }
    catch { $ours = $_.Exception.GetBaseException() -is [Threading.AbandonedMutexException]; if (-not $ours) { throw } }
    if (-not $ours) { $batch.Fault = @('busy', 0, '', 'Another batch is still running.'); return }
    # What was waited for others is not this batch's time.
    $batch.Clock = [Diagnostics.Stopwatch]::StartNew()
    try { RunCalls $batch $answers } finally { $mutex.ReleaseMutex() }
}

# ---- Here it begins ----
$ErrorActionPreference = 'Stop'
$utf8 = New-Object Text.UTF8Encoding $false, $true
$operations = @{
    'reg.read' = 'ReadRegistry'; 'reg.write' = 'WriteRegistry'; 'reg.delete' = 'DeleteRegistry'
    'file.read' = 'ReadFile'; 'file.write' = 'WriteFile'; 'file.delete' = 'DeleteFile'
    'host.info' = 'ReadHost'; 'run' = 'RunProgram'; 'service' = 'UseService'; 'tcp.exchange' = 'Exchange'
    'store.read' = 'ReadStores'; 'store.add' = 'AddCertificate'; 'store.copy' = 'CopyCertificate'
    'store.remove' = 'RemoveCertificate'; 'store.export_pfx' = 'ExportPfx'
    'store.import_pfx' = 'ImportPfx'; 'key.prove' = 'ProveKey'; 'key.acl' = 'SetAccess'; 'account.sid' = 'FindAccounts'
    'adsi.read' = 'ReadNode'; 'adsi.write' = 'WriteNode'; 'adsi.invoke' = 'InvokeNode'; 'chain.status' = 'ReadChain'
}
$batch = @{ Nonce = ''; Version = ''; Write = $false; Deadline = [double]0; Wait = 0; Ended = $false; Fault = $null }
$batch.Clock = [Diagnostics.Stopwatch]::StartNew()
$batch.Calls = New-Object Collections.ArrayList
$answers = New-Object Text.StringBuilder
$lines = New-Object Collections.ArrayList
foreach ($line in $input) { [void]$lines.Add([string]$line) }
try { $null = RunBatch $batch $lines $answers } catch { $batch.Fault = @(ErrorNumber $_) }
$outcome = @(Outcome $batch)
Line $answers 'batch' @outcome

$packed = New-Object IO.MemoryStream
$deflate = New-Object IO.Compression.DeflateStream $packed, ([IO.Compression.CompressionMode]'Compress'), $true
$bytes = [Text.Encoding]::ASCII.GetBytes($answers.ToString())
$deflate.Write($bytes, 0, $bytes.Length)
$deflate.Close()
'-----BEGIN ' + $batch.Nonce + '-----'
[Convert]::ToBase64String($packed.ToArray(), 'InsertLineBreaks')
'-----END ' + $batch.Nonce + '-----'
