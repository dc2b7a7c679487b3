"""`requirements.lock`: every package by hash, for every platform, and whether it is current.

`python -m deploy.lock` writes it; `python -m deploy.lock --check` needs no network: the
lock names the dependencies that it was made for.
"""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.lock"
PYTHON_OLDEST: Final = "3.11"


def digest() -> str:
    """Of everything in pyproject.toml that the lock depends on."""
    page = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = page["project"]
    asked = [project["dependencies"], project["optional-dependencies"], page["dependency-groups"]]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def is_current() -> bool:
    return f"make lock (for {digest()})" in LOCK.read_text()


def write() -> int:
    """Resolve, keeping locked versions that still fit; no address of any index comes in."""
    uv = Path(sys.executable).with_name("uv")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    options = ["--universal", "--generate-hashes", "--no-emit-index-url", "--quiet"]
    options += ["--python-version", PYTHON_OLDEST, "--extra", "local", "--group", "dev"]
    note = ["--custom-compile-command", f"make lock (for {digest()})"]
    command = [str(uv), "pip", "compile", *options, *note, "pyproject.toml", "-o", str(LOCK)]
    return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if is_current() else "requirements.lock is not current: make lock")
    sys.exit(write())
