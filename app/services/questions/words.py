"""Answers about a plan as plain sentences in Chinese and English, by 编号, without restricted facts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.labels import AVOIDANCE_LABEL, AVOIDANCE_LABEL_EN, Language, label
from app.labels.questions import UNITS
from app.services.avoidance import public_counts, public_reasons
from app.services.questions.ask import MentorAnswer, SeatAnswer, WhyNotAnswer
from app.services.questions.names import Names
from matching import Alternative, Hindrance, LevelPrice, MenteeExclusion, Pricing, Reason, ServedMentee, Words
from matching.criteria import SCORE_UNIT
from matching.vocabulary import ReasonCode

MOST_MOVES = 4
"""Moves of a chain that a sentence tells; the rest are counted."""

NO_PRICE = Words(
    chinese="本方案不是其数据和政策下的最优方案（或其形态不支持计价），无法给出代价。",
    english="This plan is not the best under its data and policy, or its shape is not priced, so no price is given.",
)
HELD = Words(
    chinese="代价按沿用的现有结对保持不变计算。",
    english="Prices hold with the kept links of the published roster in place.",
)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What people, slots and values are called in one language."""

    language: Language
    names: Names
    slots: Mapping[str, str]

    def who(self, item_id: str) -> str:
        return self.names.of(item_id, self.language)

    def slot(self, code: str) -> str:
        return self.slots[code] if self.language is Language.ZH else code

    def listed(self, texts: Iterable[str]) -> str:
        return ("、" if self.language is Language.ZH else ", ").join(texts)

    def reason(self, code: ReasonCode | None) -> str:
        if code is None:
            return AVOIDANCE_LABEL if self.language is Language.ZH else AVOIDANCE_LABEL_EN
        return label(code, self.language)

    def pick(self, chinese: str, english: str) -> str:
        return chinese if self.language is Language.ZH else english


def _in_both(names: Names, slots: Mapping[str, str], sentence: Callable[[_Terms], str]) -> Words:
    chinese, english = (sentence(_Terms(language, names, slots)) for language in (Language.ZH, Language.EN))
    return Words(chinese=chinese, english=english)


def seat_words(answer: SeatAnswer) -> Words:
    """Why this mentor sits here, or why nobody."""
    return _in_both(answer.names, answer.slots, lambda terms: _seat(answer, terms))


def alternative_words(alternative: Alternative, pricing: Pricing, names: Names, slots: Mapping[str, str]) -> Words:
    """What an alternative costs, and who else moves."""
    return _in_both(names, slots, lambda terms: _alternative(alternative, terms) + _held(pricing, terms))


def why_not_words(answer: WhyNotAnswer) -> Words:
    """Why a mentee does not have a certain mentor."""
    return _in_both(answer.names, answer.slots, lambda terms: _why_not(answer, terms))


def mentor_words(answer: MentorAnswer) -> Words:
    """Why a mentor serves these mentees, or none."""
    return _in_both(answer.names, answer.slots, lambda terms: _mentor(answer, terms))


def points(units: int) -> str:
    """Score points from their integer units, with two decimals at most, halves away from 0.

    >>> points(357750), points(801234), points(-50000), points(-30)
    ('35.78', '80.12', '-5', '0')
    """
    hundredths = (abs(units) + SCORE_UNIT // 200) // (SCORE_UNIT // 100)
    text = f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
    return f"-{text}" if units < 0 and hundredths else text


def _seat(answer: SeatAnswer, terms: _Terms) -> str:
    mentee, slot, found = terms.who(answer.mentee_id), terms.slot(answer.slot_code), answer.explanation
    if found is None:
        return _excluded(mentee, answer.exclusion, terms)
    if found.seat is None:
        counts = public_counts(found.shortfall.reasons if found.shortfall else ())
        told = terms.listed(_counted(code, count, terms) for code, count in counts)
        return terms.pick(f"{mentee}的{slot}空缺：{told}。", f"Seat {slot} of {mentee} is empty: {told}.")
    seat = found.seat
    mentor, score = terms.who(seat.mentor_id), points(seat.score if found.team is None else found.team.score)
    team = found.team is not None
    text = terms.pick(
        f"{mentee}的{slot}由{mentor}担任，{'整个帮带组合' if team else ''}得{score}分，"
        f"在{found.n_eligible}名合格导师中排第{found.rank}位",
        f"{mentor} is {slot} of {mentee} with {score} points{' of the whole team' if team else ''}, "
        f"rank {found.rank} of {found.n_eligible} eligible",
    )
    text += _leads(found.reasons, terms) + terms.pick("。", ".")
    if seat.is_pinned:
        text += terms.pick("该结对由人工锁定。", " An officer pinned it.")
    if seat.is_released:
        text += terms.pick("该结对因放开乡镇范围要求而成立。", " It rests on a released township rule.")
    if answer.pricing is Pricing.NONE and answer.n_asked:
        text += _then(NO_PRICE, terms)
    return text


def _excluded(mentee: str, exclusion: MenteeExclusion | None, terms: _Terms) -> str:
    why = "" if exclusion is None else label(exclusion, terms.language)
    return terms.pick(f"{mentee}未参加本次匹配：{why}。", f"{mentee} took no part in the run: {why.lower()}.")


def _counted(code: ReasonCode | None, count: int | None, terms: _Terms) -> str:
    if not count:
        return terms.reason(code)
    return terms.pick(f"{terms.reason(code)}{count}名", f"{terms.reason(code)} ({count})")


def _leads(reasons: Sequence[Reason], terms: _Terms, *, others: tuple[str, str] = ("合格导师", "their mean")) -> str:
    if not reasons:
        return ""
    leads = [
        terms.pick(
            f"{label(each.term, terms.language)}高出{points(each.lead)}分",
            f"{label(each.term, terms.language).lower()} by {points(each.lead)}",
        )
        for each in reasons
    ]
    return terms.pick(f"，较{others[0]}平均：{terms.listed(leads)}", f"; ahead of {others[1]} in {terms.listed(leads)}")


def _alternative(alternative: Alternative, terms: _Terms) -> str:
    seat = alternative.seat
    mentee, mentor, slot = terms.who(seat.mentee_id), terms.who(seat.mentor_id), terms.slot(seat.slot)
    text = terms.pick(f"改由{mentor}担任{mentee}的{slot}：", f"{mentor} as {slot} of {mentee}: ")
    text += _price(alternative.decisive, terms)
    if alternative.leaves is not None:
        leaver = terms.who(alternative.leaves)
        text += terms.pick(f"；{leaver}让出该席位", f"; {leaver} gives up the seat")
    moves = [
        terms.pick(
            f"{terms.who(move.mentee_id)}的{terms.slot(move.slot)}由{_whom(move.leaves, terms)}改为"
            f"{_whom(move.gets, terms)}",
            f"{terms.slot(move.slot)} of {terms.who(move.mentee_id)} goes from {_whom(move.leaves, terms)} to "
            f"{_whom(move.gets, terms)}",
        )
        for move in alternative.chain[:MOST_MOVES]
    ]
    if moves:
        n_more = len(alternative.chain) - len(moves)
        text += terms.pick("；另需调整：", "; also, ") + ("；" if terms.language is Language.ZH else "; ").join(moves)
        if n_more:
            text += terms.pick(f"；另有{n_more}处", f"; and {n_more} more")
    return text + terms.pick("。", ".")


def _whom(mentor_id: str | None, terms: _Terms) -> str:
    return terms.pick("空缺", "nobody") if mentor_id is None else terms.who(mentor_id)


def _price(price: LevelPrice | None, terms: _Terms) -> str:
    if price is None:
        return terms.pick("各项目标均无损失", "costs nothing on any level")
    name, (unit_zh, unit_en) = label(price.name, terms.language), UNITS[price.name]
    low, high = (
        None if end is None else f"{end / price.scale:.4f}".rstrip("0").rstrip(".") if price.scale > 1 else str(end)
        for end in (price.low, price.high)
    )
    if low is None and high is None:
        amount = terms.pick("未证明大小的", "an unproved number of")
    elif low is None:
        amount = terms.pick(f"至多{high}", f"at most {high}")
    elif high is None:
        amount = terms.pick(f"至少{low}", f"at least {low}")
    else:
        amount = low if price.is_exact else terms.pick(f"{low}至{high}", f"{low} to {high}")
    return terms.pick(f"“{name}”损失{amount}{unit_zh}", f"costs {amount} {unit_en} of {name.lower()}")


def _held(pricing: Pricing, terms: _Terms) -> str:
    return _then(HELD, terms) if pricing is Pricing.HELD else ""


def _then(words: Words, terms: _Terms) -> str:
    return terms.pick(words.chinese, f" {words.english}")


def _why_not(answer: WhyNotAnswer, terms: _Terms) -> str:
    why = answer.why
    mentee, mentor = terms.who(why.mentee_id), terms.who(why.mentor_id)
    if why.exclusion is not None:
        return _excluded(mentee, why.exclusion, terms)
    if why.paired_slot is not None:
        slot = terms.slot(why.paired_slot)
        return terms.pick(f"{mentee}的{slot}正由{mentor}担任。", f"{mentor} is {slot} of {mentee} in this plan.")
    closed = [rule for rule in why.rules if rule.reasons]
    told = [
        terms.slot(rule.slot) + terms.pick("：", ": ") + terms.listed(map(terms.reason, public_reasons(rule.reasons)))
        for rule in closed
    ]
    rules = terms.pick("；", "; ").join(dict.fromkeys(told))
    if len(closed) == len(why.rules):
        return terms.pick(f"{mentor}不能帮带{mentee}（{rules}）。", f"{mentor} cannot serve {mentee} ({rules}).")
    if why.hindrance is not None:
        text = _hindered(mentee, mentor, why.hindrance, terms)
        if why.team_rules:
            also = terms.listed(map(terms.reason, public_reasons(why.team_rules)))
            text += terms.pick(f"与已锁定的导师同组时：{also}。", f" Beside the pinned mentors: {also}.")
        return text
    if why.alternative is None:
        text = terms.pick(f"没有规则禁止{mentor}帮带{mentee}。", f"No rule keeps {mentor} from {mentee}.")
        return text + _then(NO_PRICE, terms)
    return _alternative(why.alternative, terms) + _held(answer.pricing, terms)


def _hindered(mentee: str, mentor: str, hindrance: Hindrance, terms: _Terms) -> str:
    why = label(hindrance, terms.language)
    return terms.pick(f"{mentor}不能帮带{mentee}：{why}。", f"{mentor} cannot serve {mentee}: {why.lower()}.")


def _served(each: ServedMentee, terms: _Terms) -> str:
    mentee, slot = terms.who(each.seat.mentee_id), terms.slot(each.seat.slot)
    is_visible = each.seat.mentee_id in terms.names.visible
    leads = _leads(each.reasons, terms, others=("可带对象", "their mean")) if is_visible else ""
    return terms.pick(
        f"{mentee}（{slot}，在其可带对象中排第{each.rank}位{leads}）",
        f"{mentee} ({slot}, rank {each.rank} of the mentees open to this mentor{leads})",
    )


def _mentor(answer: MentorAnswer, terms: _Terms) -> str:
    found = answer.explanation
    mentor = terms.who(found.mentor_id)
    if found.served:
        told = [_served(each, terms) for each in found.served]
        n = len(told)
        return terms.pick(f"{mentor}帮带{n}人：{terms.listed(told)}。", f"{mentor} serves {n}: {terms.listed(told)}.")
    text = terms.pick(
        f"{mentor}在本方案中未带人：本县{found.n_mentees}名帮带对象中{found.n_admissible}名可由其帮带",
        f"{mentor} serves nobody in this plan: {found.n_admissible} of {found.n_mentees} mentees of the county are "
        "open to this mentor",
    )
    blocked = public_reasons(code for code, _ in found.blocked)
    if blocked:
        told_reasons = terms.listed(map(terms.reason, blocked))
        text += terms.pick(f"，其余受限于：{told_reasons}", f"; the others are kept apart by {told_reasons}")
    text += terms.pick("。", ".")
    if found.hindrance is not None:
        text += terms.pick(f"{label(found.hindrance)}。", f" {label(found.hindrance, Language.EN)}.")
    if found.best is not None:
        best = _alternative(found.best, terms) + _held(answer.pricing, terms)
        text += terms.pick("代价最小的结对——", " Cheapest pairing: ") + best
    elif found.n_admissible and found.hindrance is None:
        text += _then(NO_PRICE, terms)
    return text
