"""Names of places are compared, classified and shortened the way people write them."""

import pytest

from app.models.vocabulary import DivisionKind, DivisionLevel
from app.services.place_names import bare_name, division_kind, local_label, normalize_division_name, short_names


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        ("板桥村", "板桥"),
        ("板桥村委会", "板桥"),
        ("板桥村民委员会", "板桥"),
        ("板桥村村民委员会", "板桥"),
        ("板桥社区", "板桥"),
        ("板桥", "板桥"),
        ("垌心村委会", "垌心"),
        ("王权村村民委员会", "王权"),
        ("东街社区居民委员会", "东街"),
        ("三中街居委会", "三中街"),
        ("高勒嘎查村", "高勒"),
        ("高勒嘎查村民委员会", "高勒"),
        ("高勒嘎查", "高勒"),
        ("白音嘎查委员会", "白音"),
        ("程村村委会", "程"),
        ("程村", "程"),
        ("村", "村"),
        (" 板\u3000桥 村 ", "板桥"),
        ("板桥\n村", "板桥"),
        ("第１村", "第1"),
        ("板桥\u200b村", "板桥"),
        ("思唐街道办事处", "思唐街道"),
        ("思唐街道", "思唐街道"),
        ("板桥镇人民政府", "板桥镇"),
        ("板桥镇", "板桥镇"),
        ("罕苏木苏木", "罕苏木苏木"),
        ("", ""),
    ],
)
def test_names_are_compared_without_space_width_and_committees(written: str, normalized: str) -> None:
    assert normalize_division_name(written) == normalized
    assert normalize_division_name(normalized) == normalized


@pytest.mark.parametrize(
    ("level", "name", "code", "kind", "label"),
    [
        (DivisionLevel.PROVINCE, "内蒙古自治区", "150000000000", DivisionKind.PROVINCE, "自治区"),
        (DivisionLevel.PREFECTURE, "铜仁市", "520600000000", DivisionKind.PREFECTURE, "市"),
        (DivisionLevel.COUNTY, "思南县", "520624000000", DivisionKind.COUNTY, "县"),
        (DivisionLevel.COUNTY, "敖汉旗", "150430000000", DivisionKind.COUNTY, "旗"),
        (DivisionLevel.COUNTY, "碧江区", "520602000000", DivisionKind.COUNTY, "区"),
        (DivisionLevel.TOWNSHIP, "思唐街道", "520624001000", DivisionKind.SUBDISTRICT, "街道"),
        (DivisionLevel.TOWNSHIP, "罕乌拉街道办事处", "150421403000", DivisionKind.SUBDISTRICT, "街道"),
        (DivisionLevel.TOWNSHIP, "板桥镇", "520624105000", DivisionKind.TOWN, "镇"),
        (DivisionLevel.TOWNSHIP, "思林土家族苗族乡", "520624203000", DivisionKind.TOWNSHIP, "乡"),
        (DivisionLevel.TOWNSHIP, "罕苏木苏木", "150421202000", DivisionKind.SUMU, "苏木"),
        (DivisionLevel.TOWNSHIP, "乃林果树农场", "150428400000", DivisionKind.OTHER_TOWNSHIP_UNIT, "农场"),
        (DivisionLevel.TOWNSHIP, "松城街道筹备处", "150404009000", DivisionKind.OTHER_TOWNSHIP_UNIT, "其他"),
        (DivisionLevel.VILLAGE, "桂花村委会", "520624105201", DivisionKind.VILLAGE, "村"),
        (DivisionLevel.VILLAGE, "高勒嘎查村", "150421202201", DivisionKind.GACHA, "嘎查"),
        (DivisionLevel.VILLAGE, "东街社区居民委员会", "141027100001", DivisionKind.COMMUNITY, "社区"),
        (DivisionLevel.VILLAGE, "虚拟生活区", "150428400498", DivisionKind.VILLAGE, "村"),
        (DivisionLevel.VILLAGE, "站前", "150428001003", DivisionKind.COMMUNITY, "社区"),
    ],
)
def test_a_division_is_what_its_name_says_and_else_its_code(
    level: DivisionLevel, name: str, code: str, kind: DivisionKind, label: str
) -> None:
    assert division_kind(level, name, code) is kind
    assert local_label(level, kind, name) == label


def test_townships_have_the_short_names_that_people_write() -> None:
    assert short_names(DivisionLevel.TOWNSHIP, "和平土家族侗族乡", "碧江区") == ("和平乡",)
    assert short_names(DivisionLevel.TOWNSHIP, "宁城县铁西街道", "宁城县") == ("铁西街道",)
    assert short_names(DivisionLevel.VILLAGE, "和平村", "碧江区") == ()
    assert bare_name("和平土家族侗族乡") == "和平"
    assert bare_name("板桥镇") == "板桥"
    assert bare_name("农机产业园区") is None
