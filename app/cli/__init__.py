"""The command line ``touyan``. Exit codes: 0 done, 1 refused (the message says why), 2 wrong usage.

A command's module is imported when the command is asked for: a worker that is started anew, or a word of help, need not
wait for Excel and for the samples.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "demo": ("samples", "demo"),
    "serve": ("server", "serve"),
    "check": ("check", "check"),
    "migrate": ("upkeep", "migrate"),
    "unit": ("units", "unit"),
    "backup": ("upkeep", "backup"),
    "restore": ("upkeep", "restore"),
    "sample": ("samples", "sample"),
    "import": ("workbooks", "import_"),
    "undo-import": ("workbooks", "undo"),
    "template": ("templates", "template"),
    "program": ("samples", "program"),
    "match": ("runs", "match"),
    "compare": ("runs", "compare"),
    "explain": ("questions", "explain"),
    "why-not": ("questions", "why_not"),
    "adjust": ("adjust", "adjust_cli"),
    "publish": ("publishing", "publish"),
    "export": ("workbooks", "export"),
    "roster": ("roster_edits", "roster_cli"),
    "repair": ("runs", "repair"),
    "worker": ("worker", "worker_cli"),
    "token": ("tokens", "token_cli"),
    "user": ("users", "user_cli"),
    "keys": ("keys", "keys_cli"),
    "retention": ("retention", "retention_cli"),
    "audit": ("audit", "audit_cli"),
    "solve": ("solve", "solve"),
    "schema": ("server", "schema"),
}
"""Module and name of every command, in the order of the help: a function, or an application with commands below."""


class Commands(TyperGroup):
    """A group that imports the module of a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; ``None`` for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        found = getattr(import_module(f"app.cli.{module}"), name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command()(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


# Typer's own tracebacks print local variables, which can hold personal data.
cli = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.callback()
def root() -> None:
    """Touyan 头雁: mentor matching for village cadres."""


def main() -> None:
    """Entry point of the ``touyan`` command."""
    cli()
