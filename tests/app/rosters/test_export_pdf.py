"""PDF: fonts and their gaps, whole rows and blocks, and that programs which people use can read and print the files."""

import shutil
import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from app.crypto import PersonalDataCipher
from app.db import Database
from app.errors import ConfigurationError, MissingGlyphsError
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, RosterLayout
from app.rosters.drafts import OF_DIVISION
from app.rosters.forms.roster import build_grid
from app.rosters.forms.words import default_template
from app.rosters.grid import CHINA_TIME, FormDocument, fill_document
from app.rosters.pdffont import FontChain, packaged_face
from app.rosters.pdfform import write_pdf
from tests.app.rosters.export_samples import HEADER, NOW, content
from tests.app.rosters.form_office import NOW as TODAY
from tests.app.rosters.form_office import open_form_office
from tests.exports import FONTS, exported

LIBERATION = Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf")


def document_of(n_rows: int, layout: RosterLayout = RosterLayout.WIDE, name: str | None = None) -> FormDocument:
    rows = [content(number) for number in range(n_rows)]
    if name is not None:
        rows[0]["mentee"]["name"] = name
    template = default_template(ExportForm.TWO_PLUS_ONE_ROSTER)
    grid = build_grid(template, HEADER, rows, layout=layout, mask_level=MaskLevel.STANDARD)
    values = {key: HEADER[key] for key in ("title", "unit", "date", "reference_date")} | {"order": "建制顺序、村"}
    return fill_document(template, grid, values, own_mark="存档件", made_at=NOW.astimezone(CHINA_TIME))


def pages_of(data: bytes) -> list[str]:
    return [page.extract_text().replace("\0", "") for page in PdfReader(BytesIO(data)).pages]


def test_only_what_is_used_of_the_open_font_is_embedded() -> None:
    reader = PdfReader(BytesIO(write_pdf(document_of(3), FONTS)))
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    (font,) = [each.get_object() for each in fonts.values()]  # type: ignore[union-attr]
    assert font["/BaseFont"].endswith("+NotoSansCJKSC")
    assert "/ToUnicode" in font
    assert len(write_pdf(document_of(3), FONTS)) < 100_000


def test_a_name_that_no_font_can_print_is_refused_by_its_code_points() -> None:
    with pytest.raises(MissingGlyphsError) as caught:
        write_pdf(document_of(2, name="张\U0003134a"), FONTS)
    assert "U+3134A" in caught.value.message
    assert "TOUYAN_PDF_FONT" in caught.value.message_zh
    assert "张" not in caught.value.message + caught.value.message_zh


def test_a_file_that_is_no_font_keeps_the_process_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "font.ttf"
    path.write_bytes(b"no font")
    with pytest.raises(ConfigurationError, match=r"font\.ttf cannot be opened"):
        FontChain(str(path))
    # Of a collection one face must be named.
    with pytest.raises(ConfigurationError, match="collection"):
        FontChain(str(packaged_face().path))
    assert FontChain(f"{packaged_face().path}#2").faces[0] == packaged_face()


@pytest.mark.skipif(not LIBERATION.exists(), reason="no second font is installed")
def test_a_named_font_goes_first_and_the_open_one_fills_its_gaps() -> None:
    chain = FontChain(str(LIBERATION))
    assert [(run.font, run.text) for run in chain.runs("A张B")] == [(0, "A"), (1, "张"), (0, "B")]
    data = write_pdf(document_of(2), chain)
    fonts = PdfReader(BytesIO(data)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = sorted(each.get_object()["/BaseFont"] for each in fonts.values())  # type: ignore[union-attr]
    assert [name.partition("+")[2] for name in names] == ["LiberationSans", "NotoSansCJKSC"]
    assert "520624-00001" in "".join(pages_of(data)[0].split())


@pytest.mark.parametrize("layout", list(RosterLayout))
def test_every_page_has_the_header_rows_and_whole_blocks(layout: RosterLayout) -> None:
    pages = pages_of(write_pdf(document_of(40, layout), FONTS))
    assert len(pages) > 3
    seen = []
    for number, page in enumerate(pages, start=1):
        assert "村级后备力量" in page
        assert f"第 {number} 页 共 {len(pages)} 页" in page
        flat = "".join(page.split())
        mentees = [n for n in range(40) if f"520624-{n:05d}" in flat]
        mentors = [n for n in range(40) if f"520624-{10_000 + n:05d}" in flat and f"520624-{20_000 + n:05d}" in flat]
        assert mentees == mentors
        seen += mentees
    assert seen == list(range(40))
    assert "填表人：" in pages[-1]


def test_a_text_longer_than_a_page_still_prints_whole() -> None:
    document = document_of(2, name="很长" * 900)
    pages = pages_of(write_pdf(document, FONTS))
    assert sum(page.count("长") for page in pages) >= 900


@pytest.mark.bench
@pytest.mark.parametrize("layout", list(RosterLayout))
def test_a_prefecture_of_1216_rows_is_written_within_ten_seconds(layout: RosterLayout) -> None:
    document = document_of(1216, layout)
    start = time.process_time()
    data = write_pdf(document, FontChain())
    seconds = time.process_time() - start
    print(f"{layout}: {seconds:.1f} s, {len(data):,} bytes")  # noqa: T201
    assert seconds < 10
    assert len(PdfReader(BytesIO(data)).pages) > 90


@pytest.mark.slow
def test_every_form_opens_in_the_programs_that_people_use(
    sqlite_database: Database, cipher: PersonalDataCipher, tmp_path: Path
) -> None:
    tools = [shutil.which(name) for name in ("soffice", "pdftotext")]
    if None in tools:
        pytest.skip("LibreOffice (soffice) or poppler (pdftotext) is not installed: the files were not opened")
    office = open_form_office(sqlite_database, cipher)
    for form in ExportForm:
        if form is ExportForm.ONE_TO_ONE_ROSTER:
            continue
        for layout in RosterLayout:
            if layout is RosterLayout.STACKED and form in OF_DIVISION:
                continue
            files = {}
            for file_format in (ExportFormat.XLSX, ExportFormat.PDF):
                draft = office.draft(form, format=file_format, layout=layout)
                job = exported(office.database, office.officer, draft, now=TODAY)
                files[file_format] = tmp_path / f"{form}-{layout}.{file_format.lower()}"
                files[file_format].write_bytes(job.content or b"")
            sheet = load_workbook(files[ExportFormat.XLSX]).active
            assert sheet is not None
            assert sheet.print_title_rows == "$4:$5"
            title = str(sheet["A2"].value)
            command = [str(tools[1]), "-layout", str(files[ExportFormat.PDF]), "-"]
            text = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode("utf-8")
            profile = f"-env:UserInstallation=file://{tmp_path}/profile"
            convert = [str(tools[0]), profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76"]
            path = str(files[ExportFormat.XLSX])
            subprocess.run([*convert, "--outdir", str(tmp_path), path], check=True, capture_output=True, timeout=120)
            printed = files[ExportFormat.XLSX].with_suffix(".csv").read_text("utf-8")
            for shown in (text, printed):
                assert title in shown
                assert "导出人：officer" in shown
                assert form is ExportForm.STRUCTURE_TABLE or "张" in shown
                assert form is not ExportForm.PUBLIC_NOTICE or ("138" not in shown and "1985" not in shown)
