"""Names of places: one spelling for comparison, the kind a name stands for, and the short forms people write."""

import re
import unicodedata

from app.codes import ETHNICITY_BY_CODE
from app.models.vocabulary import DivisionKind, DivisionLevel

_COMMITTEES = (
    "嘎查村民委员会",
    "社区居民委员会",
    "社区村民委员会",
    "嘎查村委会",
    "嘎查委员会",
    "社区居委会",
    "社区委员会",
    "村民委员会",
    "居民委员会",
    "村委会",
    "居委会",
    "嘎查村",
    "嘎查",
    "社区",
    "村",
)
"""Endings that village names carry in one list and lack in another, longest first."""

_PRINTED_KINDS = (
    ("嘎查村民委员会", "嘎查"),
    ("嘎查委员会", "嘎查"),
    ("社区居民委员会", "社区"),
    ("社区居委会", "社区"),
    ("社区委员会", "社区"),
    ("村民委员会", "村"),
    ("村委会", "村"),
)
"""Committees of villages and the kind of place that stays when the committee is left out."""

_SUBDISTRICT_OFFICES = ("街道办事处", "街道办")
_GOVERNMENT = "人民政府"
_UNSEEN = re.compile(r"[\s\u200b-\u200d\ufeff\u00ad]+")
_ETHNICITIES = sorted((name for code, name in ETHNICITY_BY_CODE.items() if code < "57"), key=len, reverse=True)
_ETHNIC_TOWNSHIP = re.compile(rf"^(.{{2,}}?)(?:{'|'.join(_ETHNICITIES)})+乡$")
_TOWNSHIP_ENDINGS = ("街道", "苏木", "镇", "乡")


def normalize_division_name(name: str) -> str:
    """The form in which names of divisions are compared.

    Full-width signs are folded, whitespace goes, and so do the endings that differ between lists (村民委员会, 村委会,
    社区居民委员会, 嘎查, 村 ...): 程村村委会, 程村 and 程 are one name. A name never becomes empty. 街道办事处 becomes
    街道; the endings 镇, 乡, 苏木 and 街道 stay because a town and a subdistrict of one name may exist side by side.
    """
    folded = _UNSEEN.sub("", unicodedata.normalize("NFKC", name)).replace("•", "·").replace("・", "·")
    for office in _SUBDISTRICT_OFFICES:
        if folded.endswith(office) and folded != office:
            return folded.removesuffix(office) + "街道"
    folded = folded.removesuffix(_GOVERNMENT) or folded
    while True:
        ending = next((e for e in _COMMITTEES if folded.endswith(e) and folded != e), None)
        if ending is None:
            return folded
        folded = folded.removesuffix(ending)


def printed_village_name(name: str) -> str:
    """A village's name as forms print it: without the word for its committee.

    >>> [printed_village_name(n) for n in ("龙门坳村村民委员会", "聚粮村委会", "城关社区居民委员会", "巴彦嘎查委员会")]
    ['龙门坳村', '聚粮村', '城关社区', '巴彦嘎查']
    """
    for committee, kind in _PRINTED_KINDS:
        stem = name.removesuffix(committee)
        if stem != name and stem:
            return stem if stem.endswith(kind) else stem + kind
    return name


def division_kind(level: DivisionLevel, name: str, code: str) -> DivisionKind:
    """What a division is, by its name; where the name does not say, by the digit ranges of GB/T 10114."""
    if level is DivisionLevel.TOWNSHIP:
        return _township_kind(name)
    if level is not DivisionLevel.VILLAGE:
        return DivisionKind(level.value)
    if "嘎查" in name:
        return DivisionKind.GACHA
    if "社区" in name or name.endswith(("居委会", "居民委员会")):
        return DivisionKind.COMMUNITY
    if name.endswith(("村", "村委会", "村民委员会")):
        return DivisionKind.VILLAGE
    return DivisionKind.COMMUNITY if code[9:12] < "200" else DivisionKind.VILLAGE


def _township_kind(name: str) -> DivisionKind:
    if name.endswith(("街道", *_SUBDISTRICT_OFFICES)):
        return DivisionKind.SUBDISTRICT
    if name.endswith("镇"):
        return DivisionKind.TOWN
    if name.endswith("苏木"):
        return DivisionKind.SUMU
    if name.endswith("乡"):
        return DivisionKind.TOWNSHIP
    return DivisionKind.OTHER_TOWNSHIP_UNIT


_LABEL_BY_KIND = {
    DivisionKind.SUBDISTRICT: "街道",
    DivisionKind.TOWN: "镇",
    DivisionKind.TOWNSHIP: "乡",
    DivisionKind.SUMU: "苏木",
    DivisionKind.VILLAGE: "村",
    DivisionKind.GACHA: "嘎查",
    DivisionKind.COMMUNITY: "社区",
}
_LABELS_BY_LEVEL = {
    DivisionLevel.PROVINCE: ("自治区", "特别行政区", "省", "市"),
    DivisionLevel.PREFECTURE: ("自治州", "地区", "州", "盟", "市"),
    DivisionLevel.COUNTY: ("自治旗", "特区", "林区", "县", "旗", "区", "市"),
    DivisionLevel.TOWNSHIP: ("园区", "产业园", "农场", "牧场", "羊场", "场", "区"),
}


def local_label(level: DivisionLevel, kind: DivisionKind, name: str) -> str:
    """What people there call a division of this sort: 县, 区, 旗, 镇, 乡, 苏木, 村, 嘎查, 社区 ..."""
    known = _LABEL_BY_KIND.get(kind)
    if known is not None:
        return known
    return next((label for label in _LABELS_BY_LEVEL.get(level, ()) if name.endswith(label)), "其他")


def short_names(level: DivisionLevel, name: str, county_name: str | None) -> tuple[str, ...]:
    """Shorter names that people write: without the county in front, and 和平乡 for 和平土家族侗族乡."""
    if level is not DivisionLevel.TOWNSHIP:
        return ()
    found = []
    if county_name and name.startswith(county_name) and len(name) > len(county_name) + 2:
        found.append(name.removeprefix(county_name))
    ethnic = _ETHNIC_TOWNSHIP.match(name)
    if ethnic:
        found.append(ethnic.group(1) + "乡")
    return tuple(found)


def bare_name(name: str) -> str | None:
    """A township's name without 镇, 乡, 苏木 or 街道 (板桥 for 板桥镇); ``None`` when nothing usable is left."""
    short = _ETHNIC_TOWNSHIP.match(name)
    if short:
        return short.group(1)
    for ending in _TOWNSHIP_ENDINGS:
        if name.endswith(ending) and len(name) >= len(ending) + 2:
            return name.removesuffix(ending)
    return None
