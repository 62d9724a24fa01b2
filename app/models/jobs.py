"""Table of the workers that run jobs."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.db import utc_now
from app.models.columns import instant_field


class WorkerSlot(SQLModel, table=True):
    """One place for a worker process, and the process that holds it now.

    The process raises ``beat`` while it lives. Another one may take the slot, or adopt what it has left, when it has
    seen no beat for some seconds by its own clock; ``epoch`` grows with every change of hands, so that the former
    holder learns of it. Kept for ever: few rows.
    """

    __tablename__ = "worker_slot"

    name: str = Field(max_length=40, primary_key=True)
    epoch: int = 0
    host: str = Field(max_length=200)
    process_id: int
    started_at: datetime = instant_field(default_factory=utc_now)
    beat: int = 0
    beat_at: datetime = instant_field(default_factory=utc_now)
    ended_at: datetime | None = instant_field(default=None)
    adopted_by: str | None = Field(default=None, max_length=40)
