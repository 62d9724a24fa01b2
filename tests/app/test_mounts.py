"""The table of mounts: the nearest one counts, and of two on one place the last."""

from pathlib import Path

import pytest

from app.mounts import Mount, find_mount

TABLE = """\
disk / ext4 ro,relatime 0 0
tmpfs / tmpfs ro 0 0
server:/x /srv/with\\040space nfs4 rw 0 0
tmpfs /etc/keys tmpfs ro,relatime,size=8k 0 0
tmpfs /run tmpfs rw,nosuid 0 0
disk /etc/settings ext4 ro,relatime 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_read_only", "is_handed_over"),
    [
        ("/srv/with space/touyan", "nfs4", False, False),
        ("/srv/without", "tmpfs", True, False),
        ("/etc/keys/..data/data-keys", "tmpfs", True, True),
        ("/run/touyan/data-keys", "tmpfs", False, False),
        ("/etc/settings/data-keys", "ext4", True, False),
    ],
)
def test_a_path_lies_on_its_nearest_mount(
    tmp_path: Path, path: str, kind: str, is_read_only: bool, is_handed_over: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(TABLE, encoding="utf-8")
    found = find_mount(Path(path), mounts)
    assert found is not None
    assert (found.kind, found.is_read_only, found.is_handed_over) == (kind, is_read_only, is_handed_over)


def test_without_a_table_nothing_is_told(tmp_path: Path) -> None:
    assert find_mount(tmp_path, tmp_path / "absent") is None
    here = find_mount(tmp_path)
    assert isinstance(here, Mount)
    assert not here.is_read_only
