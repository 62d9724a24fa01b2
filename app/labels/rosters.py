"""Labels of rosters, imports and exports."""

from app.labels.entries import Entries
from app.models.vocabulary import (
    ExportForm,
    ExportFormat,
    ExportState,
    ImportState,
    MaskLevel,
    RosterLayout,
    RosterState,
    RowChange,
    RowOrder,
    Severity,
)

LABELS: Entries = {
    RosterState: {
        RosterState.DRAFT: ("草稿", "Draft"),
        RosterState.PUBLISHED: ("现行", "Published"),
        RosterState.AMENDED: ("已调整", "Amended"),
        RosterState.ARCHIVED: ("已归档", "Archived"),
    },
    ImportState: {
        ImportState.UPLOADED: ("已上传", "Uploaded"),
        ImportState.PARSED: ("待确认表头", "Headers to be named"),
        ImportState.HAS_ERRORS: ("有错误", "Has errors"),
        ImportState.READY: ("可入库", "Ready"),
        ImportState.COMMITTED: ("已入库", "Committed"),
        ImportState.DISCARDED: ("已放弃", "Discarded"),
        ImportState.UNDONE: ("已撤销", "Undone"),
    },
    RowChange: {
        RowChange.NEW: ("新增", "New"),
        RowChange.CHANGED: ("变更", "Changed"),
        RowChange.UNCHANGED: ("无变化", "Unchanged"),
        RowChange.RECORDED: ("登记在案", "Recorded"),
        RowChange.REJECTED: ("不予入库", "Rejected"),
    },
    Severity: {
        Severity.ERROR: ("错误", "Error"),
        Severity.WARNING: ("提醒", "Warning"),
    },
    ExportFormat: {
        ExportFormat.XLSX: ("Excel 工作簿", "Excel workbook"),
        ExportFormat.CSV: ("CSV 文本", "CSV text"),
        ExportFormat.PDF: ("PDF 文档", "PDF document"),
    },
    ExportForm: {
        ExportForm.TWO_PLUS_ONE_ROSTER: ("“2+1”结对帮带花名册", "2+1 roster"),
        ExportForm.ONE_TO_ONE_ROSTER: ("导师帮带花名册", "One-to-one roster"),
        ExportForm.MENTOR_POOL: ("帮带导师库花名册", "Mentor pool roster"),
        ExportForm.CANDIDATE_LEDGER: ("后备力量信息台账", "Candidate ledger"),
        ExportForm.SHORTFALL_LIST: ("未配岗位清单", "List of empty seats"),
        ExportForm.ADJUSTMENT_TABLE: ("帮带人调整表", "Adjustment table"),
        ExportForm.STRUCTURE_TABLE: ("结构统计表", "Structure table"),
        ExportForm.PUBLIC_NOTICE: ("公示版花名册", "Public notice"),
    },
    RowOrder: {
        RowOrder.OFFICIAL: ("建制顺序、村", "Official order of townships and villages"),
        RowOrder.SURNAME_STROKES: ("姓氏笔画", "Strokes of the surname"),
    },
    ExportState: {
        ExportState.REQUESTED: ("已申请", "Requested"),
        ExportState.DONE: ("已生成", "Done"),
        ExportState.FAILED: ("生成失败", "Failed"),
    },
    MaskLevel: {
        MaskLevel.STANDARD: ("标准脱敏", "Standard masking"),
        MaskLevel.STRICT: ("严格脱敏（不含电话）", "Strict masking, no phones"),
    },
    RosterLayout: {
        RosterLayout.WIDE: ("横排（一人一行）", "Wide: one row per mentee"),
        RosterLayout.STACKED: ("竖排（导师分行）", "Stacked: one row per mentor"),
    },
}
