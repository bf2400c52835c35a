#!/usr/bin/env python3
"""Set up and run Nongqiao with nothing but Python: ``run``, ``test`` and ``cli``.

Makes ``.venv`` beside this file, installs the hash-pinned requirements that the command needs, and hands over to the
program inside. Only the standard library is used here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
USAGE = """usage: python3 dev.py run [--port 5000] [--data DIR] [--no-demo]
       python3 dev.py test [pytest arguments]
       python3 dev.py cli COMMAND ..."""
# Small matrices in many threads are slower than in one, and two cores are soon full.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main(arguments: list[str]) -> int:
    """Do what the first word asks for; answers the exit status."""
    if sys.version_info < (3, 11):
        return fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    if not arguments or arguments[0] not in ("run", "test", "cli"):
        print(USAGE)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    command, rest = arguments[0], arguments[1:]
    try:
        wanted = "requirements-test.txt" if command == "test" else "requirements.txt"
        if command == "run" and "--no-demo" not in rest:
            wanted = "requirements-demo.txt"
        prepare(wanted)
    except subprocess.CalledProcessError as error:
        return fail(f"setting up the environment failed: {' '.join(map(str, error.cmd[:6]))} ... (see above)")
    except OSError as error:
        return fail(f"setting up the environment failed: {error}")
    os.chdir(ROOT)
    programs = {
        "run": ["-m", "marketplace.supervisor", *rest],
        # All of them on all cores; a run of some has its own words.
        "test": ["-m", "pytest", *(rest or ["-n", "logical"])],
        "cli": ["-m", "marketplace.cli", *rest],
    }
    os.environ.update({**THREADS, **{name: os.environ[name] for name in THREADS if name in os.environ}})
    os.execv(PYTHON, [str(PYTHON), *programs[command]])


def fail(message: str) -> int:
    """Say in one line what is wrong."""
    print(f"error: {message}", file=sys.stderr)
    return 1


def prepare(requirements: str) -> None:
    """Make the environment and install a requirements file, unless that very file has been installed before."""
    if not (VENV / "made").exists():
        step("making .venv", make_venv)
    content = (ROOT / requirements).read_bytes()
    stamp = VENV / f"installed-{requirements}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not stamp.exists():
        step(f"installing {requirements}", lambda: install(requirements))
        for old in VENV.glob(f"installed-{requirements}-*"):
            old.unlink()
        stamp.touch()
    if newer_than_compiled():
        translations = ROOT / "marketplace" / "translations"
        subprocess.run([PYTHON, "-m", "babel.messages.frontend", "-q", "compile", "-d", translations], check=True, cwd=ROOT)


def newer_than_compiled() -> bool:
    """Whether a catalogue of translations has changed since it was compiled."""
    for catalogue in (ROOT / "marketplace" / "translations").glob("*/LC_MESSAGES/*.po"):
        compiled = catalogue.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < catalogue.stat().st_mtime:
            return True
    return False


def make_venv() -> None:
    """Make the environment, with ``virtualenv`` where Python came without ``ensurepip``; one half made is made again."""
    try:
        venv.EnvBuilder(with_pip=True, clear=VENV.exists()).create(VENV)
    except (subprocess.CalledProcessError, ImportError):
        shutil.rmtree(VENV, ignore_errors=True)
        if importlib.util.find_spec("virtualenv") is None:
            raise OSError("this Python has neither ensurepip nor virtualenv; install python3-venv or virtualenv") from None
        subprocess.run([sys.executable, "-m", "virtualenv", "-q", str(VENV)], check=True)
    (VENV / "made").touch()


def install(requirements: str) -> None:
    """Install with uv where it is on the path, otherwise with pip; every file must have its pinned hash."""
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "-r", requirements]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        command += ["-r", requirements]
    subprocess.run(command, check=True, cwd=ROOT)


def step(what: str, work) -> None:
    """Say what is being done and how long it took."""
    print(f"{what} ...", flush=True)
    began = time.monotonic()
    work()
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
