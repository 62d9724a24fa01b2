"""Units of systemd: the tool of systemd itself finds nothing wrong with them, and they close off what they run."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli.units import Unit, unit_text


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """Every setting of a unit, in order; names may stand several times."""
    found: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line:
            name, mark, value = line.partition("=")
            assert mark == "=", line
            found[section].append((name, value))
    return found


@pytest.mark.parametrize("unit", Unit)
def test_systemd_finds_nothing_wrong(unit: Unit, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    for each in Unit:
        program = unit_text(each, Path(sys.executable))
        # Users and folders of the installation are not on this machine.
        (tmp_path / each.value).write_text(program, encoding="utf-8")
    if tool is None:
        configparser.RawConfigParser(strict=False).read(tmp_path / unit.value, encoding="utf-8")
        assert sections((tmp_path / unit.value).read_text(encoding="utf-8"))
        return
    path = tmp_path / unit.value.replace("@.", "@w1.")
    if path.name != unit.value:
        (tmp_path / unit.value).rename(path)
    assert complaints(tool, path) == []
    path.write_text(path.read_text(encoding="utf-8").replace("Description=", "Descriptoin="), encoding="utf-8")
    assert len(complaints(tool, path)) == 1, "the tool looks at what it is given"


def complaints(tool: str, path: Path) -> list[str]:
    command = [tool, "verify", "--man=no", "--recursive-errors=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if path.name in line]


@pytest.mark.parametrize("unit", [Unit.SERVER, Unit.WORKER, Unit.BACKUP])
def test_every_process_is_closed_off_and_its_files_are_its_own(unit: Unit) -> None:
    service = dict(sections(unit_text(unit, Path("/opt/touyan/bin/touyan")))["Service"])
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "StateDirectory": "touyan",
        "UMask": "0077",
        "User": "touyan",
        "CapabilityBoundingSet": "",
    }
    assert wanted.items() <= service.items()
    assert "TOUYAN_DATA_KEYS=" not in unit_text(unit, Path("/x")), (
        "the environment can be read by others, a file cannot"
    )


def test_the_server_has_time_to_answer_before_it_is_killed() -> None:
    from app.config import Settings
    from app.serving import LINGER_S

    service = dict(sections(unit_text(Unit.SERVER, Path("/x")))["Service"])
    settings = Settings()
    assert int(service["TimeoutStopSec"]) > settings.drain_s + LINGER_S + settings.shutdown_timeout_s + 10


def test_the_command_names_the_program_of_this_installation() -> None:
    result = CliRunner().invoke(cli, ["unit", "touyan-worker@.service"], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"ExecStart={Path(sys.executable).absolute().with_name('touyan')} worker --slot %i" in result.output
