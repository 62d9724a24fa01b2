"""Units of systemd: the tool of systemd itself finds nothing wrong with them, and they close off what they run."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.cli.units import IDENTITY, Unit, unit_text
from app.config import get_settings


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """Every setting of a unit, in order; names may stand several times."""
    found: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line and not line.startswith("#"):
            name, mark, value = line.partition("=")
            assert mark == "=", line
            found[section].append((name, value))
    return found


UNITS = [unit for unit in Unit if unit is not Unit.ADMIN]


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(unit: Unit, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    for each in UNITS:
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


@pytest.mark.parametrize("unit", [Unit.SERVER, Unit.WORKER, Unit.BACKUP])
def test_a_unit_says_which_systemd_it_needs(unit: Unit) -> None:
    before, _, _ = unit_text(unit, Path("/x")).partition("Environment=TOUYAN_DATA_KEYS_FILE=%d/")
    assert before.splitlines()[-1].startswith("#")
    assert "needs systemd 250 or newer" in before.splitlines()[-1]


@pytest.mark.parametrize("unit", [Unit.BACKUP, Unit.TIMER])
def test_no_timer_is_printed_that_would_fail_every_night(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://u@host/db"
    result = CliRunner().invoke(cli, ["unit", unit, "--database", url], catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "copied by the server's own tools" in result.stderr
    monkeypatch.setenv("TOUYAN_DATABASE_URL", url)
    get_settings.cache_clear()
    assert CliRunner().invoke(cli, ["unit", unit], catch_exceptions=False).exit_code == 1
    assert CliRunner().invoke(cli, ["unit", "touyan.service"], catch_exceptions=False).exit_code == 0
    get_settings.cache_clear()


SYSTEMD_RUN = """\
#!/bin/sh
# Stands in for systemd-run: tells its options, and runs the rest as the manager does.
while [ "$1" != -- ]; do echo "$1"; shift; done
shift
CREDENTIALS_DIRECTORY=/run/credentials exec "$PYTHON" -c '
import os, sys
words = [word.replace("$$", "$") for word in sys.argv[1:]]
assert not any(word.startswith("$") and not word.startswith("$$") for word in sys.argv[1:]), "put in by systemd"
os.execvp(words[0], words)' "$@"
"""
TOUYAN = """\
#!/bin/sh
echo "keys $TOUYAN_DATA_KEYS_FILE"
for word in "$@"; do printf '<%s>\\n' "$word"; done
cat
exit 3
"""


def test_the_command_of_the_administrator_runs_as_the_units_do_and_hands_on_words_input_and_exit_code(
    tmp_path: Path,
) -> None:
    for name, text in (("systemd-run", SYSTEMD_RUN), ("touyan", TOUYAN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    script = tmp_path / "touyan-admin"
    script.write_text(unit_text(Unit.ADMIN, tmp_path / "touyan"), encoding="utf-8")
    words = ["audit", "accept", "--reason", "two  words $HOME $$ 'a' \"b\" %d \\n", "$HOME", "", "line\nbreak\n"]
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": sys.executable}
    done = subprocess.run(
        ["/bin/sh", script, *words], input="typed\n", capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (3, "")
    options, _, rest = done.stdout.partition("keys ")
    expected = ["--quiet", "--collect", "--wait", "--pipe", "--service-type=exec"]
    assert options.splitlines() == [*expected, *(f"--property={each}" for each in IDENTITY)]
    assert rest == "/run/credentials/data-keys\n" + "".join(f"<{word}>\n" for word in words) + "typed\n"


def test_server_and_administrator_are_the_same_user_with_the_same_settings() -> None:
    server = unit_text(Unit.SERVER, Path("/x")).splitlines()
    assert set(IDENTITY) <= set(server)
    assert {f"  --property={each} \\" for each in IDENTITY} <= set(unit_text(Unit.ADMIN, Path("/x")).splitlines())
