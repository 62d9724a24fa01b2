"""``touyan check``: the settings in force, and what is wrong with them or with the database."""

import os

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli.tools import DatabaseOption, opened, refusals_as_exit_codes, settings_for
from app.preflight import findings, in_force
from app.schema_state import require_current

out = Console()


def check(database: DatabaseOption = None) -> None:
    """Show every setting, secrets hidden, and say what is wrong. Exit code 1 when the service would not start."""
    with refusals_as_exit_codes():
        settings = settings_for(database)
        table = Table("setting", "value", "from", title="settings 当前设置")
        for name, value in in_force(settings):
            table.add_row(name, escape(value), "environment" if name in os.environ else "default")
        out.print(table)
        found = list(findings(settings, os.environ))
        for finding in found:
            colour, word = ("red", "ERROR 错误") if finding.is_fatal else ("yellow", "WARNING 提醒")
            out.print(f"[{colour}]{word}[/{colour}] {escape(str(finding))}", soft_wrap=True)
        if any(finding.is_fatal for finding in found):
            raise typer.Exit(1)
        with opened(database) as (_, handle, _cipher):
            require_current(handle)
    out.print("Settings and database are in order. 设置与数据库无误。")
