"""Files of rosters that come back: ``POST /rosters/{id}/edits``, a form with the file and, if made, choices."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.access import Permission, Viewer
from app.config import Settings
from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import AppError, InvalidInputError, NotFoundError
from app.http.uploads import PERSONAL, GlobalId, UploadDoor, text_field
from app.models.vocabulary import MenteeKind
from app.rosters.roster_file import read_roster
from app.services.roster_edits import RosterComparison, compare_roster
from app.services.roster_edits.records import Choice, SeatEdit, SeatMove, Told, UnclearRow

KeyOf = Callable[..., UUID]
"""The key of a global id, given before the types it may be of; refuses any other text."""
MENTEE_TYPES = {MenteeKind.RESERVE_CANDIDATE: "ReserveCandidate", MenteeKind.ASSIGNED_CADRE: "AssignedCadre"}
MOST_CHOICES = 100
"""Cells that one form decides; they fit into what a form takes beside its file."""


class RosterEditsDoor(UploadDoor):
    """The answer of ``/rosters/{id}/edits``: what was changed by hand, and what it means; nothing is written.

    The edits are then laid down through GraphQL (``applyRosterEdits``). The field ``choices`` is an object of cells, as
    the answer names them, with the id of who is meant, or null for nobody.
    """

    permission = Permission.RUN
    wanted = ("the exported roster in the field file", "导出的花名册文件（file）")

    def __init__(
        self,
        database: Database,
        cipher: PersonalDataCipher,
        settings: Settings,
        global_id: GlobalId,
        turn: asyncio.Semaphore,
        *,
        key_of: KeyOf,
    ) -> None:
        super().__init__(database, cipher, settings, global_id, turn)
        self.key_of = key_of

    def take(self, viewer: Viewer, request: Request, file_name: str, data: bytes, form: FormData) -> JSONResponse:
        """Compare a file with the roster in force."""
        text = str(request.path_params["id"])
        try:
            roster_id = self.key_of(text, "Roster")
        except AppError:
            name = text[:80]
            raise NotFoundError(f"No roster {name} in your territory.", f"辖区内没有花名册 {name}。") from None
        chosen = self._choices(text_field(form, "choices"))
        compared = compare_roster(self.database, viewer, roster_id, read_roster(file_name, data), chosen=chosen)
        return JSONResponse({"rosterEdits": self._shown(compared)}, headers=PERSONAL)

    def _choices(self, text: str | None) -> dict[str, UUID | None]:
        refusal = InvalidInputError(
            f"choices is a JSON object of at most {MOST_CHOICES} cells with ids, or null for nobody.",
            f"choices 须为 JSON 对象（单元格对应 id，空缺为 null），最多{MOST_CHOICES}项。",
            path=("choices",),
        )
        try:
            given = json.loads(text) if text is not None else {}
        except (ValueError, RecursionError):
            raise refusal from None
        if not isinstance(given, dict) or len(given) > MOST_CHOICES:
            raise refusal
        if not all(value is None or isinstance(value, str) for value in given.values()):
            raise refusal
        types = (*MENTEE_TYPES.values(), "Mentor")
        return {cell: None if value is None else self.key_of(value, *types) for cell, value in given.items()}

    def _shown(self, compared: RosterComparison) -> dict[str, Any]:
        mentee = MENTEE_TYPES[compared.mentee_kind]
        return {
            "rosterId": self.global_id("Roster", compared.roster_id),
            "checksum": compared.checksum,
            "isIdentical": compared.is_identical,
            "isClear": compared.is_clear,
            "counts": {"rows": compared.n_rows, "same": compared.n_same, "skipped": compared.n_skipped},
            "rows": [self._row(row, mentee) for row in compared.rows],
            "seats": [self._seat(seat, mentee) for seat in compared.seats],
            "absent": [self._person(choice, mentee) for choice in compared.absent],
            "moves": [self._move(move, mentee) for move in compared.moves],
            "notes": list(map(_said, compared.notes)),
            "refusals": list(map(_said, compared.refusals)),
        }

    def _row(self, row: UnclearRow, mentee: str) -> dict[str, Any]:
        choices = [self._person(choice, mentee) for choice in row.choices]
        return {"cell": row.cell, "state": row.state.value, "choices": choices, **_said(row.told)}

    def _seat(self, seat: SeatEdit, mentee: str) -> dict[str, Any]:
        return {
            "cell": seat.cell,
            "mentee": self._person(seat.mentee, mentee),
            "slotCode": seat.slot_code,
            "state": seat.state.value,
            "formerMentor": self._person(seat.former, "Mentor"),
            "mentor": self._person(seat.mentor, "Mentor"),
            "choices": [self._person(choice, "Mentor") for choice in seat.choices],
            "meaning": None if seat.meaning is None else _said(seat.meaning),
            "refusals": list(map(_said, seat.refusals)),
            "isLaidDown": seat.is_laid_down,
        }

    def _move(self, move: SeatMove, mentee: str) -> dict[str, Any]:
        return {
            "mentee": self._person(move.mentee, mentee),
            "slotCode": move.slot_code,
            "before": self._person(move.before, "Mentor"),
            "after": self._person(move.after, "Mentor"),
        }

    def _person(self, choice: Choice | None, type_name: str) -> dict[str, str] | None:
        if choice is None:
            return None
        return {"id": self.global_id(type_name, choice.id), "code": choice.code, "place": choice.place}


def _said(told: Told) -> Mapping[str, str]:
    return {"message": told.english, "messageZh": told.chinese}
