"""`chec db backup` and `chec db restore`."""

from pathlib import Path

import click

from chec import clock
from chec.backups.backup import back_up
from chec.backups.restore import Loss, restore
from chec.cli.database import open_database
from chec.cli.refusals import refusals_shown
from chec.permissions import system_actor

_file = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@_file
def backup(file: Path) -> None:
    """Back the database up into the new FILE, while web and worker go on.

    FILE holds everything but the secrets of the environment, and only its owner may read it. Keep
    the hash that is printed elsewhere: it proves later that the trail is still this one.
    """
    actor = system_actor(clock.now())
    with open_database(any_version=True) as engine, refusals_shown("Nothing was backed up."):
        made = back_up(engine, actor, file)
    if made.stand.head is None:
        click.echo(f"Backed up at migration {made.stand.migration}, before the trail had a head.")
        return
    click.echo(f"Backed up {made.stand.head.event_count:,} events, head {made.stand.head.hash}")
    click.echo("Keep this hash elsewhere than the backup.")
    if not made.is_recorded:
        click.echo("The database is not up to date, so its trail does not tell of this backup.")


@click.command(name="restore")
@_file
@click.option("--yes", is_flag=True, help="Ask nothing.")
def restore_file(file: Path, yes: bool) -> None:
    """Put the backup FILE in place of the database, all of it or nothing.

    The database is empty, or the one that FILE was made of. Web and worker are stopped. A backup of
    an older CHEC is brought up to date. Everybody signs in anew.
    """
    actor = system_actor(clock.now())
    with open_database(any_version=True) as engine, refusals_shown("Nothing was restored."):
        done = restore(engine, actor, file, agreed=lambda loss: yes or _agreed(loss))
    if done is None:
        click.echo("Nothing was restored.")
        raise SystemExit(1)
    click.echo(f"Restored {done.backed_up.event_count:,} events, head {done.backed_up.hash}")
    click.echo(f"With the restoring, the head is {done.now.hash}")


def _agreed(loss: Loss) -> bool:
    click.echo(_said_of(loss))
    return click.confirm("Put the backup in its place?")


def _said_of(loss: Loss) -> str:
    """What of the database would be gone."""
    last = f", the last of {loss.last_event_at:%-d %B %Y %H:%M} UTC" if loss.last_event_at else ""
    if loss.event_count is None:
        return (
            "The database was restored before and has gone another way than the backup since. What"
            f" was done in it since then will be lost{last}."
        )
    if loss.event_count == 0:
        return "The database has no event that the backup has not."
    several = "s" if loss.event_count > 1 else ""
    return (
        f"The database has {loss.event_count:,} event{several} that the backup has not{last}."
        " What was done since the backup will be lost."
    )
