"""Uploading files: ``POST /imports``, a form with the file, the county and, if known, the sender."""

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.access import Permission, Viewer
from app.http.uploads import PERSONAL, UploadDoor, text_field
from app.models import ImportBatch
from app.rosters.importer import receive_and_read


class ImportDoor(UploadDoor):
    """The answer of ``/imports``: the batch is then looked at, corrected and committed through GraphQL."""

    permission = Permission.EDIT_PEOPLE
    wanted = (
        "the file in the field file and the code of the county in the field county",
        "文件（file）和县级区划代码（county）",
    )

    def take(self, viewer: Viewer, request: Request, file_name: str, data: bytes, form: FormData) -> JSONResponse:
        """Keep and read a file."""
        county = text_field(form, "county")
        if county is None:
            raise self.incomplete()
        batch = receive_and_read(
            self.database,
            viewer,
            self.cipher,
            county_code=county,
            file_name=file_name,
            data=data,
            sender_code=text_field(form, "sender"),
        )
        return JSONResponse({"importBatch": self._shown(batch)}, status_code=201, headers=PERSONAL)

    def _shown(self, batch: ImportBatch) -> dict[str, object]:
        return {
            "id": self.global_id("ImportBatch", batch.id),
            "fileName": batch.file_name,
            "fileSha256": batch.file_sha256,
            "state": batch.state.value,
            "counts": batch.counts,
        }
