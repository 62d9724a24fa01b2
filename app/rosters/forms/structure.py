"""The structure table (结构统计表): how many candidates of which kind, with exact counts and shares.

Strict masking makes it fit for the public: only totals, and no row of fewer than three people (domain 6).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlmodel import Session

from app.access import Viewer
from app.codes import DEGREE_BY_CODE, EDUCATION_BY_CODE, ETHNICITY_BY_CODE, POLITICAL_STATUS_BY_CODE
from app.errors import InvalidStateError
from app.labels import label
from app.models import Division, Person, ReserveCandidate
from app.models.vocabulary import MaskLevel, Sex, TargetPost
from app.rosters.forms.ledger import candidates_under
from app.rosters.forms.template import FormTemplate
from app.rosters.grid import Block, FormGrid, Line, grid_column

LEAST_SHOWN = 3
"""People in a row of a public table; fewer could be named (domain 6)."""
HIGH_SCHOOL_CODES = frozenset({"11", "14", "17", "21", "28", "31", "41", "44", "47", "61"})
"""高中及以上: finished education from senior high school on, GB/T 4658 (domain 2.6)."""
_BANDS = ((30, "30岁及以下"), (35, "31—35岁"), (40, "36—40岁"), (45, "41—45岁"), (50, "46—50岁"), (55, "51—55岁"))
_OLDEST = "55岁以上"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the table counts of one person; codes are those of the national tables."""

    sex: Sex
    ethnicity_code: str | None = None
    political_status_code: str | None = None
    education_code: str | None = None
    degree_code: str | None = None
    birth_date: date | None = None
    target_post: TargetPost | None = None

    @classmethod
    def of(cls, candidate: ReserveCandidate, person: Person) -> "Counted":
        """One candidate."""
        return cls(
            sex=person.sex,
            ethnicity_code=person.ethnicity_code,
            political_status_code=person.political_status_code,
            education_code=person.education_code,
            degree_code=person.degree_code,
            birth_date=person.birth_date,
            target_post=candidate.target_post,
        )


Kind = Callable[[Counted], str]
"""Under which row of a topic a person is counted."""
_GROUPS: Mapping[str, Callable[[Counted], bool]] = {
    "total": lambda _: True,
    "male": lambda one: one.sex is Sex.MALE,
    "female": lambda one: one.sex is Sex.FEMALE,
    "secretary": lambda one: one.target_post is TargetPost.SECRETARY,
    "director": lambda one: one.target_post is TargetPost.DIRECTOR,
    "member": lambda one: one.target_post is TargetPost.COMMITTEE_MEMBER,
}


def structure_grid(
    session: Session,
    viewer: Viewer,
    template: FormTemplate,
    scope: Division,
    *,
    day: date,
    mask_level: MaskLevel,
) -> FormGrid:
    """The table of the candidates at or under ``scope``."""
    people = [Counted.of(candidate, person) for candidate, _, person in candidates_under(session, viewer, scope)]
    return grid_of(template, people, day=day, mask_level=mask_level)


def grid_of(template: FormTemplate, people: Sequence[Counted], *, day: date, mask_level: MaskLevel) -> FormGrid:
    """One block per topic, its name merged over its rows."""
    is_public = mask_level is MaskLevel.STRICT
    if is_public and 0 < len(people) < LEAST_SHOWN:
        raise InvalidStateError(
            f"A table of fewer than {LEAST_SHOWN} people is not made public; take a larger division.",
            f"不足{LEAST_SHOWN}人的统计表不予公开，请选择更大的区划。",
        )
    words = template.phrases
    groups = ["total"] if is_public else list(_GROUPS)
    members = {group: [one for one in people if _GROUPS[group](one)] for group in groups}
    topics: list[tuple[str, Kind, Sequence[str]]] = [
        ("sex", lambda one: label(one.sex) if one.sex in (Sex.MALE, Sex.FEMALE) else words["unknown"], ()),
        ("ethnicity", _by_code(ETHNICITY_BY_CODE, "ethnicity_code", words), tuple(ETHNICITY_BY_CODE.values())),
        (
            "political_status",
            _by_code(POLITICAL_STATUS_BY_CODE, "political_status_code", words),
            tuple(POLITICAL_STATUS_BY_CODE.values()),
        ),
        ("age", lambda one: _band(one.birth_date, day, words), (*(name for _, name in _BANDS), _OLDEST)),
        ("education", _by_code(EDUCATION_BY_CODE, "education_code", words), tuple(EDUCATION_BY_CODE.values())),
        (
            "degree",
            lambda one: DEGREE_BY_CODE.get(one.degree_code or "", words["no_degree"]),
            tuple(DEGREE_BY_CODE.values()),
        ),
    ]
    blocks: list[Block] = [(_line(words["people"], "", {group: len(own) for group, own in members.items()}, members),)]
    for topic, kind, order in topics:
        rows = _rows(kind, members, order, words["merged"] if is_public else None)
        if topic == "education":
            rows += _high_school(members, words, is_public=is_public)
        blocks.append(tuple(_line(words[topic], item, counts, members) for item, counts in rows))
        if topic == "age":
            blocks.append((_mean_line(words, members, day, LEAST_SHOWN if is_public else 1),))
    return FormGrid(
        columns=(
            grid_column(template.columns["topic"]),
            grid_column(template.columns["item"], is_shared=False),
            *(
                grid_column(column, template.groups[group], number=number, is_shared=False)
                for number, group in enumerate(groups, start=1)
                for column in template.under(group).values()
            ),
        ),
        blocks=tuple(block for block in blocks if block),
        n_frozen=2,
    )


def share_text(part: int, whole: int) -> str:
    """The share in per cent, rounded half up to two decimals; empty where there is no whole.

    >>> [share_text(5, 45), share_text(18, 45), share_text(532, 1246), share_text(1221, 1459), share_text(1, 0)]
    ['11.11%', '40%', '42.7%', '83.69%', '']
    """
    if whole == 0:
        return ""
    exact = (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{exact:f}".rstrip("0").rstrip(".") + "%"


def age_years(birth: date, day: date) -> int:
    """Full years on the day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _by_code(names: Mapping[str, str], attribute: str, words: Mapping[str, str]) -> Kind:
    return lambda one: names.get(getattr(one, attribute) or "", words["unknown"])


def _band(birth: date | None, day: date, words: Mapping[str, str]) -> str:
    if birth is None:
        return words["unknown"]
    age = age_years(birth, day)
    return next((name for limit, name in _BANDS if age <= limit), _OLDEST)


def _rows(
    kind: Kind, members: Mapping[str, Sequence[Counted]], order: Sequence[str], merged: str | None
) -> list[tuple[str, dict[str, int]]]:
    counts = {group: Counter(kind(one) for one in own) for group, own in members.items()}
    place = {name: number for number, name in enumerate(order)}
    items = sorted(counts["total"], key=lambda name: (place.get(name, len(place)), name))
    rows = [(item, {group: count[item] for group, count in counts.items()}) for item in items]
    return rows if merged is None else _merged(rows, merged)


def _merged(rows: list[tuple[str, dict[str, int]]], name: str) -> list[tuple[str, dict[str, int]]]:
    """Put together the rows of too few people, with the smallest other ones until they are enough.

    A row that alone was too small could be had by subtraction from the total, if nothing else went with it.
    """
    small = [row for row in rows if row[1]["total"] < LEAST_SHOWN]
    if not small:
        return rows
    rest = sorted((row for row in rows if row not in small), key=lambda row: row[1]["total"])
    while rest and sum(row[1]["total"] for row in small) < LEAST_SHOWN:
        small.append(rest.pop(0))
    kept = [row for row in rows if row not in small]
    return [*kept, (name, {"total": sum(row[1]["total"] for row in small)})]


def _high_school(
    members: Mapping[str, Sequence[Counted]], words: Mapping[str, str], *, is_public: bool
) -> list[tuple[str, dict[str, int]]]:
    counts = {group: sum(one.education_code in HIGH_SCHOOL_CODES for one in own) for group, own in members.items()}
    n_others = len(members["total"]) - counts["total"]
    if is_public and (0 < counts["total"] < LEAST_SHOWN or 0 < n_others < LEAST_SHOWN):
        return []
    return [(words["high_school"], counts)] if members["total"] else []


def _line(topic: str, item: str, counts: Mapping[str, int], members: Mapping[str, Sequence[Counted]]) -> Line:
    cells: list[str | int] = []
    for group, own in members.items():
        cells += [counts[group], share_text(counts[group], len(own))]
    return (topic, item, *cells)


def _mean_line(words: Mapping[str, str], members: Mapping[str, Sequence[Counted]], day: date, least: int) -> Line:
    cells: list[str | int] = []
    for own in members.values():
        ages = [age_years(one.birth_date, day) for one in own if one.birth_date is not None]
        mean = (Decimal(sum(ages)) / len(ages)).quantize(Decimal("0.1"), ROUND_HALF_UP) if len(ages) >= least else None
        cells += ["" if mean is None else f"{mean}", ""]
    return (words["mean_age"], "", *cells)
