"""What the tests with public clients demand of a machine."""

import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import opened
from tests.clients.toolbox import NodeMissingError, Toolbox, open_toolbox


def with_node(folder: Path, version: str) -> None:
    """A folder of commands in which Node has a version, and npm must not be started."""
    for name, body in (("node", f"echo {version}"), ("npm", "exit 1")):
        command = folder / name
        command.write_text(f"#!/bin/sh\n{body}\n", encoding="ascii")
        command.chmod(0o755)


def test_a_machine_without_node_or_with_an_old_one_is_told_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeMissingError, match="Node 20 or newer with npm is needed"):
        open_toolbox()
    with_node(tmp_path, "v18.19.1")
    with pytest.raises(NodeMissingError, match=r"Node 20 or newer is needed .* this is v18\.19\.1"):
        open_toolbox()


def test_only_where_node_is_required_its_absence_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TOUYAN_NODE_REQUIRED", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Node 20 or newer"):
        opened()
    monkeypatch.setenv("TOUYAN_NODE_REQUIRED", "1")
    with pytest.raises(NodeMissingError):
        opened()


def test_a_script_that_does_not_end_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.clients.toolbox.RUN_TIMEOUT_S", 1.0)
    note = tmp_path / "child"
    with pytest.raises(subprocess.TimeoutExpired):
        Toolbox("/bin/sh").run("-c", f"sleep 60 & echo $! > {note}; wait", folder=tmp_path)
    child = int(note.read_text(encoding="ascii"))
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
