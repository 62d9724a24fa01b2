"""``touyan unit``: units of systemd for server, worker and daily backup, with the paths of this installation."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Unit(StrEnum):
    """What a unit runs."""

    SERVER = "touyan.service"
    WORKER = "touyan-worker@.service"
    BACKUP = "touyan-backup.service"
    TIMER = "touyan-backup.timer"


SANDBOX = """\
User=touyan
Group=touyan
UMask=0077
StateDirectory=touyan
StateDirectoryMode=0700
WorkingDirectory=/var/lib/touyan
EnvironmentFile=/etc/touyan/touyan.env
LoadCredential=data-keys:/etc/touyan/data-keys
Environment=TOUYAN_PROFILE=production
Environment=TOUYAN_DATA_KEYS_FILE=%d/data-keys
NoNewPrivileges=yes
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

TEXTS = {Unit.SERVER: SERVER, Unit.WORKER: WORKER, Unit.BACKUP: BACKUP, Unit.TIMER: TIMER}


def unit_text(unit: Unit, touyan: Path) -> str:
    """The text of a unit for an installation.

    >>> unit_text(Unit.WORKER, Path("/opt/touyan/bin/touyan")).splitlines()[8]
    'ExecStart=/opt/touyan/bin/touyan worker --slot %i'
    """
    return TEXTS[unit].format(touyan=touyan, sandbox=SANDBOX)


def unit(name: Annotated[Unit, typer.Argument(help="Name of the file below /etc/systemd/system.")]) -> None:
    """Print a unit of systemd that runs this installation, closed off from the rest of the machine."""
    typer.echo(unit_text(name, Path(sys.executable).absolute().with_name("touyan")), nl=False)
