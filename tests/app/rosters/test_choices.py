"""What a problem of a cell offers: texts that, put into the cell, would be read."""

from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from unittest import mock

import pytest

from app.codes import EDUCATION_BY_CODE, ETHNICITY_BY_CODE, ETHNICITY_LETTERS, POLITICAL_STATUS_BY_CODE
from app.folding import simplified
from app.models.vocabulary import DivisionLevel, Sex
from app.rosters import words
from app.rosters.columns import LAYOUTS, layout_of
from app.rosters.layout import normalize_header
from app.rosters.parsing import CellError, parse_date, parse_word
from app.rosters.workbook import Cell
from app.services.imports import gazetteer as module
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError, load_gazetteer
from app.services.imports.records import SheetKind
from tests.app.rosters.conftest import ImportOffice
from tests.factories import make_division


def cell(value: object, number_format: str = "General") -> Cell:
    return Cell(value=value, number_format=number_format, address="A1")


@pytest.fixture
def gazetteer(office: ImportOffice) -> Gazetteer:
    places = office.places
    make_division(office.session, "520624101203", "桂花社区", DivisionLevel.VILLAGE, parent=places.banqiao)
    return load_gazetteer(office.session, places.county, today=date(2025, 3, 15))


def test_a_number_that_may_mean_two_months_offers_both() -> None:
    with pytest.raises(CellError) as refusal:
        parse_date(cell(1985.1))
    assert refusal.value.choices == ("1985.01", "1985.10")
    assert [parse_date(cell(choice)).value.month for choice in refusal.value.choices] == [1, 10]


def test_an_unknown_word_offers_the_nearest_first_and_twelve_at_most() -> None:
    with pytest.raises(CellError) as refusal:
        parse_word(cell("土家人"), words.ETHNICITY)
    assert refusal.value.choices[0] in ("土家", "土家族")
    assert len(refusal.value.choices) == 12
    assert all(choice in words.ETHNICITY for choice in refusal.value.choices)


def test_an_ambiguous_village_offers_full_names_with_codes_and_these_are_read(gazetteer: Gazetteer) -> None:
    township = gazetteer.township("板桥镇")
    with pytest.raises(PlaceProblemError) as refusal:
        gazetteer.village("桂花", township)
    assert refusal.value.code == "AMBIGUOUS_PLACE"
    assert refusal.value.choices == ("板桥镇桂花村(520624101201)", "板桥镇桂花社区(520624101203)")
    assert [gazetteer.village(choice, township).code for choice in refusal.value.choices] == [
        "520624101201",
        "520624101203",
    ]


def test_an_unknown_village_offers_similar_ones_of_the_township(gazetteer: Gazetteer) -> None:
    township = gazetteer.township("板桥镇")
    with pytest.raises(PlaceProblemError) as refusal:
        gazetteer.village("垌星村", township)
    assert (refusal.value.code, refusal.value.choices[0]) == (
        "UNKNOWN_PLACE",
        "板桥镇垌心村民委员会(520624101202)",
    )


def test_a_code_counts_for_more_than_the_name_beside_it(gazetteer: Gazetteer) -> None:
    township = gazetteer.township("板桥镇")
    assert gazetteer.village("旧名（520624101202）", township).code == "520624101202"
    assert gazetteer.township("520624101").code == "520624101000"
    with pytest.raises(PlaceProblemError) as refusal:
        gazetteer.village("520624102201", township)
    assert (refusal.value.code, refusal.value.options) == (
        "VILLAGE_IN_OTHER_TOWNSHIP",
        "塘头镇青杠坝村(520624102201)",
    )


def test_traditional_characters_are_read_in_headers_words_and_places(gazetteer: Gazetteer) -> None:
    assert layout_of(SheetKind.MENTORS).column("township") is not None
    assert normalize_header("身份證號碼") == normalize_header("身份证号码")
    assert parse_word(cell("漢族"), words.ETHNICITY) == "01"
    assert words.education("大專") == ("31", None)
    assert gazetteer.township("板橋鎮").code == "520624101000"
    assert gazetteer.village("垌心村民委員會", gazetteer.township("板橋鎮")).code == "520624101202"


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.ETHNICITY, list(ETHNICITY_BY_CODE)),
        (words.POLITICAL_STATUS, list(POLITICAL_STATUS_BY_CODE)),
        (words.EDUCATION, list(EDUCATION_BY_CODE)),
    ],
)
def test_the_codes_of_a_table_are_read_as_themselves(table: dict[str, str], codes: Sequence[str]) -> None:
    assert [table[code] for code in codes] == codes
    assert [table[code.lstrip("0")] for code in codes] == codes


def test_the_code_tables_are_whole() -> None:
    assert list(ETHNICITY_BY_CODE) == [f"{n:02d}" for n in range(1, 57)] + ["97", "98"]
    assert len(set(ETHNICITY_LETTERS.values())) == 56
    # The letter codes that domain experts quote most often.
    quoted = {"01": "HA", "09": "BY", "06": "MH", "15": "TJ", "12": "DO", "37": "GL", "02": "MG"}
    assert {code: ETHNICITY_LETTERS[code] for code in quoted} == quoted
    assert parse_word(cell("tj"), words.ETHNICITY) == "15"
    assert list(POLITICAL_STATUS_BY_CODE) == [f"{n:02d}" for n in range(1, 14)]
    assert [words.SEX[code] for code in "0129"] == [Sex.UNKNOWN, Sex.MALE, Sex.FEMALE, Sex.NOT_STATED]
    assert {"11", "14", "17", "21", "22", "23", "28", "31", "32", "33", "41", "42", "43", "44", "45", "46", "47"} | {
        "48", "49", "61", "62", "63", "71", "73", "81", "83", "90",
    } <= set(EDUCATION_BY_CODE)  # fmt: skip


def test_every_word_of_the_tables_is_written_as_it_is_looked_up() -> None:
    tables = [value for value in vars(words).values() if isinstance(value, dict)]
    odd = [word for table in tables for word in table if isinstance(word, str) and words.fold(word) != word]
    assert odd == []
    assert len(tables) >= 14
    assert all(simplified(layout.title_zh) == layout.title_zh for layout in LAYOUTS)


def test_an_unknown_place_is_compared_with_others_once(gazetteer: Gazetteer) -> None:
    county, township = gazetteer.county, gazetteer.township("板桥镇")
    with mock.patch.object(module, "get_close_matches", wraps=get_close_matches) as compared:
        found = []
        for _ in range(3):
            looks: tuple[Callable[[], object], ...] = (
                lambda: gazetteer.place("桂化村", county),
                lambda: gazetteer.village("桂化村", township),
                lambda: gazetteer.township("板侨镇"),
                lambda: gazetteer.place("村" * 30_000, county),
            )
            for look in looks:
                with pytest.raises(PlaceProblemError) as refusal:
                    look()
                found.append((refusal.value.code, refusal.value.options, refusal.value.choices))
    assert compared.call_count == 3
    assert found[:4] == found[4:8] == found[8:]
    assert found[2][2] == ("板桥镇(520624101000)",)
    gazetteer.announce("桂化村")
    with pytest.raises(PlaceProblemError) as refusal:
        gazetteer.village("桂化村", township)
    assert refusal.value.code == "DIVISION_NOT_ON_FILE"


def test_after_many_unknown_places_similar_ones_are_not_looked_for_any_more(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column that is none of places would take hours: each name is compared with those of all divisions."""
    monkeypatch.setattr(module, "_MOST_LIKENED", 2)
    offered = []
    for text in ("板乔镇", "板侨镇", "板乔镇", "板轿镇"):
        with pytest.raises(PlaceProblemError) as refusal:
            gazetteer.township(text)
        assert refusal.value.code == "UNKNOWN_PLACE"
        offered.append(refusal.value.choices[:1])
    assert offered == [("板桥镇(520624101000)",)] * 3 + [()]
