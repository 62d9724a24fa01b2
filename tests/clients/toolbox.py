"""Node and the public clients, installed once for all test processes, and how a script of them is run."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
MIN_NODE = 20
"""Major version of Node from which all packages of the lock run."""
INSTALL_TIMEOUT_S = 300.0
RUN_TIMEOUT_S = 60.0
"""Seconds for one script; each takes a few on a machine that is not busy."""
QUIET = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier")


class NodeMissingError(Exception):
    """Node or npm is not there, or too old."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Node with the packages of the lock."""

    node: str

    def run(self, *arguments: str, folder: Path = FOLDER, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end; the caller judges the exit code."""
        return _ended([self.node, *arguments], folder, RUN_TIMEOUT_S, {**os.environ, **environment})

    def answer(self, *arguments: str, folder: Path = FOLDER, **environment: str) -> Any:
        """The JSON that a script prints; fails with what it says when it fails."""
        done = self.run(*arguments, folder=folder, **environment)
        assert done.returncode == 0, f"{arguments[0]} ended with {done.returncode}\n{done.stderr}\n{done.stdout}"
        return json.loads(done.stdout)

    def workshop(self, folder: Path) -> Path:
        """A copy of the clients under ``folder`` in which tools may write, with the schema beside it as in the tree."""
        copy = folder / FOLDER.relative_to(ROOT)
        shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__", "*.py"))
        (copy / "node_modules").symlink_to(FOLDER / "node_modules", target_is_directory=True)
        schema = folder / "schema" / "schema.graphql"
        schema.parent.mkdir()
        shutil.copyfile(ROOT / "schema" / "schema.graphql", schema)
        return copy


def open_toolbox() -> Toolbox:
    """Find Node and install the packages unless the installed ones are those of the lock."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NodeMissingError(f"Node {MIN_NODE} or newer with npm is needed for the tests with public clients.")
    version = _ended([node, "--version"], FOLDER, RUN_TIMEOUT_S).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < MIN_NODE:
        raise NodeMissingError(
            f"Node {MIN_NODE} or newer is needed for the tests with public clients; this is {version}."
        )
    wanted = _fingerprint()
    stamp = FOLDER / "node_modules" / ".fingerprint"
    with _locked(FOLDER / ".install.lock"):
        if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
            _install(npm)
            stamp.write_text(wanted, encoding="ascii")
    return Toolbox(node)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()


def _install(npm: str) -> None:
    done = _ended([npm, "ci", *QUIET], FOLDER, INSTALL_TIMEOUT_S)
    assert done.returncode == 0, f"npm ci ended with {done.returncode}\n{done.stderr[-3000:]}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that other test processes wait for; it is given back when this one dies."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _ended(
    command: list[str], folder: Path, timeout_s: float, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; one that takes too long is killed with all processes it started."""
    popen = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        stdout, stderr = popen.communicate(timeout=timeout_s)
    except BaseException:
        os.killpg(popen.pid, signal.SIGKILL)
        popen.communicate()
        raise
    return subprocess.CompletedProcess(command, popen.returncode, stdout, stderr)
