"""Why an adjustment cannot be made, in words: people by 编号, adjustments by number, restricted rules as avoidance."""

from collections.abc import Callable, Mapping, Sequence

from app.errors import PinClashError
from app.labels import Language, label
from app.models import PlanAdjustment
from app.models.vocabulary import ReasonCode
from app.services.plan_basis import pins_of
from matching import Facts, Mentee, Mentor, Pin, PinConflictError, Words, conflict_words


def clash(error: PinConflictError, facts: Facts, adjustments: Sequence[PlanAdjustment]) -> PinClashError:
    """Return the refusal of adjustments that break a rule, a capacity or a pin."""
    pins = {
        pin.id: (pin, Words(chinese=f"第{each.number}号调整", english=f"of adjustment {each.number} "))
        for each in adjustments
        for pin in pins_of(each)
    }
    words = clash_words(error, facts, pins)
    return PinClashError(words.english, words.chinese, path=("changes",))


def clash_words(error: PinConflictError, facts: Facts, pins: Mapping[str, tuple[Pin, Words]]) -> Words:
    """Return why pins cannot all hold; ``pins`` are those beside the facts', by id, with the words before the pair."""
    return conflict_words(error, _names(facts, pins, Language.ZH), english_name_of=_names(facts, pins, Language.EN))


def _names(facts: Facts, more: Mapping[str, tuple[Pin, Words]], language: Language) -> Callable[[str], str]:
    is_chinese = language is Language.ZH
    people: tuple[Mentee | Mentor, ...] = (*facts.mentees, *facts.mentors)
    codes = {each.id: each.code for each in people} | {each.person_id: each.code for each in people}
    pins = {pin.id: (pin, "锁定" if is_chinese else "of the programme ") for pin in facts.pins}
    pins |= {key: (pin, said.chinese if is_chinese else said.english) for key, (pin, said) in more.items()}

    def name_of(item: str) -> str:
        if item in pins:
            pin, said = pins[item]
            return f"{said}({codes.get(pin.mentee_id, '?')}, {codes.get(pin.mentor_id, '?')})"
        if item in codes:
            return codes[item]
        return label(ReasonCode(item), language) if item in ReasonCode.__members__ else item

    return name_of
