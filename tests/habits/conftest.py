"""A desk at which the files of counties arrive: each habit as .xlsx and as .xls, under the name of the habit."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlmodel import select

from app.models import ImportBatch, Person
from app.models.columns import Row
from tests.app.rosters.conftest import ImportOffice, candidate_row, mentor_row
from tests.app.rosters.conftest import office as office
from tests.habits.files import save_xls

CLEAN = {"new": 0, "changed": 0, "unchanged": 0, "recorded": 0, "rejected": 0, "skipped": 0}


@dataclass(slots=True, kw_only=True)
class Desk:
    """Saves a workbook under the name of its habit, and takes it in through the whole importer."""

    office: ImportOffice
    folder: Path
    container: str

    def receive(self, book: Workbook, habit: str) -> ImportBatch:
        path = self.folder / f"{habit}.{self.container}"
        if self.container == "xls":
            save_xls(book, path)
        else:
            book.save(path)
        return self.office.upload(path.read_bytes(), file_name=path.name)

    def receive_bytes(self, data: bytes, file_name: str) -> ImportBatch:
        path = self.folder / file_name
        path.write_bytes(data)
        return self.office.upload(path.read_bytes(), file_name=path.name)

    def all(self, table: type[Row]) -> list[Row]:
        return self.office.all(table)

    def person(self, name: str) -> Person:
        return self.office.session.exec(select(Person).where(Person.name == name)).one()


@pytest.fixture(params=["xlsx", "xls"])
def desk(office: ImportOffice, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return Desk(office=office, folder=tmp_path, container=request.param)


@pytest.fixture
def xlsx_desk(office: ImportOffice, tmp_path: Path) -> Desk:
    return Desk(office=office, folder=tmp_path, container="xlsx")


__all__ = ["CLEAN", "Desk", "candidate_row", "mentor_row", "office"]
