"""Labels of access: roles and states of the people who use the service."""

from app.labels.entries import Entries
from app.models.vocabulary import Role, UserState

LABELS: Entries = {
    Role: {
        Role.SYSTEM_ADMIN: ("系统管理员", "System administrator"),
        Role.PREFECTURE_OFFICER: ("市级经办人", "Prefecture officer"),
        Role.COUNTY_ADMIN: ("县级经办人", "County administrator"),
        Role.COUNTY_APPROVER: ("县级审批人", "County approver"),
        Role.TOWNSHIP_OFFICER: ("乡镇组织委员", "Township organisation officer"),
        Role.AUDITOR: ("审计监督人员", "Auditor"),
        Role.READER: ("只读用户", "Reader"),
        Role.MENTOR: ("帮带导师", "Mentor"),
        Role.MENTEE: ("帮带对象", "Mentee"),
    },
    UserState: {
        UserState.ACTIVE: ("正常", "Active"),
        UserState.DISABLED: ("停用", "Disabled"),
    },
}
