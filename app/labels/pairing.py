"""Labels of pairing: programmes, pairings and their members."""

from app.labels.entries import Entries
from app.models.vocabulary import MemberEndReason, PairingMemberState, PairingState, ProgramKind

LABELS: Entries = {
    ProgramKind: {
        ProgramKind.TWO_PLUS_ONE: ("“2+1”结对帮带", "2+1 pairing"),
        ProgramKind.ONE_TO_ONE: ("导师帮带（一对一）", "One-to-one mentoring"),
    },
    PairingState: {
        PairingState.PROPOSED: ("拟结对", "Proposed"),
        PairingState.CONFIRMED: ("已确认", "Confirmed"),
        PairingState.ACTIVE: ("帮带中", "Active"),
        PairingState.GRADUATED: ("已出师", "Graduated"),
        PairingState.EXTENDED: ("延期帮带", "Extended"),
        PairingState.ENDED_BY_PROMOTION: ("任用结束", "Ended by promotion"),
        PairingState.ENDED_BY_EXIT: ("退出结束", "Ended by exit"),
        PairingState.ENDED_BY_PERIOD: ("到期结束", "Ended by period"),
        PairingState.CANCELLED: ("已取消", "Cancelled"),
    },
    PairingMemberState: {
        PairingMemberState.ACTIVE: ("帮带中", "Active"),
        PairingMemberState.REPLACED: ("已更换", "Replaced"),
        PairingMemberState.ENDED: ("已结束", "Ended"),
    },
    MemberEndReason: {
        MemberEndReason.TRANSFERRED: ("工作调动", "Transferred"),
        MemberEndReason.RETIRED: ("退休", "Retired"),
        MemberEndReason.DISCIPLINE: ("组织处理", "Discipline"),
        MemberEndReason.HEALTH: ("健康原因", "Health"),
        MemberEndReason.REQUESTED: ("申请更换", "Requested"),
        MemberEndReason.NOT_PERFORMING: ("履职不力", "Not performing"),
        MemberEndReason.ERROR: ("登记有误", "Entered in error"),
        MemberEndReason.SUPERSEDED: ("方案调整", "Superseded by a newer plan"),
        MemberEndReason.WITHDRAWN: ("撤回发布", "Publication withdrawn"),
        MemberEndReason.COMPLETED: ("帮带完成", "Mentoring completed"),
        MemberEndReason.MENTEE_LEFT: ("帮带对象离库", "Mentee left the pool"),
    },
}

TOLD_END_REASONS = frozenset(
    {
        MemberEndReason.COMPLETED,
        MemberEndReason.SUPERSEDED,
        MemberEndReason.WITHDRAWN,
        MemberEndReason.MENTEE_LEFT,
        MemberEndReason.ERROR,
    }
)
"""Why a mentor's service ended, where that says nothing about the mentor; the others are class A."""
