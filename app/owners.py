"""Whose a new file is: one that root makes in the folder of another user belongs to that user, who has to open it."""

import logging
import os
from pathlib import Path

log = logging.getLogger("touyan.files")


def make_file(path: Path) -> int:
    """Make a new empty file for its owner alone (0600) and open it; ``FileExistsError`` for a name that is taken.

    Returns the descriptor, open for reading and writing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _give_away(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _give_away(descriptor: int, path: Path) -> None:
    """Let a file that root has just made belong to the owner of its folder.

    The descriptor is named and never the path: the owner of the folder could have put another file in its place.
    """
    if os.geteuid() != 0:
        return
    folder = path.absolute().parent.stat()
    if folder.st_uid == 0:
        return
    try:
        os.chown(descriptor, folder.st_uid, folder.st_gid)
    except PermissionError:
        # A disk of another machine may know no such right; the copy of a database is worth having all the same.
        log.warning("%s stays with root: the file system does not let it belong to user %d", path, folder.st_uid)
