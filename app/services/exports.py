"""Export jobs: finding them again and writing their files."""

from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from app.access import Permission, Viewer
from app.errors import InvalidStateError, NotFoundError
from app.models import ExportJob
from app.models.vocabulary import ExportState


def get_export(session: Session, viewer: Viewer, export_id: UUID) -> ExportJob:
    """A hand-out of the viewer's own territory; ``NotFoundError`` otherwise."""
    viewer.require(Permission.EXPORT)
    job = session.get(ExportJob, export_id)
    inside = job is not None and (
        viewer.county_ids is None
        or job.created_by == viewer.subject
        or (job.county_id is not None and job.county_id in viewer.county_ids)
    )
    if job is None or not inside:
        raise NotFoundError(f"No export {export_id} in your territory.", f"辖区内没有导出文件 {export_id}。")
    return job


def save_export(job: ExportJob, folder: Path) -> Path:
    """Write the file of a finished job into ``folder`` under its own name, whole or not at all."""
    if job.state is not ExportState.DONE or job.content is None:
        raise InvalidStateError(f"Export {job.id} has no file.", f"导出 {job.id} 没有文件。")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / job.file_name
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(job.content)
    partial.replace(path)
    return path
