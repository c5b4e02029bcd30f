"""`chec invite`: the way in for the first people of a centre."""

import click

from chec import clock
from chec.actions.invitations import Invited, invite_person
from chec.cli.database import centre_meant, of_a_centre, open_database
from chec.cli.refusals import refusals_shown
from chec.config import Settings
from chec.db import open_session
from chec.models import Role
from chec.permissions import Grant, system_actor
from chec.rules.membership_terms import OF_A_CENTRE
from chec.web.formats import moment, role_for


@click.command()
@click.argument("email")
@click.option("--name", required=True, help="Of the person.")
@click.option("--role", type=click.Choice([role.value for role in OF_A_CENTRE]), required=True)
@of_a_centre
def invite(email: str, name: str, role: str, centre_ref: str | None) -> None:
    """Invite the person with the address EMAIL to a role in a centre, and print the link.

    Whoever has an account takes the role with it. Other roles are given in the browser.
    """
    actor = system_actor(clock.now())
    with (
        open_database() as engine,
        refusals_shown("Nobody was invited."),
        open_session(engine, write=True) as session,
    ):
        centre = centre_meant(session, centre_ref)
        grant = Grant(Role(role), centre_id=centre.id)
        today = clock.london_day(actor.at)
        sent = invite_person(session, actor, centre, Invited(email, name, grant, today))
        session.commit()
    told = role_for(Role(role), centre.name)
    click.echo(
        f"{sent.invitation.name} is invited as {told}. Give them this link. It works once, until"
        f" {moment(sent.invitation.expires_at)}:\n\n{_address(sent.token)}"
    )


def _address(token: str) -> str:
    return f"{Settings().site}/invitations/{token}"
