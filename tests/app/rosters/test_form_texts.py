"""What a county words otherwise: checked, over what the prefecture words, and in no file that is archived."""

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook

from app.access import SYSTEM_VIEWER, pending_events
from app.db import Database
from app.errors import ForbiddenError, InvalidInputError, NotFoundError, VersionConflictError
from app.models import Division
from app.models.vocabulary import ExportForm, ExportFormat, MenteeKind, Role
from app.rosters.exporter import ExportDraft
from app.rosters.forms.words import default_template
from app.rosters.formtexts import (
    FormTextDraft,
    find_form_text,
    reset_form_text,
    set_form_text,
    template_for,
    texts_of,
    widths_of,
    with_texts,
)
from tests.app.rosters.export_samples import HEADER, NOW, Territory, content, store_territory
from tests.exports import exported

ROSTER = ExportForm.TWO_PLUS_ONE_ROSTER


def stored(database: Database) -> Territory:
    with database.write() as session:
        return store_territory(session, [content(1)], [content(2)])


def setting(division_id: UUID, texts: dict[str, str] | None = None, **options: Any) -> FormTextDraft:
    values: dict[str, Any] = {"form": ROSTER, "widths": {}} | options
    return FormTextDraft(division_id=division_id, texts=texts or {}, **values)


def test_what_the_county_sets_is_printed_and_other_texts_come_from_the_prefecture(database: Database) -> None:
    territory = stored(database)
    with database.write() as session:
        of_prefecture = {"annex": "附件7", "header.mentee.name": "后备干部姓名"}
        set_form_text(session, SYSTEM_VIEWER, setting(territory.prefecture.id, of_prefecture))
        of_county = {"annex": "附件8", "sign_off": "经办人：\n负责人：", "title": "{division}{year}年结对名册"}
        draft = setting(territory.county.id, of_county, widths={"mentee.name": 9.0})
        set_form_text(session, SYSTEM_VIEWER, draft)
        viewer = territory.viewer(session, territory.county)
    job = exported(
        database, viewer, ExportDraft(roster_id=territory.roster_id, format=ExportFormat.XLSX, purpose="备案"), now=NOW
    )
    sheet = load_workbook(BytesIO(job.content or b"")).active
    assert sheet is not None
    assert (sheet["A1"].value, sheet["A2"].value, sheet["E5"].value) == (
        "附件8",
        "思南县2025年结对名册",
        "后备干部姓名",
    )
    assert [cell.value for cell in sheet[8] if cell.value] == ["经办人：", "负责人："]
    assert sheet.column_dimensions["E"].width == pytest.approx(9, abs=0.05)
    assert job.file_name == "思南县2025年结对名册_v1.xlsx"
    other = exported(
        database,
        SYSTEM_VIEWER,
        ExportDraft(roster_id=territory.roster_id, format=ExportFormat.XLSX, purpose="备案"),
        now=NOW,
    )
    sheet = load_workbook(BytesIO(other.content or b"")).active
    assert sheet is not None
    assert (sheet["A1"].value, sheet["A2"].value) == ("附件7", HEADER["title"])


def test_setting_replaces_what_was_set_and_resetting_takes_it_back(database: Database) -> None:
    territory = stored(database)
    key = territory.county.id
    with database.write() as session:
        assert set_form_text(session, SYSTEM_VIEWER, setting(key, {"annex": "附件8"})).version == 1
        row = set_form_text(session, SYSTEM_VIEWER, setting(key, {"date": ""}, expected_version=1))
        assert (row.version, row.texts) == (2, {"date": ""})
        with pytest.raises(VersionConflictError):
            set_form_text(session, SYSTEM_VIEWER, setting(key, expected_version=1))
        county = session.get_one(Division, key)
        assert template_for(session, ROSTER, county).annex == "附件1"
        assert template_for(session, ROSTER, county).date == ""
        reset_form_text(session, SYSTEM_VIEWER, key, ROSTER)
        assert find_form_text(session, key, ROSTER) is None
        assert template_for(session, ROSTER, county) == default_template(ROSTER)
        with pytest.raises(NotFoundError):
            reset_form_text(session, SYSTEM_VIEWER, key, ROSTER)
        events = [(event.action, event.detail["keys"]) for event in pending_events(session)]
    assert events == [("FORM_TEXT_SET", ["annex"]), ("FORM_TEXT_SET", ["date"]), ("FORM_TEXT_RESET", [])]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("nothing", "x"),
        ("header.mentee.birthday", "x"),
        ("measure_font", "Arial"),
        ("title", ""),
        ("title", " "),
        ("title", "=1+1"),
        ("header.mentee.name", "＝姓名"),
        ("title", "题" * 121),
        ("title", "花名册\n第二行"),
        ("title", "{secret}"),
        ("title", "{title.__class__}"),
        ("header.mentee.name", "{title}"),
        ("phrase.shortfall", "{slot}{unit}"),
        ("notes", "联系人13812345678"),
        ("unit", "监督电话0856-7222333"),
        ("notes", "一\n" * 9),
        ("page_number", "第&P页{page}"),
        ("page_number", "页"),
        ("sheet_name", "花名册/一"),
        ("sheet_name", "册" * 32),
        ("title_font", '宋体"; x'),
        ("annex", "附件\u202e1"),
        ("annex", "附件\x00"),
    ],
)
def test_texts_that_would_not_print_or_could_do_harm_are_refused(
    sqlite_database: Database, key: str, text: str
) -> None:
    territory = stored(sqlite_database)
    with sqlite_database.write() as session:
        with pytest.raises(InvalidInputError) as caught:
            set_form_text(session, SYSTEM_VIEWER, setting(territory.county.id, {key: text}))
        assert caught.value.path == ("texts",)
        assert find_form_text(session, territory.county.id, ROSTER) is None


@pytest.mark.parametrize("widths", [{"mentee.name": 1.9}, {"mentee.name": 81.0}, {"x": 5.0}, {"note": float("nan")}])
def test_widths_are_those_of_columns_and_within_bounds(sqlite_database: Database, widths: dict[str, float]) -> None:
    territory = stored(sqlite_database)
    with sqlite_database.write() as session, pytest.raises(InvalidInputError):
        set_form_text(session, SYSTEM_VIEWER, setting(territory.county.id, widths=widths))


def test_only_officers_of_the_county_or_above_word_its_forms(sqlite_database: Database) -> None:
    territory = stored(sqlite_database)
    with sqlite_database.write() as session:
        foreign = territory.viewer(session, territory.other_county)
        reader = territory.viewer(session, territory.county, Role.READER)
        with pytest.raises(NotFoundError):
            set_form_text(session, foreign, setting(territory.county.id, {"annex": "附件8"}))
        with pytest.raises(NotFoundError):
            set_form_text(session, foreign, setting(territory.prefecture.id, {"annex": "附件8"}))
        with pytest.raises(ForbiddenError):
            set_form_text(session, reader, setting(territory.county.id, {"annex": "附件8"}))


@pytest.mark.parametrize("form", list(ExportForm))
@pytest.mark.parametrize("kind", list(MenteeKind))
def test_every_text_and_width_of_every_form_can_be_set_as_it_is(
    sqlite_database: Database, form: ExportForm, kind: MenteeKind
) -> None:
    template = default_template(form, kind)
    assert with_texts(template, texts_of(template), widths_of(template)) == template
    territory = stored(sqlite_database)
    with sqlite_database.write() as session:
        draft = FormTextDraft(
            division_id=territory.county.id, form=form, texts=texts_of(template), widths=widths_of(template)
        )
        set_form_text(session, SYSTEM_VIEWER, draft)
