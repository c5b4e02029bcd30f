"""Pages of claims and contracts, and the inbox, each against its template on data in memory."""

from datetime import timedelta

from chec.models import ClaimState, User
from chec.models.references import reference
from tests import builders
from tests.benchmarks.claims_in_bulk import FIRST_DAY, Loaded, centre_with
from tests.benchmarks.pages import measure_page
from tests.claim_parts import decide

SIZES = (100, 10_000)
REPEATS = 40
RECORDS = 200


def report() -> None:
    """Print the table, on SQLite."""
    print("\nPages of claims, SQLite, medians of", REPEATS)
    print("| page | claims | queries | page, ms | template in memory, ms | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for claims in SIZES:
        with centre_with(claims) as loaded:
            for name, path, user in _pages(loaded):
                cells = measure_page(loaded.app, user, path, REPEATS).cells
                print(f"| {name} | {claims:,} | {cells} |", flush=True)


def _pages(loaded: Loaded) -> list[tuple[str, str, User]]:
    """Each page with its name, its path and who asks for it."""
    claims, of_records = "/centres/C-0001/claims", f"/claims/{_claim_of_records(loaded)}"
    director, commissioner = loaded.director, loaded.commissioner
    return [
        ("claims", claims, director),
        ("claims waiting, by age", f"{claims}?state=submitted&sort=age", director),
        ("claim, paid", "/claims/CL-0003", director),
        ("claim of records", of_records, director),
        ("its records", f"{of_records}/records", director),
        ("contract", "/contracts/CN-0001", director),
        ("contracts", "/centres/C-0001/contracts", director),
        ("claims, for a payer", claims, commissioner),
        ("claim waiting, for a payer", "/claims/CL-0010", commissioner),
        ("inbox", "/inbox", commissioner),
        ("inbox, decided", "/inbox?tray=decided", commissioner),
    ]


def _claim_of_records(loaded: Loaded) -> str:
    """The reference of one more claim, of records, that both payers have approved."""
    records = [
        (f"M{n % 3:02}", f"p{n // 3}", FIRST_DAY + timedelta(n % 90)) for n in range(RECORDS)
    ]
    with loaded.writing() as session:
        claim = builders.a_claim(
            session,
            loaded.contract,
            loaded.venture,
            state=ClaimState.SUBMITTED,
            records=records,
            starts_on=FIRST_DAY,
            ends_before=FIRST_DAY + timedelta(days=90),
        )
        for payer in loaded.payers:
            decide(session, claim, payer)
    return reference("claim", claim.id)
