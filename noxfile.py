# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks, one session each; the Makefile says which of them `make test` runs, and in which order."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
NAME = "ansible_collections/tlsops/windows"
REAL_POWERSHELL = "tests/e2e/test_real_powershell.py"
IMPORTER = "galaxy-importer==0.4.44"

# ansible-core, and the Pythons that it runs on as a controller: the first that is found is used.
CORES = {
    "2.18.19": ("3.11", "3.12", "3.13"),
    "2.19.14": ("3.11", "3.12", "3.13"),
    "2.20.10": ("3.12", "3.13"),
    "2.21.5": ("3.13", "3.12"),
}

# The only Python that atheris has a wheel for, and how long it runs unless told otherwise.
FUZZ_PYTHON = "3.11"
FUZZ_SECONDS = 20

# ansible-test fetches this file from a host of its own; with ensurepip nothing outside the package index is needed.
GET_PIP = """\
import subprocess, sys
sys.exit(subprocess.call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL))
"""

os.environ["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".ansible/collections")
nox.options.error_on_external_run = False
nox.options.stop_on_first_error = False


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Style and form: ruff, ansible-lint (production, with yamllint), the changelog."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("ansible-lint", "--offline")
    session.run("antsibull-changelog", "lint")


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Mypy, strict, on all plugins."""
    session.run("mypy", "-p", "ansible_collections.tlsops.windows.plugins")


@nox.session(python=False)
def unit(session: nox.Session) -> None:
    """Unit tests, those of the simulated fleet and the lint of batch.ps1 included."""
    session.run("pytest", "-q", "-rs", "-n", "auto", "tests/unit", "tests/lint", *session.posargs)


@nox.session(python=False)
def contract(session: nox.Session) -> None:
    """Each operation of a batch on the double and, where a PowerShell is found, on batch.ps1 itself; and end to end."""
    session.run("pytest", "-q", "-rs", "tests/contract", REAL_POWERSHELL, *session.posargs)


@nox.session(python=False)
def e2e(session: nox.Session) -> None:
    """The real ansible-playbook against the simulated fleet."""
    ignored = f"--ignore={REAL_POWERSHELL}"  # the session contract has it
    session.run("pytest", "-q", "-rs", "-n", "auto", "tests/e2e", ignored, *session.posargs)


@nox.session(python=False)
def fuzz(session: nox.Session) -> None:
    """Made-up answers of a CA and made-up registry Blobs, for 20 seconds, or for as many as are given."""
    python = find_python(FUZZ_PYTHON)
    if python is None or (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        session.skip(f"nothing was fuzzed: atheris needs Python {FUZZ_PYTHON} on Linux, x86-64")
    venv, found = BUILD / "fuzz/venv", BUILD / "fuzz/found-"
    session.run(python, "-m", "venv", str(venv))
    pip = (str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    session.run(*pip, "-r", "tests/requirements-fuzz.txt")
    paths = os.pathsep.join([str(ROOT), os.environ["ANSIBLE_COLLECTIONS_PATH"]])
    for target, share in {"answer": 0.8, "blob": 0.2}.items():
        folder = BUILD / "fuzz" / (target if session.posargs else f"{target}-short")
        if not session.posargs:  # what long runs have gathered would take all of a short one's time
            shutil.rmtree(folder, ignore_errors=True)
        seconds = max(1, int(share * float(session.posargs[0] if session.posargs else FUZZ_SECONDS)))
        command = (str(venv / "bin/python"), "-m", "tests.fuzz.fuzz_answer", target, str(folder))
        limits = (f"-max_total_time={seconds}", f"-artifact_prefix={found}", "-verbosity=0", "-print_final_stats=1")
        session.run(*command, *limits, env={"PYTHONPATH": paths})


@nox.session(python=False)
def sanity(session: nox.Session) -> None:
    """All tests of ansible-test sanity, in a home of their own."""
    home = BUILD / "home"
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in ("24_2", "25_2"):
        (cache / f"get_pip_{version}.py").write_text(GET_PIP, encoding="utf-8")
    keep_pip_settings(home)
    copy = copy_files(BUILD / "sanity" / NAME)
    # In a folder that git ignores, ansible-test would find no file to test, and pass.
    session.run("git", "init", "--quiet", str(copy))
    with session.chdir(copy):
        python = "{}.{}".format(*sys.version_info)
        session.run("ansible-test", "sanity", "--local", "--python", python, env={"HOME": str(home)})


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """The documentation of the collection, its modules and roles."""
    session.run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", ".")


@nox.session(venv_backend="venv")
def build(session: nox.Session) -> None:
    """The artifact: built, installed, and looked at by the importer that Galaxy uses."""
    session.install("--quiet", IMPORTER)
    source = copy_files(BUILD / "source")
    galaxy = ("ansible-galaxy", "collection")
    session.run(*galaxy, "build", str(source), "--output-path", str(BUILD), "--force")
    artifact = max(BUILD.glob("tlsops-windows-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    session.run(
        *galaxy, "install", str(artifact), "--collections-path", str(BUILD / "installed"), "--offline", "--force"
    )
    with session.chdir(BUILD):
        session.run("python", "-m", "galaxy_importer.main", artifact.name)


@nox.session(python=False)
@nox.parametrize("core", list(CORES))
def matrix(session: nox.Session, core: str) -> None:
    """Unit and end-to-end tests on one ansible-core; skipped, by name, where its Python is not found."""
    python = next(filter(None, map(find_python, CORES[core])), None)
    if python is None:
        session.skip(f"ansible-core {core} is not tested: no Python {' or '.join(CORES[core])} was found")
    venv = BUILD / "matrix" / core
    session.run(python, "-m", "venv", str(venv))
    pip = (str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    wanted = venv / "requirements.txt"
    pins = (ROOT / "tests/requirements.txt").read_text(encoding="utf-8").splitlines()
    others = [pin for pin in pins if not pin.startswith("ansible-core==")]
    wanted.write_text("\n".join([f"ansible-core=={core}", *others, ""]), encoding="utf-8")
    session.run(*pip, "-r", str(wanted))
    env = {"PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    session.run(
        str(venv / "bin/pytest"), "-q", "-rs", "-n", "auto", "tests/unit", "tests/e2e", *session.posargs, env=env
    )


def copy_files(target: Path) -> Path:
    """A copy of all files that git would not ignore, committed or not.

    A repository without history is asked, so that a checkout of another user, or one without .git, gives the same list.
    """
    shutil.rmtree(target, ignore_errors=True)
    lister = BUILD / "lister.git"
    git = ["git", f"--git-dir={lister}", f"--work-tree={ROOT}"]
    subprocess.run(["git", "init", "--quiet", "--bare", str(lister)], check=True)
    listed = subprocess.run([*git, "ls-files", "-oz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def keep_pip_settings(home: Path) -> None:
    """Give pip in another home the index and the cache it has here: ansible-test passes no PIP_ variable on."""
    pip = [str(ROOT / ".venv/bin/python"), "-m", "pip"]
    listed = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    cache = subprocess.run([*pip, "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()
    settings = {"cache-dir": cache}
    for line in listed.splitlines():
        name, value = line.split("=", 1)
        settings[name.rpartition(".")[2]] = value.strip("'\"")
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (home / ".config/pip").mkdir(parents=True, exist_ok=True)
    (home / ".config/pip/pip.conf").write_text(f"[global]\n{text}", encoding="utf-8")


def find_python(version: str) -> str | None:
    """A Python of this version that runs: from PATH, else from pyenv, whose shims work only for versions selected."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [f"python{version}", *map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None
