# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Certificate stores and private keys, kept in files; goes behind world.ps1.

# Containers of private keys: keys.txt, and keys/<thumbprint>.pfx for each certificate whose key can be used.
class WorldKeys {
    static [hashtable] $Containers = $null
    static [hashtable] $Links = $null
    static [string] $Default = '-'

    static [string] Source() { return [IO.Path]::Combine($env:TLSOPS_WORLD, 'keys.txt') }
    static [string] Pfx([string] $thumbprint) {
        return [IO.Path]::Combine($env:TLSOPS_WORLD, 'keys', ($thumbprint.ToUpperInvariant() + '.pfx'))
    }

    # Containers by their name: the tokens of their line. Links by the thumbprint: the container's name.
    static [void] Load() {
        [WorldKeys]::Containers = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        [WorldKeys]::Links = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        foreach ($line in [IO.File]::ReadAllLines([WorldKeys]::Source())) {
            $tokens = $line.Split([char[]]' ')
            if ($tokens[0] -ceq 'default') { [WorldKeys]::Default = $tokens[1] }
            elseif ($tokens[0] -ceq 'container') { [WorldKeys]::Containers[[WorldKey]::Plain($tokens[1])] = $tokens }
            elseif ($tokens[0] -ceq 'link') { [WorldKeys]::Links[$tokens[1]] = [WorldKey]::Plain($tokens[2]) }
        }
    }

    static [void] Save() {
        $lines = New-Object 'Collections.Generic.List[string]'
        $lines.Add('default ' + [WorldKeys]::Default)
        foreach ($each in @([WorldKeys]::Containers.Keys)) {
            [string[]] $row = [WorldKeys]::Containers[$each]
            $lines.Add([string]::Join(' ', $row))
        }
        foreach ($each in @([WorldKeys]::Links.Keys)) {
            $lines.Add('link ' + $each + ' ' + [WorldKey]::EncodeText([WorldKeys]::Links[$each]))
        }
        [IO.File]::WriteAllLines([WorldKeys]::Source(), $lines.ToArray())
    }

    # A new container for the key that came with a certificate. What is returned is its property KEY_PROV_INFO.
    static [byte[]] Make([object] $certificate) {
        [WorldKeys]::Load()
        [IO.File]::WriteAllBytes([WorldKeys]::Pfx($certificate.Thumbprint), $certificate.Export('Pfx', 'setup'))
        $container = '{' + [Guid]::NewGuid().ToString() + '}'
        $provider = 'Microsoft Software Key Storage Provider'
        $kind = 0
        if ($certificate.PublicKey.Oid.Value -eq '1.2.840.113549.1.1.1') {
            $provider = 'Microsoft Enhanced Cryptographic Provider v1.0'
            $kind = 1
        }
        $names = @([WorldKey]::EncodeText($container), [WorldKey]::EncodeText($provider))
        $row = @('container') + $names + @('1', '1', '1', [WorldKeys]::Default, '-')
        [WorldKeys]::Containers[$container] = [string[]] $row
        [WorldKeys]::Links[$certificate.Thumbprint] = $container
        [WorldKeys]::Save()
        return [WorldKeys]::Link($container, $provider, $kind)
    }

    # Seven numbers (offsets of the names, provider type, flag of the machine, two of nothing, key spec), the names.
    static [byte[]] Link([string] $container, [string] $provider, [int] $kind) {
        [byte[]] $first = [Text.Encoding]::Unicode.GetBytes($container + "`0")
        [byte[]] $second = [Text.Encoding]::Unicode.GetBytes($provider + "`0")
        $stream = New-Object IO.MemoryStream
        foreach ($number in @(28, (28 + $first.Length), $kind, 32, 0, 0, $kind)) {
            [byte[]] $bytes = [BitConverter]::GetBytes([int] $number)
            $stream.Write($bytes, 0, 4)
        }
        $stream.Write($first, 0, $first.Length)
        $stream.Write($second, 0, $second.Length)
        return $stream.ToArray()
    }

    # The key is deleted: whatever named its container names nothing any more.
    static [void] Drop([string] $thumbprint) {
        [WorldKeys]::Load()
        $container = [WorldKeys]::Links[$thumbprint]
        if ($null -eq $container) { return }
        [WorldKeys]::Containers.Remove($container)
        foreach ($each in @([WorldKeys]::Links.Keys)) {
            if ([WorldKeys]::Links[$each] -eq $container) {
                [WorldKeys]::Links.Remove($each)
                [IO.File]::Delete([WorldKeys]::Pfx($each))
            }
        }
        [WorldKeys]::Save()
    }
}

# A store of the machine: a real one of the user, which is made to hold what the registry's Blobs say.
class WorldStore {
    static [hashtable] $Names = @{}
    [string] $Name
    [bool] $Writable
    [object] $Real
    [object] $Certificates

    WorldStore([string] $name, [bool] $writable, [object] $real) {
        $this.Name = $name
        $this.Writable = $writable
        $this.Real = $real
        $this.Fill()
    }

    # The physical stores of a logical one; the first is its own.
    static [string[]] Places([string] $name) {
        $places = @('HKLM\SOFTWARE\Microsoft\SystemCertificates\' + $name)
        if ($name -eq 'ROOT') { $places += 'HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot' }
        if (@('ROOT', 'CA', 'Disallowed') -contains $name) {
            $places += 'HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\' + $name
            $places += 'HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\' + $name
            $places += 'HKU\S-1-5-18\SOFTWARE\Microsoft\SystemCertificates\' + $name
        }
        return $places
    }

    # The records of a Blob by their number: number, 1, length, data; 2 names the key, 32 is the certificate.
    static [hashtable] Records([byte[]] $blob) {
        $records = @{}
        $at = 0
        while ($at + 12 -le $blob.Length) {
            $length = [BitConverter]::ToInt32($blob, $at + 8)
            if ($length -lt 0 -or $length -gt $blob.Length - $at - 12) { return @{} } # Windows ignores it
            [byte[]] $data = [byte[]]::new($length)
            [Array]::Copy($blob, $at + 12, $data, 0, $length)
            $records[[BitConverter]::ToInt32($blob, $at)] = $data
            $at += 12 + $length
        }
        return $records
    }

    # By thumbprint the records of what lies in the registry for this store.
    [hashtable] Wanted() {
        $found = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        foreach ($place in [WorldStore]::Places($this.Name)) {
            $top = $place + '\Certificates'
            if (-not [WorldKey]::Tree.ContainsKey($top)) { continue }
            foreach ($thumbprint in [WorldKey]::new($top).GetSubKeyNames()) {
                $values = [WorldKey]::Tree[$top + '\' + $thumbprint]
                if (-not $values.ContainsKey('Blob') -or $found.ContainsKey($thumbprint)) { continue }
                $value = $values['Blob']
                $records = [WorldStore]::Records($value.Bytes)
                if ($records.ContainsKey(32)) { $found[$thumbprint] = $records }
            }
        }
        return $found
    }

    static [bool] Keyed([string] $thumbprint, [hashtable] $records) {
        return $records.ContainsKey(2) -and [IO.File]::Exists([WorldKeys]::Pfx($thumbprint))
    }

    static [object] Opened([string] $thumbprint, [hashtable] $records) {
        $opened = New-Object Security.Cryptography.X509Certificates.X509Certificate2Collection
        if ([WorldStore]::Keyed($thumbprint, $records)) {
            $opened.Import([IO.File]::ReadAllBytes([WorldKeys]::Pfx($thumbprint)), 'setup', 20)
        }
        else {
            [byte[]] $der = $records[32]
            $opened.Import($der)
        }
        return $opened[0]
    }

    # The real store gets what it lacks, and loses what the registry does not have, or has with another key.
    [void] Fill() {
        [WorldKey]::Fresh()
        $wanted = $this.Wanted()
        $held = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        foreach ($each in $this.Real.Certificates) {
            $stays = $wanted.ContainsKey($each.Thumbprint)
            if ($stays) {
                $stays = $each.HasPrivateKey -eq [WorldStore]::Keyed($each.Thumbprint, $wanted[$each.Thumbprint])
            }
            if ($stays) { $held[$each.Thumbprint] = $true }
            else { $this.Real.Remove($each) }
        }
        foreach ($thumbprint in @($wanted.Keys)) {
            if ($held.ContainsKey($thumbprint)) { continue }
            $this.Real.Add([WorldStore]::Opened($thumbprint, $wanted[$thumbprint]))
        }
        $this.Certificates = $this.Real.Certificates
    }

    # One with a key that lies in another store comes with all that is known of it there: it is a copy.
    static [byte[]] BlobOf([object] $certificate) {
        $end = '\Certificates\' + $certificate.Thumbprint
        foreach ($place in @([WorldKey]::Tree.Keys)) {
            if (-not $certificate.HasPrivateKey) { break }
            if (-not $place.EndsWith($end, [StringComparison]::OrdinalIgnoreCase)) { continue }
            $value = [WorldKey]::Tree[$place]['Blob']
            if ($null -eq $value) { continue }
            $records = [WorldStore]::Records($value.Bytes)
            if ($records.ContainsKey(2)) { return $value.Bytes }
        }
        $stream = New-Object IO.MemoryStream
        [WorldStore]::AddRecord($stream, 3, $certificate.GetCertHash())
        if ($certificate.HasPrivateKey) { [WorldStore]::AddRecord($stream, 2, [WorldKeys]::Make($certificate)) }
        $label = [WorldStore]::Names[$certificate.Thumbprint]
        if ($null -ne $label) { [WorldStore]::AddRecord($stream, 11, [Text.Encoding]::Unicode.GetBytes($label + "`0")) }
        [WorldStore]::AddRecord($stream, 32, $certificate.RawData)
        return $stream.ToArray()
    }

    static [void] AddRecord([object] $stream, [int] $number, [byte[]] $data) {
        foreach ($each in @($number, 1, $data.Length)) {
            [byte[]] $bytes = [BitConverter]::GetBytes([int] $each)
            $stream.Write($bytes, 0, 4)
        }
        $stream.Write($data, 0, $data.Length)
    }

    [string] Top() {
        if (-not $this.Writable) { throw [UnauthorizedAccessException]::new('the store was opened to be read only') }
        [WorldKey]::Fresh()
        return [WorldStore]::Places($this.Name)[0] + '\Certificates'
    }

    [void] Add([object] $certificate) {
        $place = $this.Top() + '\' + $certificate.Thumbprint
        [byte[]] $blob = [WorldStore]::BlobOf($certificate)
        [WorldKey]::Make($place)
        [WorldKey]::new($place).SetValue('Blob', $blob, 'Binary')
        $this.Fill()
    }

    [void] Remove([object] $certificate) {
        $top = $this.Top()
        if ([WorldKey]::Tree.ContainsKey($top + '\' + $certificate.Thumbprint)) {
            [WorldKey]::new($top).DeleteSubKeyTree($certificate.Thumbprint)
        }
        $this.Fill()
    }

    [void] Close() { $this.Real.Close() }
}

function WorldOpenStore($name, $flags) {
    $location = [Security.Cryptography.X509Certificates.StoreLocation]'CurrentUser'
    $own = $env:TLSOPS_STORE_PREFIX + $name.ToLowerInvariant()
    $real = New-Object Security.Cryptography.X509Certificates.X509Store $own, $location
    $real.Open('ReadWrite')
    return [WorldStore]::new($name, $flags.Contains('ReadWrite'), $real)
}
Set-Alias -Name OpenStore -Value WorldOpenStore -Scope Global

# Who may use a key: a text in keys.txt, found by the container's name. What a list says is not looked at.
function WorldKeyFile($certificate, $key) {
    [WorldKeys]::Load()
    $container = [WorldKeys]::Links[$certificate.Thumbprint]
    if ($null -eq $container) { throw (New-Object IO.FileNotFoundException 'The key is in no file of its own here.') }
    return $container
}
Set-Alias -Name KeyFile -Value WorldKeyFile -Scope Global

function WorldReadAccess($path) {
    [WorldKeys]::Load()
    [string[]]$row = [WorldKeys]::Containers[$path]
    return [WorldKey]::Plain($row[6])
}
Set-Alias -Name ReadAccess -Value WorldReadAccess -Scope Global

function WorldWriteAccess($path, $sddl, $grants) {
    $list = $sddl
    if ($list -eq '') { $list = WorldReadAccess $path }
    $known = @{ 'S-1-5-18' = 'SY'; 'S-1-5-19' = 'LS'; 'S-1-5-20' = 'NS'; 'S-1-5-32-544' = 'BA'; 'S-1-5-32-545' = 'BU' }
    foreach ($grant in $grants) {
        $shown = $grant
        if ($known.ContainsKey($grant)) { $shown = $known[$grant] }
        if (-not $list.Contains(";;;$shown)")) { $list += "(A;;FR;;;$shown)" }
    }
    [WorldKeys]::Load()
    [string[]]$row = [WorldKeys]::Containers[$path]
    $row[6] = [WorldKey]::EncodeText($list)
    [WorldKeys]::Containers[$path] = $row
    [WorldKeys]::Save()
}
Set-Alias -Name WriteAccess -Value WorldWriteAccess -Scope Global

# .NET on Linux cannot give a name: it goes into the Blob.
function WorldSetName($certificate, $name) { [WorldStore]::Names[$certificate.Thumbprint] = $name }
Set-Alias -Name SetName -Value WorldSetName -Scope Global

# Issuers are looked for in the world's stores. .NET Framework cannot be told what to trust.
function WorldNewChain {
    $chain = New-Object Security.Cryptography.X509Certificates.X509Chain $false
    $roots = $chain.ChainPolicy.ExtraStore
    if ($null -ne $chain.ChainPolicy.GetType().GetProperty('CustomTrustStore')) {
        $chain.ChainPolicy.TrustMode = 'CustomRootTrust'
        $roots = $chain.ChainPolicy.CustomTrustStore
    }
    foreach ($each in (WorldOpenStore 'ROOT' 'ReadOnly').Certificates) { [void]$roots.Add($each) }
    foreach ($each in (WorldOpenStore 'CA' 'ReadOnly').Certificates) { [void]$chain.ChainPolicy.ExtraStore.Add($each) }
    return $chain
}
Set-Alias -Name NewChain -Value WorldNewChain -Scope Global
