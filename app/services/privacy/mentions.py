"""Texts that others wrote, in which a person who left can be named: the full name is replaced wherever it stands.

It is found by its characters alone. A namesake of the same county, and a longer name that begins so, are replaced as
well: that loses a word of a remark, the other way round somebody would stay named.
"""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table
from sqlmodel import Session, and_, col, delete, func, or_, select, update

from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.models import (
    Division,
    ExportJob,
    FormText,
    ImportBatch,
    ImportIssue,
    ImportMapping,
    ImportRow,
    MatchPlan,
    MatchPolicy,
    PairingProgram,
    Person,
    Pin,
    Preference,
    ProgramSlot,
    RuleRelease,
    Shortfall,
)
from app.models.vocabulary import DivisionLevel
from app.services.privacy.columns import encrypted_columns

FEWEST_CHARACTERS = 2
"""Characters of a name that is looked for in remarks."""
OF_COUNTIES: tuple[Any, ...] = (
    ImportBatch.file_name,
    Pin.reason,
    Preference.approved_by,
    RuleRelease.reason,
    Shortfall.note,
)
"""Texts of rows that carry their county."""
OF_PROGRAMS: tuple[Any, ...] = (
    MatchPlan.return_reason,
    MatchPlan.withdraw_reason,
    MatchPolicy.note,
    ProgramSlot.duties,
)
"""Texts of programmes, which are of a county or of the prefecture around it."""
OF_BOTH: tuple[Any, ...] = (ExportJob.purpose,)
"""Texts of rows with a county, or without one where they are about a whole programme."""
SHEETS: tuple[Any, ...] = (ImportRow.sheet, ImportIssue.sheet, ImportIssue.message, ImportIssue.message_zh)
"""Names of sheets of uploaded files, also where an issue points at a row; some have a sheet for each person."""
SHEET_NAME, LONGEST_SHEET_NAME = "sheet_name", 31
"""The text of a form that names the sheet, and how many characters of it Excel takes."""
_NUMBERS_AND_FILES = frozenset(
    {"person", "import_batch", "import_correction", "import_row", "import_source", "import_undo"}
)
"""Tables whose encrypted values are no remarks of others."""


def forget_mentions(session: Session, cipher: PersonalDataCipher, person: Person, name: str, pseudonym: str) -> None:
    """Put the pseudonym in the place of the full name in every remark of the person's county.

    A name of one character tells nobody: it stands in words of every remark, which would all be spoilt.
    """
    if name == pseudonym or len(name) < FEWEST_CHARACTERS:
        return
    county_id = person.county_id
    programs = programs_around(session, county_id)
    for columns, clause_of in (
        (OF_COUNTIES, lambda row: row.county_id == county_id),
        (OF_PROGRAMS, lambda row: col(row.program_id).in_(programs)),
        (OF_BOTH, lambda row: or_(col(row.county_id).is_(None), row.county_id == county_id)),
    ):
        for column in columns:
            _replace(session, column, clause_of(column.class_), name, pseudonym)
    batches = select(ImportBatch.id).where(ImportBatch.county_id == county_id)
    for column in SHEETS:
        # By 编号: two sheets of one file that become pseudonyms must not bear the same name.
        _replace(session, column, column.class_.batch_id.in_(batches), name, person.code)
    headers = col(ImportMapping.header).contains(name, autoescape=True)
    session.exec(delete(ImportMapping).where(col(ImportMapping.county_id) == county_id, headers))
    _replace_in_forms(session, county_id, name, pseudonym)
    _replace_encrypted(session, cipher, county_id, name, pseudonym)


def programs_around(session: Session, county_id: UUID) -> Any:
    """The query for the programmes in which people of a county can take part: its own, and those around it."""
    return select(PairingProgram.id).where(col(PairingProgram.division_id).in_(_around(session, county_id)))


def _around(session: Session, county_id: UUID) -> Iterable[UUID]:
    """The county with the prefecture and the province around it, in every period."""
    code = session.get_one(Division, county_id).code
    outer = and_(
        col(Division.level).in_((DivisionLevel.PREFECTURE, DivisionLevel.PROVINCE)),
        col(Division.code).in_((f"{code[:4]:0<12}", f"{code[:2]:0<12}")),
    )
    return session.exec(select(Division.id).where(or_(col(Division.id) == county_id, outer))).all()


def _replace(session: Session, column: Any, clause: ColumnElement[bool], name: str, pseudonym: str) -> None:
    table = column.class_
    longest = column.type.length
    # The pseudonym can be longer than the name, and the text as long as it may be.
    replaced = func.substr(func.replace(column, name, pseudonym), 1, longest)
    session.exec(update(table).where(clause, col(column).contains(name, autoescape=True)).values({column: replaced}))


def _replace_in_forms(session: Session, county_id: UUID, name: str, pseudonym: str) -> None:
    """What the county and those around it print otherwise: signatures and notes can name somebody."""
    around = _around(session, county_id)
    for row in session.exec(select(FormText).where(col(FormText.division_id).in_(around))):
        texts = {key: text.replace(name, pseudonym) for key, text in row.texts.items()}
        if SHEET_NAME in texts:
            texts[SHEET_NAME] = texts[SHEET_NAME][:LONGEST_SHEET_NAME]
        if texts != row.texts:
            row.texts = texts
            session.add(row)


def _replace_encrypted(
    session: Session, cipher: PersonalDataCipher, county_id: UUID, name: str, pseudonym: str
) -> None:
    connection = session.connection()
    for table, columns in encrypted_columns().items():
        if table.name in _NUMBERS_AND_FILES:
            continue
        for column in (cast(Any, each.column) for each in columns):
            of_county = select(table.c.id, column).where(table.c.county_id == county_id, column.is_not(None))
            for key, token in connection.execute(of_county).all():
                text = _find_clear(cipher, token)
                if text is not None and name in text:
                    _store(session, table, key, column, cipher.encrypt(text.replace(name, pseudonym)))


def _find_clear(cipher: PersonalDataCipher, token: str) -> str | None:
    try:
        return cipher.decrypt(token)
    except WrongDataKeyError:
        return None  # nobody can read it any more


def _store(session: Session, table: Table, key: UUID, column: Any, token: str) -> None:
    session.connection().execute(update(table).where(table.c.id == key).values({column: token}))
