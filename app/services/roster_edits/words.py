"""What is said about edits of a roster, in both languages: people by 编号, slots as the roster calls them."""

from collections.abc import Sequence

from app.services.roster_edits.book import RosterBook
from app.services.roster_edits.records import SeatEdit, SeatState, Told


def meaning(book: RosterBook, seat: SeatEdit) -> Told:
    """What laying an edit down does."""
    slot = book.slot(seat.slot_code)
    name = seat.slot_code if slot is None else slot.name
    mentee = seat.mentee.code
    former = "" if seat.former is None else seat.former.code
    mentor = "" if seat.mentor is None else seat.mentor.code
    if seat.state is SeatState.REPLACED:
        return Told(
            english=f"Pin mentor {mentor} to mentee {mentee} in {name}, in the place of {former}.",
            chinese=f"帮带对象 {mentee} 的{name}由 {former} 改为 {mentor}：将锁定该结对。",
        )
    if seat.state is SeatState.ADDED:
        return Told(
            english=f"Pin mentor {mentor} to mentee {mentee} in {name}, which is empty.",
            chinese=f"帮带对象 {mentee} 的{name}原空缺，现为 {mentor}：将锁定该结对。",
        )
    if seat.state is SeatState.REMOVED:
        return Told(
            english=f"Mentee {mentee} and mentor {former} must not be paired again, in any programme; a repair looks "
            f"for another mentor for {name}.",
            chinese=f"帮带对象 {mentee} 的{name}去掉 {former}：两人今后（含其他项目）不再结对，补配时另选导师。",
        )
    return Told(
        english=f"Mentor {former} leaves {name} of mentee {mentee} for another seat of the same mentee; a repair looks "
        "for somebody else.",
        chinese=f"{former} 由帮带对象 {mentee} 的{name}转到其另一岗位，补配时另选导师。",
    )


def ambiguous(cell: str) -> Told:
    """Somebody has to say who is meant."""
    return Told(
        english=f"{cell}: 编号, name and unit do not name one person; choose one.",
        chinese=f"{cell}：编号、姓名、单位不能确定为同一人，请选择。",
    )


def unknown(cell: str) -> Told:
    """Nobody is known by that."""
    return Told(
        english=f"{cell}: nobody of the programme in your territory is known by this; correct the cell or choose.",
        chinese=f"{cell}：辖区内本项目没有此人，请更正单元格或指定人员。",
    )


def unknown_seat(cell: str, slots: Sequence[str]) -> Told:
    """Some seats of a mentee bear names of slots, and this one a name that is none or stands twice."""
    names = "、".join(slots)
    return Told(
        english=f"{cell}: the slot of this mentor cannot be told; name the slots as the roster does ({names}).",
        chinese=f"{cell}：无法确定该导师的帮带岗位，请按花名册的岗位名称填写（{names}）。",
    )


def repeated(cell: str, code: str, first: str) -> Told:
    """A mentee stands twice in the file."""
    return Told(
        english=f"{cell}: mentee {code} stands in {first} already; remove one of the rows.",
        chinese=f"{cell}：帮带对象 {code} 已在 {first} 出现，请删除其中一行。",
    )


def other_version(versions: Sequence[int], present: int) -> Told:
    """The mark of the file names another version."""
    listed = "、".join(map(str, versions))
    return Told(
        english=f"By its mark the file is of version {listed} of a roster, version {present} is in force.",
        chinese=f"文件标注为第{listed}版，现行版本为第{present}版。",
    )


def takes_no_part(code: str) -> Told:
    """A record that no run looks at."""
    return Told(
        english=f"{code} takes no part in the runs of this programme any more; choose somebody else.",
        chinese=f"{code} 已不参加本项目的匹配，请另选。",
    )


def outside(code: str) -> Told:
    """A former mentor whose person cannot be read."""
    return Told(
        english=f"Mentor {code} is no longer on record in your territory; nothing can be laid down about the pair.",
        chinese=f"辖区内已无导师 {code} 的记录，无法登记。",
    )


def is_pinned(mentee: str, mentor: str) -> Told:
    """A pair that is to be parted is pinned."""
    return Told(
        english=f"Mentee {mentee} is pinned to mentor {mentor}; remove that pin first.",
        chinese=f"帮带对象 {mentee} 已锁定导师 {mentor}，请先解除锁定。",
    )


def cannot_be_repaired() -> Told:
    """The data or pins of the programme contradict themselves, it may be outside the territory."""
    return Told(
        english="The present data or pins of this programme keep a repair from being computed; ask whoever runs the "
        "whole programme what is wrong.",
        chinese="本项目现有数据或锁定存在矛盾，暂不能试算补配；请联系负责整个项目的单位处理。",
    )
