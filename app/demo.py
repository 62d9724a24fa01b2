"""The whole main job in one command: workbooks in, both programmes matched, approved and published, rosters out."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import Session, select

from app.access import SYSTEM_VIEWER, Viewer, create_token, viewer_for_division
from app.config import Settings, get_settings
from app.crypto import PersonalDataCipher
from app.db import Database, run_in_transaction
from app.errors import BatchHasErrorsError
from app.jobs.client import JobClient
from app.jobs.engine import migrate_jobs
from app.jobs.worker import work_until
from app.key_file import data_keys
from app.labels import Language, label, public_reason
from app.locking import held
from app.models import ImportBatch, MatchPlan, MatchRun, PairingProgram, Shortfall
from app.models.vocabulary import (
    DivisionLevel,
    ExportFormat,
    ImportState,
    MaskLevel,
    ReasonCode,
    Role,
    RosterLayout,
    RunMode,
    TravelSource,
)
from app.owners import make_file
from app.rosters.exporter import ExportDraft, export_form
from app.rosters.importer import upload_workbook
from app.rosters.pdffont import FontChain
from app.sample.catalog import PROGRAMS, Sample, SampleProgram
from app.sample.load import county_codes, load_places, write_workbooks
from app.sealing import SealKeys
from app.services.exports import save_export
from app.services.imports import commit_import
from app.services.places import division_by_code
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.programs import ProgramDraft, create_pairing_program
from app.services.publication import publish_match_plan
from app.services.runs import RunDraft, start_match_run
from app.sqlite_files import remove
from migrations.runner import upgrade

DEMO_SAMPLES = ("tongren", "fushan")


@dataclass(slots=True)
class _Outcome:
    """What the summary tells of one programme."""

    name: str
    plan_id: UUID
    files: list[Path]
    counts: dict[str, int]
    seconds: dict[str, float] = field(default_factory=dict)


def create_sample_program(session: Session, viewer: Viewer, described: SampleProgram) -> PairingProgram:
    """Create the programme that a sample is made for, through the same service that the API calls."""
    division = division_by_code(session, described.division_code)
    return create_pairing_program(
        session,
        viewer,
        ProgramDraft(
            division_id=division.id,
            kind=described.kind,
            mentee_kind=described.mentee_kind,
            name=described.name,
            year=described.year,
            start_date=described.start_date,
            preset=described.preset,
        ),
    )


def run_demo(folder: Path, out: Console) -> None:
    """Make ``folder``/demo.db anew and run the whole job in it; prints a summary table per programme."""
    folder.mkdir(parents=True, exist_ok=True)
    database_path = folder / "demo.db"
    settings: Settings = get_settings().model_copy(update={"database_url": f"sqlite:///{database_path}"})
    path = settings.sqlite_path
    assert path is not None
    # Whoever serves the database of an earlier demonstration must not lose it under his feet.
    with held(path, alone=True):
        token, files = _make(path, folder, settings, out)
    out.print("Rosters:", *(f"  {file}" for file in files), sep="\n")
    out.print(
        f"\nStart the server:  make serve DATABASE={database_path}\n"
        "Then open http://127.0.0.1:8000/graphql and send this header with each request:",
        highlight=False,
    )
    out.print(f'  {{"Authorization": "Bearer {token}"}}', soft_wrap=True, highlight=False)
    out.print(
        "Try:  { reserveCandidates(first: 3) { edges { node { person { name } "
        "pairings { members { slotCode mentor { person { name unitAndPost } } } } } } } }",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def _make(path: Path, folder: Path, settings: Settings, out: Console) -> tuple[str, list[Path]]:
    """The whole job over a new database; a token for it, and the rosters."""
    remove(path)
    os.close(make_file(path))
    keys = data_keys(settings, may_make=True)
    database = Database(settings.database_url, seal_keys=SealKeys.of(keys))
    cipher = PersonalDataCipher(keys)
    try:
        upgrade(database.engine, cipher=cipher, seal_keys=database.seal_keys)
        migrate_jobs(settings.database_url)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=out, transient=not out.is_terminal) as bar:
            outcomes = [_one_programme(database, cipher, name, folder, bar) for name in DEMO_SAMPLES]
        for outcome in outcomes:
            with database.read() as session:
                out.print(_summary(session, outcome))
        token = run_in_transaction(
            database,
            lambda session: create_token(
                session, role=Role.SYSTEM_ADMIN, label="demo", division=None, valid_for=timedelta(days=7)
            ),
        )
    finally:
        database.dispose()
    return token, [file for outcome in outcomes for file in outcome.files]


def _one_programme(database: Database, cipher: PersonalDataCipher, name: str, folder: Path, bar: Progress) -> _Outcome:
    sample, described = Sample(name), PROGRAMS[name]
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(title: str, total: int | None = None) -> Iterator[int]:
        task = bar.add_task(f"{name}: {title}", total=total)
        started = time.perf_counter()
        yield int(task)
        seconds[title] = time.perf_counter() - started
        bar.update(task, total=1, completed=1)

    with stage("places"):
        run_in_transaction(database, lambda session: load_places(session, SYSTEM_VIEWER, sample))
    with stage("workbooks") as task:
        paths = write_workbooks(
            sample,
            folder / "workbooks",
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),  # type: ignore[arg-type]
        )
    with database.read() as session:
        division = division_by_code(session, described.division_code)
        is_city = division.level is DivisionLevel.PREFECTURE
        officer = viewer_for_division(
            session,
            subject=f"{division.name}经办人",
            role=Role.PREFECTURE_OFFICER if is_city else Role.COUNTY_ADMIN,
            division=division,
        )
        approver = viewer_for_division(
            session,
            subject=f"{division.name}审批人",
            role=Role.PREFECTURE_OFFICER if is_city else Role.COUNTY_APPROVER,
            division=division,
        )
    counts: dict[str, int] = {}
    with stage("import") as task:
        for done, (county, path) in enumerate(zip(county_codes(sample), paths, strict=True), start=1):
            batch = _import_one(database, cipher, officer, county, path)
            for key, value in batch.counts.items():
                counts[key] = counts.get(key, 0) + value
            bar.update(task, completed=done, total=len(paths))  # type: ignore[arg-type]
    program = run_in_transaction(database, lambda session: create_sample_program(session, officer, described))
    with stage("match") as task:
        asked = RunDraft(program_id=program.id, mode=RunMode.FINAL)
        with closing(JobClient(database)) as jobs:
            run_id = start_match_run(database, officer, asked, enqueue=jobs.enqueue_run)
        work_until(
            database,
            run_id,
            slot="demo",
            on_look=lambda view: bar.update(task, completed=view.n_solved, total=view.n_shares),  # type: ignore[arg-type]
        )
    with stage("publish"):
        with database.read() as session:
            plan_id = session.exec(select(MatchPlan.id).where(MatchPlan.run_id == run_id)).one()
        run_in_transaction(database, lambda session: submit_match_plan(session, officer, plan_id))
        run_in_transaction(
            database,
            lambda session: approve_match_plan(session, approver, plan_id, "样例审批人", approve_shortfalls=True),
        )
        roster = run_in_transaction(database, lambda session: publish_match_plan(session, approver, plan_id))
    files = []
    with stage("export"):
        fonts = FontChain()
        for file_format in ExportFormat:
            draft = ExportDraft(
                roster_id=roster.id,
                format=file_format,
                layout=RosterLayout.WIDE,
                mask_level=MaskLevel.STANDARD,
                purpose="演示导出",
                county_id=None,
            )
            job = export_form(database, officer, draft, chain=fonts)
            files.append(save_export(job, folder))
    return _Outcome(name=described.name, plan_id=plan_id, files=files, counts=counts, seconds=seconds)


def _import_one(database: Database, cipher: PersonalDataCipher, viewer: Viewer, county: str, path: Path) -> ImportBatch:
    data = path.read_bytes()
    batch = run_in_transaction(
        database,
        lambda session: upload_workbook(session, viewer, cipher, county_code=county, file_name=path.name, data=data),
    )
    if batch.state is not ImportState.READY:
        raise BatchHasErrorsError(
            f"The workbook {path.name} has errors; see `touyan import {path} --county {county}`.",
            f"工作簿 {path.name} 有错误，请用 touyan import 查看。",
        )
    return run_in_transaction(database, lambda session: commit_import(session, viewer, cipher, batch.id))


def _summary(session: Session, outcome: _Outcome) -> Table:
    plan = session.get_one(MatchPlan, outcome.plan_id)
    figures = plan.metrics
    table = Table(title=outcome.name, show_header=False, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column()
    imported = ", ".join(f"{key} {value:,}" for key, value in outcome.counts.items())
    table.add_row("rows imported", imported)
    left_out: dict[str, int] = {}
    for message in session.get_one(MatchRun, plan.run_id).messages:
        if message["kind"] == "EXCLUDED":
            left_out[message["code"]] = left_out.get(message["code"], 0) + 1
    reasons_out = ", ".join(f"{count} {code}" for code, count in sorted(left_out.items()))
    n_all = figures["n_mentees"] + sum(left_out.values())
    table.add_row(
        "mentees taking part",
        f"{figures['n_mentees']:,} of {n_all:,}" + (f" (left out: {reasons_out})" if left_out else ""),
    )
    share = figures["n_filled"] / figures["n_seats"] if figures["n_seats"] else 0.0
    table.add_row("seats filled", f"{figures['n_filled']:,} of {figures['n_seats']:,} ({share:.1%})")
    loads = ", ".join(f"{count:,} mentors with {load}" for load, count in figures["n_loads"])
    table.add_row("load", loads)
    table.add_row("same township", _percent(figures["same_township_share"]))
    estimated = figures["n_by_travel_source"].get(TravelSource.COORDINATES, 0)
    table.add_row(
        "travel minutes",
        f"mean {_number(figures['mean_minutes'])}, worst {_number(figures['max_minutes'])} "
        f"({estimated:,} seats estimated 估算)",
    )
    table.add_row(
        "experience (0-100)",
        f"mean {_number(figures['mean_experience_fit'])}, worst {_number(figures['worst_experience_fit'])}",
    )
    reasons: dict[str, int] = {}
    for row in session.exec(select(Shortfall).where(Shortfall.plan_id == plan.id)):
        code = ReasonCode(row.reasons[0]["code"])
        text = f"{public_reason(code)} ({public_reason(code, Language.EN)})"
        reasons[text] = reasons.get(text, 0) + 1
    total = sum(reasons.values())
    lines = "\n".join(f"{count} × {text}" for text, count in sorted(reasons.items(), key=lambda pair: -pair[1]))
    table.add_row("shortfalls, by first reason", f"{total}\n{lines}" if total else "none")
    table.add_row("plan", f"{plan.id} {label(plan.state)}")
    table.add_row("seconds", ", ".join(f"{title} {spent:.1f}" for title, spent in outcome.seconds.items()))
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
