# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The metabase of IIS 6.0, kept in a file below $env:TLSOPS_WORLD; goes behind world.ps1. Whole tasks have Start, Stop
# and SaveData done by the fleet (WorldAsk): what follows from them is IIS's.

class WorldAttribute {
    [bool] $IsInherit
}

# A node of the metabase as ADSI shows it. What is put waits in the object until SetInfo; what is not set on a node
# comes from above. One property is binary, and taken in one form only: the others are refused, or keep wrong bytes.
# To clear what is not set there is an error (MD_ERROR_DATA_NOT_FOUND).
class WorldNode {
    static [hashtable] $Tree = $null
    static [string] $File = ''
    static [string] $Form = ''
    static [string] $Others = ''
    static [int] $Busy = 0
    [string] $Path
    [hashtable] $Waiting

    WorldNode([string] $path) {
        $this.Path = $path
        $this.Waiting = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
    }

    static [Exception] Error([int] $number) {
        return [Runtime.InteropServices.COMException]::new('the metabase of the world says no', $number)
    }

    static [void] Load([string] $source) {
        [WorldNode]::File = $source
        [WorldNode]::Tree = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
        foreach ($line in [IO.File]::ReadAllLines($source)) {
            $tokens = $line.Split([char[]]' ')
            if ($tokens[0] -ceq 'takes') {
                [WorldNode]::Form = $tokens[1]
                [WorldNode]::Others = $tokens[2]
                [WorldNode]::Busy = [int] $tokens[3]
            }
            elseif ($tokens[0] -ceq 'node') {
                $values = New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
                [WorldNode]::Tree[[WorldKey]::Plain($tokens[1])] = @{ Class = $tokens[2]; Held = $values }
            }
            else {
                $node = [WorldNode]::Tree[[WorldKey]::Plain($tokens[1])]
                $name = [WorldKey]::Plain($tokens[2])
                $node.Held[$name] = @{ Kind = $tokens[3]; Bytes = [WorldKey]::Decode($tokens[4]) }
            }
        }
    }

    static [void] Save() {
        $lines = New-Object 'Collections.Generic.List[string]'
        $lines.Add('takes ' + [WorldNode]::Form + ' ' + [WorldNode]::Others + ' ' + [WorldNode]::Busy)
        foreach ($at in @([WorldNode]::Tree.Keys)) {
            $node = [WorldNode]::Tree[$at]
            $lines.Add('node ' + [WorldKey]::EncodeText($at) + ' ' + $node.Class)
            foreach ($name in @($node.Held.Keys)) {
                $value = $node.Held[$name]
                $start = 'value ' + [WorldKey]::EncodeText($at) + ' ' + [WorldKey]::EncodeText($name)
                $lines.Add($start + ' ' + $value.Kind + ' ' + [WorldKey]::Encode($value.Bytes))
            }
        }
        [IO.File]::WriteAllLines([WorldNode]::File, $lines.ToArray())
    }

    # The place where the property is set, this node or one above; nothing where it is set nowhere.
    [string] SetAt([string] $name) {
        $at = $this.Path
        while ($true) {
            if ([WorldNode]::Tree.ContainsKey($at) -and [WorldNode]::Tree[$at].Held.ContainsKey($name)) { return $at }
            if ($at -eq '') { break }
            $at = $at.Substring(0, [Math]::Max(0, $at.LastIndexOf('/')))
        }
        return '(nowhere)'
    }

    static [object] Variant([hashtable] $value) {
        [byte[]] $bytes = $value.Bytes
        $text = [Text.Encoding]::UTF8.GetString($bytes)
        $kind = $value.Kind
        if ($kind -ceq 'text') { return $text }
        if ($kind -ceq 'number') { return [int] $text }
        if ($kind -ceq 'flag') { return $text -ceq '1' }
        if ($kind -ceq 'texts') { return @($text.Split([char[]]"`0")) }
        return @($bytes)
    }

    static [hashtable] Plain([object] $value) {
        if ($value -is [bool]) { return [WorldNode]::Made('flag', [string] [int] $value) }
        if ($value -is [int]) { return [WorldNode]::Made('number', [string] $value) }
        if ($value -is [string]) { return [WorldNode]::Made('text', $value) }
        if ($value -is [object[]] -and $value[0] -is [string]) {
            return [WorldNode]::Made('texts', [string]::Join("`0", [string[]] $value))
        }
        throw [WorldNode]::Error(0x8000500C)
    }

    static [hashtable] Made([string] $kind, [string] $text) {
        return @{ Kind = $kind; Bytes = [Text.Encoding]::UTF8.GetBytes($text) }
    }

    static [hashtable] Binary([object] $value) {
        [byte[]] $bytes = @()
        $seen = ''
        if ($value -is [string]) {
            $seen = 'units'
            foreach ($unit in $value.ToCharArray()) { $bytes += [BitConverter]::GetBytes([uint16] $unit) }
        }
        elseif ($value -is [object[]] -and $value[0] -is [byte[]]) { $seen = 'bytes'; $bytes = $value[0] }
        elseif ($value -is [object[]] -and $value[0] -is [byte]) { $seen = 'elements'; $bytes = $value }
        elseif ($value -is [object[]] -and $value[0] -is [string]) {
            $seen = 'hex'
            foreach ($each in $value) { $bytes += [Convert]::ToByte($each, 16) }
        }
        if ($seen -cne [WorldNode]::Form) {
            if ([WorldNode]::Others -ceq 'refused') { throw [WorldNode]::Error(0x8000500C) }
            $bytes = @(0x77, 0x72)
        }
        return @{ Kind = 'binary'; Bytes = $bytes }
    }

    [object] Get([string] $name) {
        if ($this.Waiting.ContainsKey($name)) { return [WorldNode]::Variant($this.Waiting[$name]) }
        $at = $this.SetAt($name)
        if ($at -ceq '(nowhere)') { throw [WorldNode]::Error(0x80005006) }
        return [WorldNode]::Variant([WorldNode]::Tree[$at].Held[$name])
    }

    [void] SetInfo() {
        $values = [WorldNode]::Tree[$this.Path].Held
        foreach ($name in @($this.Waiting.Keys)) {
            if ($null -eq $this.Waiting[$name]) { $values.Remove($name) }
            else { $values[$name] = $this.Waiting[$name] }
        }
        $this.Waiting.Clear()
        [WorldNode]::Save()
    }

    [void] Become([int] $state, [string] $method) {
        if ($env:TLSOPS_WORLD_DESK) {
            $null = WorldAsk 'invoke' @($this.Path, $method)
            return
        }
        [WorldNode]::Tree[$this.Path].Held['ServerState'] = [WorldNode]::Plain($state)
        [WorldNode]::Save()
    }

    [object] GetPropertyAttribObj([string] $name) {
        $attribute = [WorldAttribute]::new()
        $attribute.IsInherit = $this.SetAt($name) -ne $this.Path
        return $attribute
    }

    [void] Put([string] $name, [object] $value) {
        if ($value -is [array] -and $value.GetType() -ne [object[]]) { throw [WorldNode]::Error(0x8000500C) }
        if ($name -eq 'SSLCertHash') { $this.Waiting[$name] = [WorldNode]::Binary($value) }
        else { $this.Waiting[$name] = [WorldNode]::Plain($value) }
    }

    [void] PutEx([int] $how, [string] $name, [object] $value) {
        if ($how -ne 1) { throw [WorldNode]::Error(0x80070057) }
        if ($this.SetAt($name) -ne $this.Path) { throw [WorldNode]::Error(0x800CC801) }
        $this.Waiting[$name] = $null
    }

    [void] Start() { $this.Become(2, 'Start') }
    [void] Stop() { $this.Become(4, 'Stop') }

    [void] SaveData() {
        if ($env:TLSOPS_WORLD_DESK) {
            $null = WorldAsk 'invoke' @('', 'SaveData')
            return
        }
        if ([WorldNode]::Busy -gt 0) {
            [WorldNode]::Busy -= 1
            throw [WorldNode]::Error(0x80070094)
        }
    }
}

function WorldOpenNode($path) {
    if ($null -eq [WorldNode]::Tree -or $env:TLSOPS_WORLD_DESK) {
        [WorldNode]::Load([IO.Path]::Combine($env:TLSOPS_WORLD, 'metabase.txt'))
    }
    $at = (MetabasePath $path).Substring('IIS://localhost'.Length).TrimStart([char[]]'/')
    if (-not [WorldNode]::Tree.ContainsKey($at)) { throw [WorldNode]::Error(0x80070003) }
    return [WorldNode]::new($at)
}
Set-Alias -Name OpenNode -Value WorldOpenNode -Scope Global

function WorldChildNames($path, $class) {
    foreach ($at in @([WorldNode]::Tree.Keys)) {
        $cut = $at.LastIndexOf('/')
        $below = $cut -gt 0 -and $at.Substring(0, $cut) -eq $path
        if ($below -and [WorldNode]::Tree[$at].Class -eq $class) { $at.Substring($cut + 1) }
    }
}
Set-Alias -Name ChildNames -Value WorldChildNames -Scope Global
