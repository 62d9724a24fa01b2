"""``touyan explain`` and ``touyan why-not``: questions to a plan, with people by 编号."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.access import SYSTEM_VIEWER
from app.cli.tools import DatabaseOption, opened
from app.labels import Language, label
from app.services import questions
from app.services.questions.ask import MOST_ALTERNATIVES
from app.services.questions.words import alternative_words, points, seat_words, why_not_words
from matching import Words

out = Console()

PlanArgument = Annotated[UUID, typer.Argument(help="Match plan")]
MenteeArgument = Annotated[str, typer.Argument(help="编号 of the mentee")]
SlotOption = Annotated[str | None, typer.Option("--slot", help="Code of the slot; all unless stated.")]


def explain(
    plan: PlanArgument,
    mentee: MenteeArgument,
    slot: SlotOption = None,
    alternatives: Annotated[int, typer.Option(min=0, max=MOST_ALTERNATIVES, help="Other mentors per seat.")] = 5,
    database: DatabaseOption = None,
) -> None:
    """Tell why a mentee has its mentors, or none, and what else could be at what price."""
    with opened(database) as (_, handle, _cipher):
        codes = questions.find_codes(handle, SYSTEM_VIEWER, plan, mentee)
        for code in codes.slots if slot is None else (slot,):
            answer = questions.explain_pairing(
                handle, SYSTEM_VIEWER, plan, codes.mentee_id, code, n_alternatives=alternatives
            )
            _say(seat_words(answer))
            if answer.exclusion is not None:
                return
            _show(answer)


def why_not(
    plan: PlanArgument,
    mentee: MenteeArgument,
    mentor: Annotated[str, typer.Argument(help="编号 of the mentor")],
    slot: SlotOption = None,
    database: DatabaseOption = None,
) -> None:
    """Tell why a mentee does not have a certain mentor, or what the pair would cost."""
    with opened(database) as (_, handle, _cipher):
        codes = questions.find_codes(handle, SYSTEM_VIEWER, plan, mentee, mentor)
        for mentor_id in codes.mentor_ids:
            answer = questions.why_not(handle, SYSTEM_VIEWER, plan, codes.mentee_id, mentor_id, slot)
            _say(why_not_words(answer))
            if answer.why.exclusion is not None:
                return


def _say(words: Words) -> None:
    out.print(escape(words.chinese), highlight=False)
    out.print(escape(words.english), style="dim", highlight=False)


def _show(answer: questions.SeatAnswer) -> None:
    found = answer.explanation
    if found is None:
        return
    if found.seat is not None:
        parts = (found.seat if found.team is None else found.team).contributions
        table = Table("项目 term", "得分 points", title="得分构成 contributions")
        for part in parts:
            name = f"{label(part.term)} {label(part.term, Language.EN)}"
            table.add_row(name, points(part.points))
        out.print(table)
    for number, each in enumerate(found.alternatives, start=1):
        words = alternative_words(each, answer.pricing, answer.names, answer.slots)
        out.print(f"{number}. {escape(words.chinese)}", highlight=False)
        out.print(f"   {escape(words.english)}", style="dim", highlight=False)
