"""``touyan unit``: units of systemd for server, worker and daily backup, and the command that does as they do."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.tools import DatabaseOption, refusals_as_exit_codes, settings_for
from app.errors import ConfigurationError


class Unit(StrEnum):
    """What is printed: a unit by what it runs, or the command for the administrator."""

    SERVER = "touyan.service"
    WORKER = "touyan-worker@.service"
    BACKUP = "touyan-backup.service"
    TIMER = "touyan-backup.timer"
    ADMIN = "touyan-admin"


IDENTITY = (
    "User=touyan",
    "Group=touyan",
    "UMask=0077",
    "StateDirectory=touyan",
    "StateDirectoryMode=0700",
    "WorkingDirectory=/var/lib/touyan",
    "EnvironmentFile=/etc/touyan/touyan.env",
    "LoadCredential=data-keys:/etc/touyan/data-keys",
    "Environment=TOUYAN_PROFILE=production",
    "NoNewPrivileges=yes",
)
"""As whom everything of the installation runs, and what it is given."""

SANDBOX = """\
{identity}
# %d, the folder of credentials, needs systemd 250 or newer (systemctl --version).
Environment=TOUYAN_DATA_KEYS_FILE=%d/data-keys
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
"""What every process of the service may do: its own folder, the network, and nothing else."""

SERVER = """\
[Unit]
Description=Touyan server
After=network-online.target postgresql.service
Wants=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
ExecStart={touyan} serve
Restart=on-failure
RestartSec=2
TimeoutStopSec=60
KillMode=mixed
{sandbox}
[Install]
WantedBy=multi-user.target
"""

WORKER = """\
[Unit]
Description=Touyan worker in slot %i
After=network-online.target postgresql.service
Wants=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
ExecStart={touyan} worker --slot %i
Restart=always
RestartSec=2
TimeoutStopSec=30
KillMode=mixed
{sandbox}
[Install]
WantedBy=multi-user.target
"""

BACKUP = """\
[Unit]
Description=Backup of the database of Touyan

[Service]
Type=oneshot
ExecStart={touyan} backup /var/backups/touyan --keep 14
ReadWritePaths=/var/backups/touyan
{sandbox}"""

TIMER = """\
[Unit]
Description=Daily backup of the database of Touyan

[Timer]
OnCalendar=*-*-* 02:30:00
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
"""

ADMIN = """\
#!/bin/sh
# Runs a command of Touyan as its service runs: as the user touyan, with the same settings and data keys.
# For root. Paths are whole ones: the command runs in /var/lib/touyan. Needs systemd 250 or newer, as the units do.
set -eu
if [ -t 0 ] && [ -t 1 ]; then streams=--pty; else streams=--pipe; fi
# systemd puts variables in for words with a dollar sign; two of them stand for one.
count=$#
while [ "$count" -gt 0 ]; do
  word=$(printf '%s.' "$1" | sed 's/\\$/$$/g')
  shift
  set -- "$@" "${{word%.}}"
  count=$((count - 1))
done
exec systemd-run --quiet --collect --wait "$streams" --service-type=exec \\
{properties}
  -- /bin/sh -c 'TOUYAN_DATA_KEYS_FILE=$CREDENTIALS_DIRECTORY/data-keys exec "$@"' touyan-admin \\
  {touyan} "$@"
"""
"""A transient unit knows no %d, so the shell says where the data keys are."""

TEXTS = {Unit.SERVER: SERVER, Unit.WORKER: WORKER, Unit.BACKUP: BACKUP, Unit.TIMER: TIMER, Unit.ADMIN: ADMIN}


def unit_text(unit: Unit, touyan: Path) -> str:
    """The text of a unit for an installation.

    >>> unit_text(Unit.WORKER, Path("/opt/touyan/bin/touyan")).splitlines()[8]
    'ExecStart=/opt/touyan/bin/touyan worker --slot %i'
    """
    return TEXTS[unit].format(
        touyan=touyan,
        sandbox=SANDBOX.format(identity="\n".join(IDENTITY)),
        properties="\n".join(f"  --property={each} \\" for each in IDENTITY),
    )


def unit(
    name: Annotated[Unit, typer.Argument(help="Name of the file below /etc/systemd/system; touyan-admin: a command.")],
    database: DatabaseOption = None,
) -> None:
    """Print a unit of systemd that runs this installation, closed off from the rest of the machine.

    touyan-admin is no unit: it is a shell script that runs the other commands as the units run the server.
    """
    if name in (Unit.BACKUP, Unit.TIMER):
        with refusals_as_exit_codes():
            _require_file(settings_for(database).sqlite_path, name)
    typer.echo(unit_text(name, Path(sys.executable).absolute().with_name("touyan")), nl=False)


def _require_file(path: Path | None, name: Unit) -> None:
    """Refuse a timer that would fail every night: a database on a server is copied by its own tools."""
    if path is None:
        raise ConfigurationError(
            f"{name} is for a database of SQLite. One on a PostgreSQL server is copied by the server's own tools, on "
            "its own plan; `touyan backup FILE` tells the call of pg_dump / "
            f"{name} 仅用于 SQLite 数据库。PostgreSQL 请用数据库自带工具定期备份，"
            "`touyan backup 文件` 会给出 pg_dump 命令"
        )
