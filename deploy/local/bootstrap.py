"""From a bare Python to a virtual environment with everything in it, by hash.

Run by `make` with whatever Python it finds, so it uses the standard library only, and
only what Python 3.6 understands. It does nothing when the lock has not changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "installed"
PYTHON = VENV / "bin" / "python"
SPACE_NEEDED_MB = 2000
UNREACHABLE = ("dns", "connect", "network", "resolve host", "timed out", "versions: none")


def main() -> None:
    check_python()
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and works():
        return
    check_space()
    if not works():
        make_venv()
    say("installing what requirements.lock names, by hash")
    uv = install_uv()
    run(uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", str(LOCK))
    run(uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    STAMP.write_text(wanted)


def check_python() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - it may be started by an older one
        found = ".".join(str(part) for part in sys.version_info[:2])
        stop(
            f"Ledgerdesk needs Python 3.11 or newer, and this is {found}: "
            f"{how_to_install('python3.11 python3.11-venv', 'python3.11')}, then the same again"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop(f"This Python lacks venv or pip: {how_to_install(venv_package(), 'python3-pip')}")


def venv_package() -> str:
    return f"python3.{sys.version_info[1]}-venv"


def how_to_install(on_debian: str, on_fedora: str) -> str:
    if shutil.which("dnf"):
        return f"dnf install {on_fedora}"
    return f"apt install {on_debian}"


def check_space() -> None:
    free_mb = shutil.disk_usage(str(ROOT)).free // 2**20
    if free_mb < SPACE_NEEDED_MB:
        needed = f"{SPACE_NEEDED_MB} MB are needed"
        stop(f"Only {free_mb} MB are free in {ROOT} and {needed}: free some space")


def fingerprint() -> str:
    """Changes whenever what must be installed does, or the Python it is for."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(LOCK.read_bytes())
    digest.update((ROOT / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def works() -> bool:
    """Whether the environment's Python starts: not when the system's was replaced."""
    return PYTHON.exists() and subprocess.call([str(PYTHON), "-c", ""]) == 0


def make_venv() -> None:
    say("making a virtual environment in .venv")
    shutil.rmtree(str(VENV), ignore_errors=True)
    if subprocess.call([sys.executable, "-m", "venv", str(VENV)], stdout=subprocess.DEVNULL):
        how = how_to_install(venv_package(), "python3-pip")
        stop(f"A virtual environment could not be made: {how}")


def install_uv() -> str:
    """The installer, itself by its hash from the same lock."""
    lines = LOCK.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    end = next(number for number in range(start, len(lines)) if not lines[number].endswith("\\"))
    only_uv = VENV / "uv.lock"
    only_uv.write_text("\n".join(lines[start : end + 1]) + "\n")
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "--no-deps", "-r", str(only_uv))
    return str(VENV / "bin" / "uv")


def run(*command: str) -> None:
    environ = dict(os.environ, VIRTUAL_ENV=str(VENV))
    # uv does not read pip's settings: a mirror set for pip is meant for us too.
    if "PIP_INDEX_URL" in environ:
        environ.setdefault("UV_DEFAULT_INDEX", environ["PIP_INDEX_URL"])
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        stop(f"Could not install: {reason(done.stdout + done.stderr)}")


def reason(output: str) -> str:
    """One line of an installer's long story, and what to do about it."""
    story = output.lower()
    if "no space left" in story:
        return "the disk is full: free some space, then the same again"
    if any(word in story for word in UNREACHABLE):
        return "the package index cannot be reached: check the network, or set HTTPS_PROXY"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "?")


def say(line: str) -> None:
    print(f"          {line}", flush=True)


def stop(line: str) -> None:
    print(f"✗ {line}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
