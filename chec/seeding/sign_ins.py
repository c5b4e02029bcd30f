"""Who can sign in to the demo."""

from dataclasses import dataclass

from chec.models import Role
from chec.seeding.files import SeedFiles


@dataclass(frozen=True)
class SignIn:
    """How one person of `centre`, who holds `role` for `acting_for`, signs in to the demo."""

    centre: str
    role: Role
    name: str
    acting_for: str
    email: str
    password: str


def list_sign_ins() -> list[SignIn]:
    """Everyone who can sign in to the demo, centre by centre, in the order of the files."""
    return [
        SignIn(
            centre=files.table("centre")["centre"]["name"],
            role=Role(person["role"]),
            name=person["name"],
            acting_for=next(iter(person["for"].values())),
            email=person["email"],
            password=person["password"],
        )
        for files in SeedFiles.of_every_centre()
        for person in files.table("people")["people"]
    ]
