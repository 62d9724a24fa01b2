"""``touyan audit``: whether the audit trail is whole, its end as an anchor, and what it says."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.access import SYSTEM_VIEWER, accept_trail, verify_trail
from app.cli.tools import DatabaseOption, opened, seal_keys_of
from app.db import run_in_transaction
from app.errors import AuditTrailError, InvalidInputError
from app.labels import Language, label
from app.models import AuditEvent
from app.models.vocabulary import AuditAction
from app.reads.audit import AuditFilter, audit_head, iterate_events
from app.reads.conditions import Span
from app.services.texts import required_text

audit_cli = typer.Typer(no_args_is_help=True, help="The audit trail: check it, anchor it, read it.")
out = Console(highlight=False)

CHINA = timezone(timedelta(hours=8))
"""One time zone in all of China, without summer time."""

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
FORMULA = ("=", "+", "-", "@")
COLUMNS = ("sequence", "at", "actor", "role", "action", "target", "detail", "request_id", "entry_hash")


class ListFormat(StrEnum):
    """How events are printed."""

    TABLE = "table"
    CSV = "csv"


@audit_cli.command()
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH as `touyan audit head` printed it; may be given several times."),
    ] = None,
    database: DatabaseOption = None,
) -> None:
    """Check every entry, the head and its seal; exit code 1 when something is wrong.

    A whole trail that was put back to an earlier state, with the head of that time, is found with an --anchor only.
    """
    with opened(database) as (_, handle, _cipher):
        anchors = dict(_parsed_anchor(text) for text in anchor or [])
        with handle.read() as session:
            report = verify_trail(session, seal_keys_of(handle), anchors=anchors)
    if report.is_whole:
        out.print(
            f"The audit trail is whole: {report.n_entries} entries, the last {report.entry_hash}.\n"
            f"审计日志完整：共 {report.n_entries} 条。",
            soft_wrap=True,
        )
        return
    for finding in report.findings:
        out.print(
            f"[red]{finding.fault}[/red] entry {finding.sequence}: {label(finding.fault, Language.EN)}\n"
            f"第 {finding.sequence} 条：{label(finding.fault)}。",
            soft_wrap=True,
        )
    out.print(
        f"The audit trail is not whole; {report.n_entries} entries before the first fault hold. "
        f"审计日志不完整；首个问题之前的 {report.n_entries} 条记录有效。",
        soft_wrap=True,
    )
    raise typer.Exit(1)


@audit_cli.command()
def head(database: DatabaseOption = None) -> None:
    """Print NUMBER:HASH of the last entry: written down elsewhere, it shows later that nothing was put back."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        end = audit_head(session, SYSTEM_VIEWER)
        if end is None:
            raise AuditTrailError(
                "The audit trail has no head any more. See `touyan audit verify`.",
                "审计日志的链头已丢失，请执行 touyan audit verify 查明。",
            )
        typer.echo(f"{end.n_entries}:{end.entry_hash}")


@audit_cli.command("list")
def list_events(
    since: Annotated[str | None, typer.Option(help="First day or instant, China time unless stated.")] = None,
    until: Annotated[str | None, typer.Option(help="Day or instant before which it ends.")] = None,
    action: Annotated[list[AuditAction] | None, typer.Option(help="Only this action; may be repeated.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this user or token did.")] = None,
    target: Annotated[str | None, typer.Option(help="Kind of the object and its id or 编号, or its beginning.")] = None,
    form: Annotated[ListFormat, typer.Option("--format", help="A table, or CSV.")] = ListFormat.TABLE,
    database: DatabaseOption = None,
) -> None:
    """Print entries in order, as a table or as CSV."""
    with opened(database) as (_, handle, _cipher), handle.read() as session:
        wanted = AuditFilter(
            actor=actor,
            actions=tuple(action) if action else None,
            target=target,
            at=Span(start=_instant(since, "since"), end=_instant(until, "until")),
        )
        events = iterate_events(session, SYSTEM_VIEWER, wanted)
        if form is ListFormat.CSV:
            typer.echo(_csv_line(COLUMNS))
            for event in events:
                typer.echo(_csv_line(_values(event)))
            return
        table = Table("no.", "at", "actor", "action", "target", "detail", title="audit trail")
        for event in events:
            at = f"{event.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
            action_text = f"{label(event.action)} {event.action}"
            cells = (str(event.sequence), at, event.actor, action_text, event.target, _detail(event))
            table.add_row(*(escape(cell) for cell in cells))
        out.print(table)


@audit_cli.command()
def accept(
    reason: Annotated[str, typer.Option(help="Who looked into it, and why the service may go on.")],
    key_is_lost: Annotated[
        bool, typer.Option("--key-is-lost", help="The data key that sealed the trail is lost for good.")
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Go on behind a trail whose head is broken: seal its last entry as it stands, and record what was found.

    Faults of entries stay faults: every later check finds them again.
    """
    with opened(database) as (_, handle, _cipher):
        why = required_text(reason, 200, "Give the reason.", "请填写原因。", path=["reason"])
        keys = seal_keys_of(handle)
        # The long part beside everybody else's work; what comes in meanwhile is checked under the lock.
        with handle.read() as session:
            checked = verify_trail(session, keys)
        report = run_in_transaction(
            handle,
            lambda session: accept_trail(session, SYSTEM_VIEWER, keys, why, key_is_lost=key_is_lost, checked=checked),
        )
        out.print(f"Recorded with {len(report.findings)} finding(s); the trail goes on. 已记录并重新封存。")


def _parsed_anchor(text: str) -> tuple[int, str]:
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError(
            "An anchor is NUMBER:HASH as `touyan audit head` prints it.",
            "锚点须为 touyan audit head 输出的“序号:链值”。",
            path=["anchor"],
        )
    return int(found[1]), found[2]


def _instant(text: str | None, name: str) -> datetime | None:
    """A day or an instant; in China's time where no other is stated."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"--{name} must be a day or an instant such as 2026-03-01 or 2026-03-01T08:00:00+08:00.",
            f"--{name} 须为日期或时间，如 2026-03-01 或 2026-03-01T08:00:00+08:00。",
            path=[name],
        ) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=CHINA)).astimezone(UTC)


def _values(event: AuditEvent) -> tuple[str, ...]:
    return (
        str(event.sequence),
        event.at.isoformat(),
        event.actor,
        event.role.value,
        event.action.value,
        event.target,
        _detail(event),
        event.request_id or "",
        event.entry_hash,
    )


def _detail(event: AuditEvent) -> str:
    return orjson.dumps(event.detail, option=orjson.OPT_SORT_KEYS).decode()


def _csv_line(values: tuple[str, ...]) -> str:
    """One line; texts that a spreadsheet would take for a formula are quoted as text."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(f"'{text}" if text.startswith(FORMULA) else text for text in values)
    return line.getvalue()
