# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What only Windows has, on a world kept in files below $env:TLSOPS_WORLD (tests/fleet/kept says in which form).
# World<Name> stands in for the script's function <Name>: as an alias, which wins over a function that is defined later.
# Windows PowerShell 5.1 or newer (classes). With $env:TLSOPS_WORLD_DESK somebody else changes these files as well,
# whenever a program runs: then they are read anew each time.

# A Microsoft.Win32.RegistryKey whose whole registry is one file of lines.
class WorldKey {
    static [hashtable] $Tree = $null
    static [string] $File = ''
    [string] $Path

    WorldKey([string] $path) { $this.Path = $path }

    static [byte[]] Decode([string] $token) { return [Convert]::FromBase64String($token.Replace('-', '')) }
    static [string] Plain([string] $token) { return [Text.Encoding]::UTF8.GetString([WorldKey]::Decode($token)) }
    static [string] Encode([byte[]] $bytes) {
        if ($bytes.Length -eq 0) { return '-' }
        return [Convert]::ToBase64String($bytes)
    }
    static [string] EncodeText([string] $text) { return [WorldKey]::Encode([Text.Encoding]::UTF8.GetBytes($text)) }

    static [void] Fresh() {
        if ($null -eq [WorldKey]::Tree -or $env:TLSOPS_WORLD_DESK) {
            [WorldKey]::Load([IO.Path]::Combine($env:TLSOPS_WORLD, 'registry.txt'))
        }
    }

    static [void] Load([string] $source) {
        [WorldKey]::File = $source
        [WorldKey]::Tree = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        [WorldKey]::Make('HKLM')
        [WorldKey]::Make('HKU')
        foreach ($line in [IO.File]::ReadAllLines($source)) {
            $tokens = $line.Split([char[]]' ')
            # Not $path: a class's methods may not assign to a variable that is named like one of its properties.
            $key = [WorldKey]::Plain($tokens[1])
            [WorldKey]::Make($key)
            if ($tokens[0] -ceq 'value') {
                $values = [WorldKey]::Tree[$key]
                $name = [WorldKey]::Plain($tokens[2])
                $values[$name] = @{ Kind = $tokens[3]; Bytes = [WorldKey]::Decode($tokens[4]) }
            }
        }
    }

    static [void] Make([string] $path) {
        $made = ''
        foreach ($part in $path.Split([char[]]'\')) {
            if ($made -ne '') { $made += '\' }
            $made += $part
            if (-not [WorldKey]::Tree.ContainsKey($made)) {
                [WorldKey]::Tree[$made] = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
            }
        }
    }

    static [void] Save() {
        $lines = New-Object 'Collections.Generic.List[string]'
        foreach ($key in @([WorldKey]::Tree.Keys)) {
            $lines.Add('key ' + [WorldKey]::EncodeText($key))
            $values = [WorldKey]::Tree[$key]
            foreach ($name in @($values.Keys)) {
                $value = $values[$name]
                $start = 'value ' + [WorldKey]::EncodeText($key) + ' ' + [WorldKey]::EncodeText($name)
                $lines.Add($start + ' ' + $value.Kind + ' ' + [WorldKey]::Encode($value.Bytes))
            }
        }
        [IO.File]::WriteAllLines([WorldKey]::File, $lines.ToArray())
    }

    [hashtable] Values() { return [WorldKey]::Tree[$this.Path] }

    [object] OpenSubKey([string] $name, [bool] $writable) {
        $full = $this.Path + '\' + $name
        if (-not [WorldKey]::Tree.ContainsKey($full)) { return $null }
        return [WorldKey]::new($full)
    }

    [object] CreateSubKey([string] $name) {
        [WorldKey]::Make($this.Path + '\' + $name)
        [WorldKey]::Save()
        return [WorldKey]::new($this.Path + '\' + $name)
    }

    [void] DeleteSubKeyTree([string] $name) {
        $full = $this.Path + '\' + $name
        if (-not [WorldKey]::Tree.ContainsKey($full)) { throw [ArgumentException]::new('no such key') }
        foreach ($key in @([WorldKey]::Tree.Keys)) {
            $below = $key.StartsWith($full + '\', [StringComparison]::OrdinalIgnoreCase)
            # Not -eq: by the rules of a language U+200B and the like are nothing.
            $same = [string]::Equals($key, $full, [StringComparison]::OrdinalIgnoreCase)
            if ($same -or $below) { [WorldKey]::Tree.Remove($key) }
        }
        [WorldKey]::Save()
    }

    [string[]] GetSubKeyNames() {
        $names = New-Object 'Collections.Generic.List[string]'
        foreach ($key in @([WorldKey]::Tree.Keys)) {
            if ($key.StartsWith($this.Path + '\', [StringComparison]::OrdinalIgnoreCase)) {
                $rest = $key.Substring($this.Path.Length + 1)
                if (-not $rest.Contains('\')) { $names.Add($rest) }
            }
        }
        return $names.ToArray()
    }

    [string[]] GetValueNames() {
        $names = New-Object 'Collections.Generic.List[string]'
        foreach ($name in @($this.Values().Keys)) { $names.Add($name) }
        return $names.ToArray()
    }

    [string] GetValueKind([string] $name) {
        $value = $this.Values()[$name]
        return $value.Kind
    }

    [object] GetValue([string] $name, [object] $default, [string] $options) {
        if ($options -cne 'DoNotExpandEnvironmentNames') { throw [ArgumentException]::new('strings would be expanded') }
        if (-not $this.Values().ContainsKey($name)) { return $default }
        $value = $this.Values()[$name]
        $kind = $value.Kind
        [byte[]] $bytes = $value.Bytes
        if ($kind -ceq 'DWord') { return [BitConverter]::ToInt32($bytes, 0) }
        if ($kind -ceq 'QWord') { return [BitConverter]::ToInt64($bytes, 0) }
        $text = [Text.Encoding]::UTF8.GetString($bytes)
        if ($kind -ceq 'String' -or $kind -ceq 'ExpandString') { return $text }
        if ($kind -ceq 'MultiString' -and $text.Length -eq 0) { return [string[]]@() }
        if ($kind -ceq 'MultiString') { return [string[]]$text.Split([char[]]"`0") }
        return $bytes
    }

    [void] SetValue([string] $name, [object] $data, [string] $kind) {
        [byte[]] $bytes = @()
        $text = ''
        if ($kind -ceq 'DWord' -and $data -is [int]) { $bytes = [BitConverter]::GetBytes([int] $data) }
        elseif ($kind -ceq 'QWord' -and $data -is [long]) { $bytes = [BitConverter]::GetBytes([long] $data) }
        elseif (@('Binary', 'None') -ccontains $kind -and $data -is [byte[]]) { $bytes = $data }
        elseif (@('String', 'ExpandString') -ccontains $kind -and $data -is [string]) { $text = $data }
        elseif ($kind -ceq 'MultiString' -and $data -is [string[]]) { $text = [string]::Join("`0", [string[]] $data) }
        else { throw [ArgumentException]::new("the data does not fit the kind $kind") }
        if ($text.Length -gt 0) { $bytes = [Text.Encoding]::UTF8.GetBytes($text) }
        $values = $this.Values()
        $values[$name] = @{ Kind = $kind; Bytes = $bytes }
        [WorldKey]::Save()
    }

    [void] DeleteValue([string] $name, [bool] $throwOnMissing) {
        $this.Values().Remove($name)
        [WorldKey]::Save()
    }

    [void] Close() { }
}

# A ServiceController; its status is a number in a file. A status written with a "!" in front never changes.
class WorldService {
    [string] $File

    WorldService([string] $file) { $this.File = $file }
    [int] get_Status() { return [int] [IO.File]::ReadAllText($this.File).Trim().TrimStart([char[]]'!') }
    [void] Become([string] $status) {
        if (-not [IO.File]::ReadAllText($this.File).StartsWith('!')) { [IO.File]::WriteAllText($this.File, $status) }
    }
    [void] Start() { $this.Become('4') }
    [void] Stop() { $this.Become('1') }
    [void] Refresh() { }
}

function WorldHive($name) {
    if ($name -cne 'HKLM' -and $name -cne 'HKU') { throw "$name is no registry hive that is known here." }
    [WorldKey]::Fresh()
    return [WorldKey]::new($name)
}
Set-Alias -Name Hive -Value WorldHive -Scope Global

function WorldFindService($name) {
    foreach ($file in [IO.Directory]::GetFiles([IO.Path]::Combine($env:TLSOPS_WORLD, 'services'))) {
        $found = [IO.Path]::GetFileName($file)
        if ([string]::Equals($found, $name, [StringComparison]::OrdinalIgnoreCase)) { return [WorldService]::new($file) }
    }
    throw "Cannot find any service with service name '$name'."
}
Set-Alias -Name FindService -Value WorldFindService -Scope Global

function WorldIsElevated { return $true }
Set-Alias -Name IsElevated -Value WorldIsElevated -Scope Global

# Names and SIDs in a file of lines.
function WorldFindSid($name) {
    foreach ($line in [IO.File]::ReadAllLines([IO.Path]::Combine($env:TLSOPS_WORLD, 'accounts.txt'))) {
        $token, $sid = $line.Split([char[]]' ')
        $known = [WorldKey]::Plain($token)
        if ([string]::Equals($known, $name, [StringComparison]::OrdinalIgnoreCase)) { return $sid }
    }
    return ''
}
Set-Alias -Name FindSid -Value WorldFindSid -Scope Global
