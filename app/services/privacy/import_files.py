"""Uploaded files that name a person who becomes a pseudonym: what is kept of them goes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from app.crypto import PersonalDataCipher, WrongDataKeyError
from app.models import ImportBatch, ImportCorrection, ImportIssue, ImportRow, ImportSource, ImportUndo, Person
from app.models.vocabulary import RowChange
from app.services.privacy.mentions import FEWEST_CHARACTERS


def drop_import_files(session: Session, cipher: PersonalDataCipher, person: Person) -> int:
    """Empty the rows of uploaded files of the county that name the person; how many they were.

    What else is kept of such a file goes as well: its bytes, its corrections, what its commit wrote. So does that of a
    file with rows that could not be read, as nobody can tell whom they are about, and of one whose sheets or headers
    name the person. Such an import cannot be taken back any more.
    """
    numbers = (_clear(cipher, token) for token in (person.id_number_encrypted, person.phone_encrypted))
    words = [f'"{text}"' for text in (person.name, *numbers) if text is not None]
    rows = session.exec(
        select(ImportRow)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportRow.batch_id))
        .where(ImportBatch.county_id == person.county_id, col(ImportRow.content_encrypted).is_not(None))
    )
    named = [row for row in rows if _names(cipher, row.content_encrypted or "", words)]
    for row in named:
        row.content_encrypted = None
        session.add(row)
    session.flush()
    unread = session.exec(
        select(ImportRow.batch_id)
        .join(ImportBatch, col(ImportBatch.id) == col(ImportRow.batch_id))
        .where(ImportBatch.county_id == person.county_id, ImportRow.change == RowChange.REJECTED)
    )
    headed = [
        batch_id
        for batch_id, token in session.exec(
            select(ImportBatch.id, ImportBatch.sheets_encrypted).where(
                ImportBatch.county_id == person.county_id, col(ImportBatch.sheets_encrypted).is_not(None)
            )
        )
        if len(person.name) >= FEWEST_CHARACTERS and _names(cipher, token or "", [person.name])
    ]
    forget_files(session, {row.batch_id for row in named} | {*unread, *headed})
    return len(named)


def forget_files(session: Session, batches: Collection[UUID]) -> None:
    """Let go what is kept of uploaded files, apart from their rows: bytes, all that was said, what commits wrote."""
    keys = list(batches)
    connection = session.connection()
    for table in (ImportSource, ImportUndo):
        connection.execute(update(table).where(col(table.batch_id).in_(keys)).values(content_encrypted=None))
    of_keys = update(ImportBatch).where(col(ImportBatch.id).in_(keys))
    # What was said of the sheets, by their names, serves nothing but reading the file again.
    connection.execute(of_keys.values(sheets_encrypted=None, mappings={}))
    connection.execute(update(ImportIssue).where(col(ImportIssue.batch_id).in_(keys)).values(choices=[]))
    connection.execute(delete(ImportCorrection).where(col(ImportCorrection.batch_id).in_(keys)))


def _names(cipher: PersonalDataCipher, token: str, words: list[str]) -> bool:
    text = _clear(cipher, token)
    # What nobody can read any more may as well go.
    return text is None or any(word in text for word in words)


def _clear(cipher: PersonalDataCipher, token: str | None) -> str | None:
    """The text of a token; ``None`` without one, and where no present key opens it."""
    if token is None:
        return None
    try:
        return cipher.decrypt(token)
    except WrongDataKeyError:
        return None
