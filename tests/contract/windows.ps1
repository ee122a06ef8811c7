# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What a whole task needs besides, on Linux: keys that tell of their containers, listeners at addresses of their own.
# Goes behind stores.ps1, and is not part of the contract lane: there keys and sockets are .NET's own.

# One line to the fleet and one back; behind the first word everything is base64.
function WorldAsk($verb, $words) {
    $port, $secret = $env:TLSOPS_WORLD_DESK.Split([char[]]' ')
    $line = $secret + ' ' + $verb
    foreach ($word in $words) { $line += ' ' + [WorldKey]::EncodeText([string]$word) }
    $client = New-Object Net.Sockets.TcpClient '127.0.0.1', ([int]$port)
    try {
        $stream = $client.GetStream()
        [byte[]]$bytes = [Text.Encoding]::ASCII.GetBytes($line + "`n")
        $stream.Write($bytes, 0, $bytes.Length)
        $reader = New-Object IO.StreamReader $stream
        $answer = $reader.ReadLine().Split([char[]]' ')
    } finally { $client.Close() }
    if ($answer[0] -cne 'done') {
        $number = [int][WorldKey]::Plain($answer[2])
        throw (New-Object Runtime.InteropServices.COMException ([WorldKey]::Plain($answer[3])), $number)
    }
    if ($answer.Length -lt 2) { return '' }
    return [WorldKey]::Plain($answer[1])
}

function WorldDial($address, $port) {
    $found = [int](WorldAsk 'port' @($address.ToString(), $port))
    if ($found -eq 0) { $found = 1 } # nobody listens there
    $loopback = [Net.IPAddress]::Loopback
    $client = New-Object Net.Sockets.TcpClient $loopback.AddressFamily
    return @{ Client = $client; Pending = $client.BeginConnect($loopback, $found, $null, $null) }
}
Set-Alias -Name Dial -Value WorldDial -Scope Global

# What RSACryptoServiceProvider tells of its container.
class WorldContainer {
    [string] $ProviderName
    [string] $KeyContainerName
    [int] $KeyNumber
    [bool] $MayLeave

    [bool] get_Exportable() { return $this.MayLeave }
}
class WorldCspKey {
    [string] $Thumbprint
    [bool] $PersistKeyInCsp = $true
    [object] $CspKeyContainerInfo

    [void] Clear() { if (-not $this.PersistKeyInCsp) { [WorldKeys]::Drop($this.Thumbprint) } }
}

# What RSACng and ECDsaCng tell of their CngKey.
class WorldProvider {
    [string] $Provider
}
class WorldCngContainer {
    [string] $Thumbprint
    [object] $Provider
    [string] $KeyName
    [bool] $MayLeave

    [int] get_ExportPolicy() { return 3 * [int] $this.MayLeave }
    [void] Delete() { [WorldKeys]::Drop($this.Thumbprint) }
}
class WorldCngKey {
    [object] $Key
}

function WorldCsp($certificate, $row) {
    $info = [WorldContainer]::new()
    $info.ProviderName = [WorldKey]::Plain($row[2])
    $info.KeyContainerName = [WorldKey]::Plain($row[1])
    $info.KeyNumber = [int]$row[5]
    $info.MayLeave = $row[3] -ceq '1'
    $key = [WorldCspKey]::new()
    $key.Thumbprint = $certificate.Thumbprint
    $key.CspKeyContainerInfo = $info
    return $key
}
function WorldCng($certificate, $row) {
    $provider = [WorldProvider]::new()
    $provider.Provider = [WorldKey]::Plain($row[2])
    $container = [WorldCngContainer]::new()
    $container.Thumbprint = $certificate.Thumbprint
    $container.Provider = $provider
    $container.KeyName = [WorldKey]::Plain($row[1])
    $container.MayLeave = $row[3] -ceq '1'
    $key = [WorldCngKey]::new()
    $key.Key = $container
    return $key
}
function WorldOwnKey($certificate) {
    [WorldKeys]::Load()
    $container = [WorldKeys]::Links[$certificate.Thumbprint]
    if ($null -eq $container) { return PrivateKey $certificate } # of a file: it lies in no container
    [string[]]$row = [WorldKeys]::Containers[$container]
    if ([WorldKey]::Plain($row[2]) -eq 'Microsoft Software Key Storage Provider') { return WorldCng $certificate $row }
    return WorldCsp $certificate $row
}
Set-Alias -Name OwnKey -Value WorldOwnKey -Scope Global
