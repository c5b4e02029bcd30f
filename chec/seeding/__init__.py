"""Loads `seeds/demo`: two centres with their money, contracts and claims, told through the actions.

Each thing is done by whoever would have done it, in the order of time. An act in CHEC is recorded
when it is done; money that moved elsewhere on the working day after: nothing knows the future.
"""

from collections.abc import Callable
from datetime import date

from sqlmodel import Session

from chec.models import Contract
from chec.seeding.centres import CentreTold
from chec.seeding.claims import claims
from chec.seeding.contracts import contracts
from chec.seeding.files import Calendar, SeedFiles
from chec.seeding.money import money
from chec.seeding.payments import payment_requests
from chec.seeding.sign_ins import SignIn, list_sign_ins
from chec.seeding.timeline import tell

__all__ = ["SignIn", "list_sign_ins", "load_demo"]


def load_demo(session: Session, today: date, hash_password: Callable[[str], str]) -> list[SignIn]:
    """Everyone who can sign in to the demo, loaded as of `today`; the caller commits.

    The same `today` gives the same rows but for the secrets of sign-in. Raises RuleBroken where the
    demo is there already.
    """
    for files in SeedFiles.of_every_centre():
        told = CentreTold(session, Calendar(today), files)
        told.open_centre()
        told.add_organisations()
        told.start_ventures()
        told.agree_instruments()
        told.add_people(hash_password)
        found: dict[str, Contract] = {}
        acts = [*contracts(told, found), *money(told), *claims(told, found)]
        tell([*acts, *payment_requests(told)])
    return list_sign_ins()
