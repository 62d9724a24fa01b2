"""The archive of published rosters: each form of a version is made once, and handed out from then on as it is."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlmodel import Session, select

from app.access import Viewer
from app.errors import ArchiveDamagedError
from app.models import Roster, RosterMaster
from app.models.vocabulary import ExportForm, ExportFormat, MaskLevel, RosterLayout, RowOrder
from app.rosters.grid import CHINA_TIME
from app.rosters.marks import OwnMark


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKey:
    """Which file of which roster: the rows of ``division_id`` in one form, format, layout, mask and order."""

    roster_id: UUID
    division_id: UUID
    form: ExportForm
    format: ExportFormat
    layout: RosterLayout
    mask_level: MaskLevel
    row_order: RowOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """A finished file without the mark of a hand-out; ``id`` is set where it is archived."""

    title: str
    own: OwnMark
    row_count: int
    content: bytes
    id: UUID | None = None

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return sha256(self.content).hexdigest()


def own_mark(roster: Roster, key: MasterKey) -> OwnMark:
    """What the master says of itself: version, publication, and the checksum of what was published.

    The number in the short form is that of this file, so that no other text of it can be the same.
    """
    number = sha256(repr(key).encode("utf-8")).hexdigest()[:12]
    published = roster.published_at.astimezone(CHINA_TIME)
    return OwnMark(
        line=f"存档件　版本：第{roster.roster_version}版　发布时间：{published:%Y-%m-%d %H:%M:%S}　"
        f"内容校验：{roster.checksum[:16]}　档号：{number}",
        short=f"存档件{number}",
    )


def find_master(session: Session, key: MasterKey) -> Master | None:
    """The archived file, if it was made before; refuses one that is not what was put there."""
    row = session.exec(
        select(RosterMaster).where(
            RosterMaster.roster_id == key.roster_id,
            RosterMaster.division_id == key.division_id,
            RosterMaster.form == key.form,
            RosterMaster.format == key.format,
            RosterMaster.layout == key.layout,
            RosterMaster.mask_level == key.mask_level,
            RosterMaster.row_order == key.row_order,
        )
    ).first()
    if row is None:
        return None
    if sha256(row.content).hexdigest() != row.sha256:
        raise ArchiveDamagedError(
            f"The archived file {row.id} of roster {row.roster_id} does not fit its checksum;"
            " restore it from a backup.",
            f"花名册 {row.roster_id} 的存档文件 {row.id} 与校验值不符，请从备份恢复。",
        )
    return Master(
        id=row.id,
        title=row.title,
        own=OwnMark(line=row.own_line, short=row.own_short),
        row_count=row.row_count,
        content=row.content,
    )


def archive_master(session: Session, viewer: Viewer, key: MasterKey, made: Master) -> Master:
    """Put a file into the archive, unless somebody else has just done so: then theirs is the one.

    The roster stays locked until the transaction ends, so that there is never a second one.
    """
    session.exec(select(Roster.id).where(Roster.id == key.roster_id).with_for_update()).one()
    found = find_master(session, key)
    if found is not None:
        return found
    row = RosterMaster(
        roster_id=key.roster_id,
        division_id=key.division_id,
        form=key.form,
        format=key.format,
        layout=key.layout,
        mask_level=key.mask_level,
        row_order=key.row_order,
        title=made.title,
        own_line=made.own.line,
        own_short=made.own.short,
        row_count=made.row_count,
        sha256=made.checksum,
        content=made.content,
        created_by=viewer.subject,
    )
    session.add(row)
    session.flush()
    return Master(id=row.id, title=made.title, own=made.own, row_count=made.row_count, content=made.content)
