"""How often pages about claims ask the database."""

from datetime import date

from sqlmodel import Session

from chec.models import Role, User
from tests import builders
from tests.benchmarks.claims_in_bulk import ClaimsInBulk, contract_of_many_measures
from tests.claim_parts import decide, pay
from tests.client import Client
from tests.web.test_centres import queries_of

OF_THE_DIRECTOR = (
    "/centres/C-0001/claims",
    "/centres/C-0001/claims?state=submitted&sort=-asked",
    "/centres/C-0001/contracts",
    "/contracts/CN-0001",
    "/claims/CL-0001",
    "/claims/CL-0002",
    "/claims/CL-0002/records",
)
OF_THE_PAYER = (
    "/inbox",
    "/inbox?tray=decided&sort=venture",
    "/centres/C-0001/claims",
    "/contracts/CN-0001",
    "/claims/CL-0001",
)


def test_pages_ask_as_often_for_sixty_claims_as_for_five(client: Client, session: Session) -> None:
    centre, payers = builders.a_centre(session), [builders.a_payer(session) for _ in range(2)]
    contract = contract_of_many_measures(session, centre, payers)
    venture = builders.a_venture(session, centre)
    director, commissioner = builders.a_user(session), builders.a_user(session)
    builders.a_membership(session, Role.DIRECTOR, user=director, centre=centre)
    builders.a_membership(session, Role.COMMISSIONER, user=commissioner, organisation=payers[0])
    for records in ((), [(f"M0{n}", f"p{n}", date(2025, 4, 1)) for n in range(3)]):
        claim = builders.a_claim(session, contract, venture, counts={"M01": 3}, records=records)
        for payer in payers:
            decide(session, claim, payer)
            pay(session, claim, payer, 100)
    more = ClaimsInBulk(session, contract, payers)

    more.insert(range(3), [venture])
    session.commit()
    few = asked(client, director, commissioner)
    more.insert(range(3, 58), [venture])
    session.commit()
    assert asked(client, director, commissioner) == few


def asked(client: Client, director: User, commissioner: User) -> dict[tuple[str, int], int]:
    """How many queries each page asks, by its address and who looks."""
    counts = {}
    for user, paths in ((director, OF_THE_DIRECTOR), (commissioner, OF_THE_PAYER)):
        client.sign_in(user)
        for path in paths:
            with queries_of(client.application) as queries:
                assert client.get(path).status_code == 200, path
            counts[path, user.id] = len(queries)
    return counts
