"""``touyan keys``: the data keys under which personal columns are encrypted."""

import typer
from rich.console import Console

from app.access import SYSTEM_VIEWER
from app.access.chain import StoredHead, find_head
from app.access.verify import reseal, verify_trail
from app.cli.tools import DatabaseOption, opened, progress_bar, refusals_as_exit_codes, seal_keys_of, settings_for
from app.crypto import PersonalDataCipher, new_data_key
from app.db import Database
from app.key_file import put_key_in_front
from app.services.privacy.keys import KeyUse, count_key_use, rotate_keys

keys_cli = typer.Typer(no_args_is_help=True, help="Data keys of personal columns.")
out = Console()


@keys_cli.command("new")
def keys_new(database: DatabaseOption = None) -> None:
    """Make a new data key the newest one: in the key file of a development database, or printed for the settings."""
    key = new_data_key()
    with refusals_as_exit_codes():
        settings = settings_for(database)
        key_file = put_key_in_front(settings, key)
    if key_file is None:
        typer.echo(key)
        out.print("Put it in front of TOUYAN_DATA_KEYS, start every process anew, then: touyan keys rotate.")
    else:
        out.print(f"{key_file} has a new first key. Start every process anew, then: touyan keys rotate.")


@keys_cli.command("check")
def keys_check(database: DatabaseOption = None) -> None:
    """Say how many values each data key holds; leaves with 1 when some open under none."""
    with opened(database) as (_, handle, cipher):
        use = count_key_use(handle, cipher)
        _tell(use, cipher, handle)
        if use.unreadable:
            raise typer.Exit(1)


@keys_cli.command("rotate")
def keys_rotate(database: DatabaseOption = None) -> None:
    """Bring every encrypted value and every look-up hash under the newest data key; can be begun again at any time."""
    with opened(database) as (_, handle, cipher):
        seal_keys = seal_keys_of(handle)
        # The long part of the check beside everybody else's work; the last transaction looks at what is new.
        with handle.read() as session:
            checked = verify_trail(session, seal_keys)
        with progress_bar("keys") as bar:
            done = rotate_keys(
                handle,
                SYSTEM_VIEWER,
                cipher,
                renewals=[lambda session, _: reseal(session, seal_keys, checked=checked).n_entries],
                on_batch=lambda rows: bar.advance(bar.task_ids[0], rows),
            )
        out.print(f"{done.values} values and {done.hashes} look-up hashes came under key {cipher.key_names[0]}.")
        _tell(done.use, cipher, handle)
        if done.use.unreadable:
            raise typer.Exit(1)
        if done.use.unused:
            out.print("Keep a key that leaves with the backups that were made before: they open under nothing else.")


def _tell(use: KeyUse, cipher: PersonalDataCipher, handle: Database) -> None:
    sealing = _place_of_seal(handle)
    for place, (name, count) in enumerate(zip(cipher.key_names, use.by_key, strict=True)):
        word = "; may leave TOUYAN_DATA_KEYS" if place in use.unused and not use.unreadable else ""
        if place == sealing and place > 0:
            word = "; seals the audit trail, run: touyan keys rotate"
        out.print(f"key {place + 1} ({name}{', the newest' if place == 0 else ''}): {count} values{word}")
    for column, count in sorted(use.unreadable.items()):
        out.print(f"[red]no key[/red]: {count} values of {column}; add the key they were written under, none may leave")


def _place_of_seal(handle: Database) -> int | None:
    """Which of the keys the audit trail is sealed under."""
    with handle.read() as session:
        head = find_head(session)
    return seal_keys_of(handle).find_place(head.key_fingerprint) if isinstance(head, StoredHead) else None
