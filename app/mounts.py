"""On what a folder lies: the kind of its file system, and whether anything can be written there."""

from dataclasses import dataclass
from pathlib import Path

REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs"})
"""File systems of other machines: locks and shared memory of SQLite do not hold there, and files get broken."""

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
"""File systems that stand on no disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line of the table of mounts; ``kind`` is the file system as Linux calls it."""

    point: Path
    kind: str
    is_read_only: bool

    @property
    def is_handed_over(self) -> bool:
        """Whether it is what orchestrators hand secrets over on: in memory, of its own, and closed to writing."""
        return self.is_read_only and self.kind in IN_MEMORY and self.point != Path("/")


def find_mount(path: Path, mounts: Path = Path("/proc/self/mounts")) -> Mount | None:
    """The mount on which a path without links lies; ``None`` where that cannot be told."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best: Mount | None = None
    for line in lines:
        _, name, kind, options, *_ = line.split(" ")
        point = Path(name.replace("\\040", " "))
        # The last one of a place lies above those before it.
        if path.is_relative_to(point) and (best is None or len(point.parts) >= len(best.point.parts)):
            best = Mount(point=point, kind=kind, is_read_only="ro" in options.split(","))
    return best
