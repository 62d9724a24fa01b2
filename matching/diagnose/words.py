"""Certificates, remedies and conflicts as one Chinese and one English paragraph, from ids, codes and counts alone.

Reasons of class A (kinship, discipline, exclusions) read 回避/组织原因, in English AVOIDANCE, and their count is left
out below 3, unless the reader may see them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from matching.diagnose.certificates import HallSet
from matching.diagnose.diagnosis import Certificate
from matching.diagnose.remedies import Remedy, RemedyKind
from matching.errors import ConstraintKind, PinConflictError, PinConstraint
from matching.vocabulary import ReasonCode

NameOf = Callable[[str], str]

RESTRICTED = frozenset({ReasonCode.KINSHIP, ReasonCode.DISCIPLINE, ReasonCode.EXCLUDED})
"""Reasons that tell of kinship, discipline or complaints (domain 4.5; an exclusion can come from a complaint)."""

AVOIDANCE = ("回避/组织原因", "AVOIDANCE")
LEAST_SHOWN = 3
"""A smaller count of restricted reasons could point at a person (domain 4.5)."""

MOST_NAMES = 8
"""Mentees named in a sentence; the rest are counted."""


MOST_CORES = 3
"""Sets short by themselves that a paragraph names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One text in both languages."""

    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class _Names:
    chinese: NameOf
    english: NameOf

    def both(self, code: str) -> tuple[str, str]:
        return self.chinese(code), self.english(code)

    def listed(self, ids: Sequence[str]) -> tuple[str, str]:
        shown, n_more = ids[:MOST_NAMES], len(ids) - MOST_NAMES
        chinese, english = "、".join(map(self.chinese, shown)), ", ".join(map(self.english, shown))
        return (f"{chinese}等", f"{english} and {n_more} more") if n_more > 0 else (chinese, english)


def certificate_words(
    certificate: Certificate,
    name_of: NameOf = str,
    *,
    english_name_of: NameOf | None = None,
    may_see_restricted: bool = False,
) -> Words:
    """Return a certificate as a paragraph.

    Parameters
    ----------
    name_of
        What an id or code (of mentees, mentors, townships, slots, categories, reasons, policy items) is called.
    english_name_of
        The same for the English text; ``name_of`` if missing.
    may_see_restricted
        The reader may see reasons of class A.
    """
    names = _Names(name_of, english_name_of or name_of)
    whole, cores, blocked = certificate.whole, certificate.cores[:MOST_CORES], certificate.blocked
    zh, en = _set_words(whole, names)
    chinese = [f"{zh}，任何方案都有{certificate.shortage}个席位空缺。"]
    english = [f"{en}: {_many(certificate.shortage, 'seat')} must stay empty in every plan."]
    if cores:
        sets = [(*_set_words(core, names), core.shortage) for core in cores]
        chinese.append(f"其中单独来看也不足的有：{'；'.join(f'{zh}，缺{short}个' for zh, _, short in sets)}。")
        english.append(f"Short by themselves: {'; '.join(f'{en} ({short} short)' for _, en, short in sets)}.")
    reasons = _reasons(blocked.by_rule, names, may_see_restricted=may_see_restricted)
    if blocked.n_by_several:
        reasons.append((f"多项规则{blocked.n_by_several}人", f"several rules {blocked.n_by_several}"))
    if reasons:
        chinese.append(f"其他导师受限于：{'、'.join(zh for zh, _ in reasons)}。")
        english.append(f"Other mentors are kept out by: {', '.join(en for _, en in reasons)}.")
    if certificate.remedies:
        texts = [_remedy(remedy, names) for remedy in certificate.remedies]
        chinese.append(f"代价最小的措施（各自单独采取时）：{'；'.join(zh for zh, _ in texts)}。")
        english.append(f"Cheapest remedies, each taken alone: {'; '.join(en for _, en in texts)}.")
    n_raised = sum(remedy.kind is RemedyKind.RAISE_CAPACITY for remedy in certificate.remedies)
    if 0 < n_raised < certificate.n_scarce:
        chinese.append(f"对{certificate.n_scarce}名导师中的任何一名增加1个名额，都可补1个席位。")
        english.append(f"One more place for any of {certificate.n_scarce} mentors fills a seat.")
    return Words(chinese="".join(chinese), english=" ".join(english))


def remedy_words(remedy: Remedy, name_of: NameOf = str, *, english_name_of: NameOf | None = None) -> Words:
    """Return a remedy and its effect as a clause."""
    chinese, english = _remedy(remedy, _Names(name_of, english_name_of or name_of))
    return Words(chinese=chinese, english=english)


def conflict_words(
    conflict: PinConflictError,
    name_of: NameOf = str,
    *,
    english_name_of: NameOf | None = None,
    may_see_restricted: bool = False,
) -> Words:
    """Return clashing pins as a paragraph; see ``certificate_words`` for the parameters (ids of pins included)."""
    names = _Names(name_of, english_name_of or name_of)
    pins = ("、".join(map(names.chinese, conflict.pins)), ", ".join(map(names.english, conflict.pins)))
    if conflict.rules:
        rules = [AVOIDANCE if rule in RESTRICTED and not may_see_restricted else names.both(rule)
                 for rule in conflict.rules]  # fmt: skip
        rules = list(dict.fromkeys(rules))
        return Words(
            chinese=f"锁定{pins[0]}不可行，受限于：{'、'.join(zh for zh, _ in rules)}。请解除该锁定。",
            english=f"Pin {pins[1]} cannot be honoured because of {', '.join(en for _, en in rules)}. Remove it.",
        )
    bounds = [_constraint(constraint, names) for constraint in conflict.constraints]
    zh = "；".join(zh for zh, _ in bounds)
    return Words(
        chinese=f"锁定{pins[0]}不能同时成立：{zh}。解除或放宽其中任何一项，其余即可成立。",
        english=f"Pins {pins[1]} cannot all hold: {'; '.join(en for _, en in bounds)}. "
        "Give up any one of these, and the rest can hold.",
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _set_words(hall: HallSet, names: _Names) -> tuple[str, str]:
    ids = names.listed([claim.mentee_id for claim in hall.claims])
    n = len(hall.claims)
    slots = sorted({slot for claim in hall.claims for slot in claim.slots if not claim.without})
    chinese = f"{n}名帮带对象（{ids[0]}）需要{hall.demand}个席位"
    english = f"{_many(n, 'mentee')} ({ids[1]}) {'needs' if n == 1 else 'need'} {_many(hall.demand, 'seat')}"
    parts: list[tuple[str, str]] = []
    if slots:
        parts.append(("、".join(map(names.chinese, slots)), ", ".join(map(names.english, slots))))
    for rule, zh, en in (
        (ReasonCode.TOWNSHIP_RULE, "个须由本乡镇导师担任", "for a mentor of the own township"),
        (ReasonCode.VILLAGE_RULE, "个须由外村导师担任", "for a mentor of another village"),
    ):
        count = sum(claim.n_seats for claim in hall.claims if rule in claim.without)
        if count:
            parts.append((f"其中{count}{zh}", f"{count} {en}"))
    if parts:
        chinese += f"（{'，'.join(zh for zh, _ in parts)}）"
        english += f" ({'; '.join(en for _, en in parts)})"
    if not hall.supply:
        return f"{chinese}，没有一名有空余名额的合格导师", f"{english}, but no admissible mentor has a free place"
    mentors = "mentor has" if hall.n_with_place == 1 else "mentors have"
    chinese += f"，而有空余名额的合格导师仅{hall.n_with_place}名、共{hall.supply}个名额"
    places = _many(hall.supply, "free place")
    return chinese, f"{english}, but only {hall.n_with_place} admissible {mentors} {places}"


def _reasons(
    by_rule: Iterable[tuple[ReasonCode, int]], names: _Names, *, may_see_restricted: bool
) -> list[tuple[str, str]]:
    texts, n_restricted = [], 0
    for rule, count in by_rule:
        if rule in RESTRICTED and not may_see_restricted:
            n_restricted += count
        else:
            zh, en = names.both(rule)
            texts.append((f"{zh}{count}人", f"{en} {count}"))
    if n_restricted:
        zh, en = AVOIDANCE
        is_shown = n_restricted >= LEAST_SHOWN
        texts.append((f"{zh}{n_restricted}人", f"{en} {n_restricted}") if is_shown else (zh, en))
    return texts


def _remedy(remedy: Remedy, names: _Names) -> tuple[str, str]:
    zh, en = _decision(remedy, names)
    return f"{zh}，可补{remedy.effect}个席位", f"{en} fills {_many(remedy.effect, 'seat')}"


def _decision(remedy: Remedy, names: _Names) -> tuple[str, str]:
    mentor, mentee = names.both(remedy.mentor_id or ""), names.both(remedy.mentee_id or "")
    match remedy.kind:
        case RemedyKind.RAISE_CAPACITY:
            return f"导师{mentor[0]}的名额增加1个", f"raising the capacity of mentor {mentor[1]} by one"
        case RemedyKind.RELEASE_TOWNSHIP_RULE:
            return f"为{mentee[0]}放开乡镇范围要求", f"releasing the township rule for {mentee[1]}"
        case RemedyKind.ACTIVATE_MENTOR:
            return f"批准或启用导师{mentor[0]}", f"approving or activating mentor {mentor[1]}"
        case RemedyKind.ADD_MENTORS:
            place, category = names.both(remedy.township or ""), names.both(remedy.category or "")
            count, years = remedy.n_mentors or 0, remedy.least_years or 0.0
            return (
                f"在{place[0]}增加{count}名{category[0]}类导师（年限不少于{years:g}年）",
                f"adding {_many(count, 'mentor')} of category {category[1]} with at least {years:g} years "
                f"in {place[1]}",
            )
        case RemedyKind.RELAX_NUMBER | RemedyKind.EXTEND_POOL_SCOPE:
            item = names.both(remedy.path or "")
            if isinstance(remedy.value, tuple):
                to = ("、".join(map(names.chinese, remedy.value)), ", ".join(map(names.english, remedy.value)))
            else:
                to = (f"{remedy.value:g}",) * 2 if remedy.value is not None else ("不限", "no limit")
            return f"将政策项{item[0]}改为{to[0]}", f"setting the policy's {item[1]} to {to[1]}"


def _constraint(constraint: PinConstraint, names: _Names) -> tuple[str, str]:
    mentee, person = names.both(constraint.mentee_id), names.both(constraint.person_id)
    slot, limit = names.both(constraint.slot), constraint.limit
    match constraint.kind:
        case ConstraintKind.TEAM_SEATS:
            return (
                f"{mentee[0]}只有{limit}个席位，每席一名导师",
                f"{mentee[1]} has {_many(limit, 'seat')}, one mentor each",
            )
        case ConstraintKind.DISTINCT_MENTORS:
            return f"同一人只能占{mentee[0]}的一个席位", f"one person takes one seat of {mentee[1]} only"
        case ConstraintKind.TOWNSHIP_RULE:
            return (
                f"{mentee[0]}最多有{limit}名外乡镇导师",
                f"{mentee[1]} may have {_many(limit, 'mentor')} from another township at most",
            )
        case ConstraintKind.VILLAGE_RULE:
            return (
                f"{mentee[0]}最多有{limit}名本村导师",
                f"{mentee[1]} may have {_many(limit, 'mentor')} of the own village at most",
            )
        case ConstraintKind.FREE_CAPACITY:
            return f"导师{person[0]}只有{limit}个空余名额", f"mentor {person[1]} has {_many(limit, 'free place')}"
        case ConstraintKind.SLOT_CAP:
            return (
                f"导师{person[0]}在{slot[0]}席位最多带{limit}人",
                f"mentor {person[1]} may serve {_many(limit, 'mentee')} as {slot[1]}",
            )
