"""No file leaves with an ID number or a mobile number in it."""

import pytest

from app.errors import PersonalDataInExportError
from app.models.vocabulary import ExportForm, MaskLevel, RosterLayout
from app.rosters.forms.roster import build_grid
from app.rosters.forms.words import default_template
from app.rosters.guard import count_personal_numbers, require_clean_grid, require_clean_texts, texts_of_parts
from tests.app.rosters.export_samples import HEADER, content


@pytest.mark.parametrize(
    "text",
    [
        "520624199006010013",
        "52062419900601001X",
        "52062419900601001x",
        "520624 19900601 0013",
        "５２０６２４１９９００６０１００１３",
        "520624900601001",
        "13812345678",
        "联系电话13812345678。",
        "+86 138 1234 5678",
        "8613812345678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "138\u200b12345678",
    ],
)
def test_unmasked_numbers_are_found_however_they_are_written(text: str) -> None:
    assert count_personal_numbers(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "138****1234",
        "520624********0013",
        "5206**********0013",
        "520624-00012",
        "130624-01001",
        "520624100201",
        "2025.03-2026.02",
        "2025-03-15 10:30:00",
        "铜组通〔2025〕12号",
        "0856-7222333",
        "12345678901",
        "138\n1234\n5678",
    ],
)
def test_masked_numbers_codes_and_dates_pass(text: str) -> None:
    assert count_personal_numbers(text) == 0


def test_two_numbers_count_twice() -> None:
    assert count_personal_numbers("13812345678、15912345678") == 2


def test_the_refusal_names_rows_and_never_the_number() -> None:
    rows = [content(number) for number in range(15)]
    rows[2]["mentee"]["phone"] = "13812345678"
    rows[6]["note"] = "身份证号520624199006010013"
    template = default_template(ExportForm.TWO_PLUS_ONE_ROSTER)
    grid = build_grid(template, HEADER, rows, layout=RosterLayout.STACKED, mask_level=MaskLevel.STANDARD)
    with pytest.raises(PersonalDataInExportError) as caught:
        require_clean_grid(grid)
    assert caught.value.code == "PERSONAL_DATA_IN_EXPORT"
    assert "2 row(s)" in caught.value.message
    assert "rows 3, 7)" in caught.value.message
    assert "序号 3, 7）" in caught.value.message_zh
    assert "13812345678" not in caught.value.message + caught.value.message_zh


def test_strict_masking_does_not_print_the_phone_and_so_has_nothing_to_refuse() -> None:
    row = content(1)
    row["mentee"]["phone"] = "13812345678"
    template = default_template(ExportForm.TWO_PLUS_ONE_ROSTER)
    grid = build_grid(template, HEADER, [row], layout=RosterLayout.WIDE, mask_level=MaskLevel.STRICT)
    require_clean_grid(grid)


def test_hidden_properties_are_searched_and_markup_is_not() -> None:
    attribute = b'<col width="13812345678"/>'
    require_clean_texts(texts_of_parts({"xl/a.xml": attribute, "media/image.png": b"\x89 13812345678"}))
    with pytest.raises(PersonalDataInExportError, match=r"1 unmasked"):
        require_clean_texts(texts_of_parts({"docProps/core.xml": b"<dc:creator>13812345678</dc:creator>"}))
