"""The person of a centre whom an act is about."""

from typing import NamedTuple

from flask import g, redirect, url_for
from werkzeug.wrappers import Response

from chec.models import Centre, User
from chec.permissions import Action, Actor
from chec.queries.centres import get_centre
from chec.queries.people import Person, get_person
from chec.web.access import acting, viewer


class Chosen(NamedTuple):
    """A person of a centre, and whoever acts on them."""

    centre: Centre
    person: Person
    user: User
    actor: Actor


def choose(action: Action, centre_id: int, user_id: int) -> Chosen:
    """The person, for whoever may `action` in the centre; else NotFound or NotAllowed."""
    centre = get_centre(g.session, viewer(), action, centre_id)
    person = get_person(g.session, viewer(), centre_id, user_id)
    return Chosen(centre, person, g.session.get_one(User, user_id), acting(action, centre_id))


def to_page_of(centre: Centre, user_id: int) -> Response:
    """To the person's page, after an act."""
    return redirect(url_for("people.show", centre_id=centre.id, user_id=user_id), 303)
