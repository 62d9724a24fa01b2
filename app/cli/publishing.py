"""``touyan publish``: a plan through approval to its roster."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from sqlmodel import Session

from app.access import SYSTEM_VIEWER, Viewer
from app.cli.tools import DatabaseOption, opened
from app.db import run_in_transaction
from app.models import MatchPlan, Roster
from app.models.vocabulary import PlanState, Role
from app.services.plans import approve_match_plan, submit_match_plan
from app.services.publication import publish_match_plan

out = Console()


def publish(
    plan_id: Annotated[UUID, typer.Argument(help="Plan of a FINAL run")],
    approver: Annotated[str, typer.Option(help="Name of the person who approves")],
    approve_shortfalls: Annotated[bool, typer.Option(help="The approver has seen the unfilled seats.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Submit, approve and publish a plan, each under its own subject, and print the roster's id."""
    with opened(database) as (_, handle, _cipher):
        approving = Viewer(subject="command line approver", role=Role.SYSTEM_ADMIN)

        def unit(session: Session) -> Roster:
            plan = session.get(MatchPlan, plan_id)
            if plan is not None and plan.state is PlanState.PROPOSED:
                submit_match_plan(session, SYSTEM_VIEWER, plan_id)
            if plan is not None and plan.state is PlanState.SUBMITTED:
                approve_match_plan(session, approving, plan_id, approver, approve_shortfalls=approve_shortfalls)
            return publish_match_plan(session, approving, plan_id)

        roster = run_in_transaction(handle, unit)
        out.print(f"roster {roster.id} version {roster.roster_version}: {roster.title}")
