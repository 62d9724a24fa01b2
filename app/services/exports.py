"""Export jobs: writing their files."""

from pathlib import Path

from app.errors import InvalidStateError
from app.models import ExportJob
from app.models.vocabulary import ExportState


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
