"""Reads 任职经历: entries of period, place or unit, and title, such as ``2012.07-2016.03 板桥镇桂花村 村委会主任``."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from app.models import Division
from app.models.vocabulary import DivisionLevel, PostKind
from app.rosters.parsing import CellError, parse_date_text
from app.services.imports.gazetteer import Gazetteer, PlaceProblemError
from app.services.imports.issues import Problem
from app.services.people import AppointmentDraft

ENTRY_LEFT_OUT = frozenset({"UNREADABLE_CAREER", "REVERSED_CAREER"})
"""Issues of entries that are no part of the result."""
_MONTH = r"\d{4}(?:年|[.\-/])\d{1,2}(?:[.\-/月]\d{1,2}日?|月)?|\d{6}"
_ENTRY = re.compile(rf"^({_MONTH})\s*(?:-+|~|至|到)\s*({_MONTH}|至今|今|现在|目前)?[\s,:]*(.+)$")
_LONGEST_ENTRY = 300
"""Characters; a longer entry is not one post."""
_LOOSE_DASH = str.maketrans(dict.fromkeys("—–－―─", "-") | {"～": "~"})

# Rules are tried in order; the first whose pattern is found in the title names the post.
_ANYWHERE = (
    (re.compile(r"第一书记"), PostKind.FIRST_SECRETARY),
    (re.compile(r"驻村"), PostKind.STATIONED_CADRE),
)
_VILLAGE_TITLES = (
    (re.compile(r"合作社|公司|大户|经营|务工|个体"), PostKind.TRADE),
    (
        re.compile(r"副书记|副支书|副主任|支委|委员|文书|监委会|监督委员会|监会|妇联|治保|民兵|会计|计生"),
        PostKind.VILLAGE_COMMITTEE_MEMBER,
    ),
    (re.compile(r"书记|支书"), PostKind.VILLAGE_SECRETARY),
    (re.compile(r"(?:村委会|居委会|^村|^)主任"), PostKind.VILLAGE_DIRECTOR),
)
_VILLAGE_TITLES_ANYWHERE = (
    (re.compile(r"村(?:党支部|党总支|支部)?书记|村支书"), PostKind.VILLAGE_SECRETARY),
    (re.compile(r"村委会主任|村主任"), PostKind.VILLAGE_DIRECTOR),
    (re.compile(r"村委会?(?:副主任|委员)|村支委|村文书|村监委会"), PostKind.VILLAGE_COMMITTEE_MEMBER),
)
_TOWNSHIP_TITLES = (
    (
        re.compile(
            r"党(?:工)?委(?:副)?书记|党(?:工)?委委员|镇长|乡长|组织委员|宣传委员|统战委员|政法委员|纪(?:工)?委书记"
            r"|人大主席|武装部长|办事处(?:副)?主任"
        ),
        PostKind.TOWNSHIP_LEADER,
    ),
    (re.compile(r"中心|站|所(?!长助理)"), PostKind.STATION_STAFF),
    (re.compile(r"合作社|公司|大户|经营|务工|个体"), PostKind.TRADE),
    (re.compile(r""), PostKind.TOWNSHIP_OFFICER),
)
_TRADE = re.compile(r"合作社|公司|大户|经营|养殖|种植|务工|个体|企业|创业|工厂|农场")
_COUNTY_UNIT = re.compile(
    r"县直|市直|(?:局|委员会|县委|办公室|部|委|办|法院|检察院|工会|妇联|团委|联合会|党校|档案馆)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Workplace:
    """Where a post was held: a division of the county if found, its level, and the unit as written."""

    division: Division | None
    level: DivisionLevel | None
    organisation: str | None
    is_missing: bool = False


def parse_career(
    text: str, own_township: Division, gazetteer: Gazetteer
) -> tuple[tuple[AppointmentDraft, ...], list[Problem]]:
    """The posts of a cell; entries that cannot be read are left out and reported by their number."""
    posts: list[AppointmentDraft] = []
    problems: list[Problem] = []
    entries = [e for part in re.split(r"[\n;；]+", text) if (e := part.strip(" \t\u3000,，。"))]
    for number, entry in enumerate(entries, start=1):
        is_long = len(entry) > _LONGEST_ENTRY
        match = None if is_long else _ENTRY.match(unicodedata.normalize("NFKC", entry).translate(_LOOSE_DASH))
        try:
            if match is None:
                raise CellError("UNREADABLE_CAREER")
            start, end = _period(match[1], match[2])
            rest = match[3].strip()
            if not rest or len(rest) > 120:
                raise CellError("UNREADABLE_CAREER")
        except CellError as error:
            code = error.code if error.code == "REVERSED_CAREER" else "UNREADABLE_CAREER"
            problems.append(Problem(code=code, options=str(number)))
            continue
        place, title = _split_place(rest)
        found, is_missing = read_posts(place, title, (start, end), own_township, gazetteer)
        if is_missing:
            problems.append(Problem(code="UNKNOWN_CAREER_PLACE", options=str(number)))
        posts += found
    return tuple(posts), problems


def read_posts(
    place: str, title: str, period: tuple[date, date | None], own_township: Division, gazetteer: Gazetteer
) -> tuple[list[AppointmentDraft], bool]:
    """The posts that a title names at a place, and whether the place is a village that the county does not have."""
    workplace = _workplace(place, title, own_township, gazetteer)
    posts = [
        AppointmentDraft(
            post=post,
            title=one_title,
            organisation=workplace.organisation,
            division_id=workplace.division.id if workplace.division else None,
            start_date=period[0],
            end_date=period[1],
            is_leader=post is PostKind.TOWNSHIP_LEADER,
        )
        for one_title, post in _posts(title, workplace)
    ]
    return posts, workplace.is_missing


def _period(start_text: str, end_text: str | None) -> tuple[date, date | None]:
    start = parse_date_text(start_text).value.replace(day=1)
    if end_text is None or not end_text[0].isdigit():
        return start, None
    end = parse_date_text(end_text).value.replace(day=1)
    if end < start:
        raise CellError("REVERSED_CAREER")
    return start, end


def _split_place(rest: str) -> tuple[str, str]:
    """Place and title: separated by a space, else the place is what ends in a word for places."""
    parts = rest.split(maxsplit=1)
    if len(parts) == 2:
        return parts[0], parts[1]
    match = re.match(
        r"^(.+?(?:村委会|社区|村|嘎查|镇|乡|街道))((?:党|支|村|副|第|主|书|委|文|监|驻|人|组|干|科).*)$", rest
    )
    return (match[1], match[2]) if match else ("", rest)


def _workplace(place: str, title: str, own_township: Division, gazetteer: Gazetteer) -> _Workplace:
    if not place:
        # Without a place a village or township title means the own township.
        if any(pattern.search(title) for pattern, _ in _VILLAGE_TITLES_ANYWHERE):
            return _Workplace(division=None, level=DivisionLevel.VILLAGE, organisation=None, is_missing=True)
        return _Workplace(division=None, level=None, organisation=None)
    split = gazetteer.split_township(place)
    if split is not None:
        township, rest = split
        if not rest:
            return _Workplace(division=township, level=DivisionLevel.TOWNSHIP, organisation=None)
        return _in_township(rest, place, township, gazetteer, is_named=True)
    if _COUNTY_UNIT.search(place) or place.startswith(gazetteer.county.name):
        return _Workplace(division=gazetteer.county, level=DivisionLevel.COUNTY, organisation=place)
    if own_township.level is DivisionLevel.TOWNSHIP:
        return _in_township(place, place, own_township, gazetteer, is_named=False)
    return _elsewhere(place)


def _in_township(rest: str, place: str, township: Division, gazetteer: Gazetteer, *, is_named: bool) -> _Workplace:
    """A village of the township, or one of its units when the township was named in front."""
    try:
        village = gazetteer.village(rest, township)
    except PlaceProblemError:
        if is_named and not re.search(r"(?:村|社区|嘎查|村委会)$", rest):
            return _Workplace(division=township, level=DivisionLevel.TOWNSHIP, organisation=place)
        return _elsewhere(place)
    return _Workplace(division=village, level=DivisionLevel.VILLAGE, organisation=None)


def _elsewhere(place: str) -> _Workplace:
    """A workplace that is no division of the county; its last word still tells the level."""
    if re.search(r"(?:村|社区|嘎查|村委会)$", place):
        return _Workplace(division=None, level=DivisionLevel.VILLAGE, organisation=place, is_missing=True)
    if re.search(r"(?:镇|乡|街道|苏木)$", place):
        return _Workplace(division=None, level=DivisionLevel.TOWNSHIP, organisation=place)
    return _Workplace(division=None, level=None, organisation=place)


def _posts(title: str, workplace: _Workplace) -> list[tuple[str, PostKind]]:
    """The posts that a title names; 一肩挑, or two village posts joined by 、, are two appointments."""
    if "一肩挑" in title and workplace.level is DivisionLevel.VILLAGE:
        return [("党支部书记", PostKind.VILLAGE_SECRETARY), ("村委会主任", PostKind.VILLAGE_DIRECTOR)]
    pieces = [piece for part in re.split(r"[、,，/兼]", title) if (piece := part.strip())]
    if workplace.level is DivisionLevel.VILLAGE and len(pieces) > 1:
        kinds = [_post_kind(piece, workplace) for piece in pieces]
        if len(set(kinds)) == len(kinds) and PostKind.OTHER not in kinds:
            return list(zip(pieces, kinds, strict=True))
    return [(title, _post_kind(title, workplace))]


def _post_kind(title: str, workplace: _Workplace) -> PostKind:
    text = f"{workplace.organisation or ''}{title}"
    rules = list(_ANYWHERE)
    if workplace.level is DivisionLevel.VILLAGE:
        rules += _VILLAGE_TITLES
    elif workplace.level is DivisionLevel.TOWNSHIP:
        rules += _TOWNSHIP_TITLES
        # The name of the unit tells stations from offices, but a leader is told by the title alone.
        leader, post = _TOWNSHIP_TITLES[0]
        if leader.search(title):
            return post
    else:
        rules += _VILLAGE_TITLES_ANYWHERE
    for pattern, post in rules:
        if pattern.search(text if workplace.level is not DivisionLevel.VILLAGE else title):
            return post
    if _TRADE.search(text):
        return PostKind.TRADE
    return PostKind.COUNTY_OFFICER if workplace.level is DivisionLevel.COUNTY else PostKind.OTHER
