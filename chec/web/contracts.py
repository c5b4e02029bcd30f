"""Contracts: the rate card of each, where it stands, and importing one."""

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chec import clock
from chec.actions.contracts import ImportedContract, import_contract
from chec.errors import NotFound
from chec.models import Centre, Event, Role
from chec.models.references import reference
from chec.permissions import Action
from chec.queries.centres import get_centre
from chec.queries.contract_imports import plan_or_refuse
from chec.queries.contract_use import list_measure_use, list_payer_use
from chec.queries.contracts import (
    ContractOfCentre,
    ListedVersion,
    get_centre_of_contracts,
    get_contract,
    in_version,
    list_contracts,
    list_versions,
)
from chec.rules.contract_position import position_of
from chec.web.access import acting, needs, viewer
from chec.web.contract_words import percentage
from chec.web.forms.contracts import ImportContractForm
from chec.web.rate_card import rate_card
from chec.web.trail import note
from chec.web.transaction import begin_to_write

pages = Blueprint("contracts", __name__)
pages.add_app_template_filter(percentage, "share")

_OF_A_CENTRE = "/centres/<reference('centre'):centre_id>/contracts"
_ONE = "/contracts/<reference('contract'):contract_id>"


@pages.get(_OF_A_CENTRE)
@needs(Action.VIEW_CONTRACT)
def index(centre_id: int) -> str:
    """The contracts of a centre, with what is used of each."""
    centre = get_centre_of_contracts(g.session, viewer(), centre_id)
    contracts = list_contracts(g.session, viewer(), centre_id)
    return render_template("contracts/index.html", centre=centre, contracts=contracts)


@pages.get(_ONE)
@needs(Action.VIEW_CONTRACT)
def show(contract_id: int) -> str:
    """A contract's rate card and where it stands; with `version=1`, what that version said."""
    newest = get_contract(g.session, viewer(), contract_id)
    versions = list_versions(g.session, viewer(), newest)
    found = _in_version_asked_for(newest, versions)
    position = position_of(
        newest.terms,
        newest.payers,
        list_payer_use(g.session, contract_id),
        list_measure_use(g.session, contract_id),
    )
    return render_template(
        "contracts/show.html",
        centre=found.centre,
        found=found,
        card=rate_card(found.terms, clock.today()),
        position=position if found is newest else None,
        versions=versions,
        own_ids=viewer().organisations(Action.VIEW_CONTRACT, Role.COMMISSIONER),
    )


@pages.get(f"{_ONE}/document.json")
@needs(Action.VIEW_CONTRACT)
def download(contract_id: int) -> Response:
    """The document as it was imported; with `version=1`, that version's."""
    newest = get_contract(g.session, viewer(), contract_id)
    version = _in_version_asked_for(newest, list_versions(g.session, viewer(), newest)).version
    note(Event.DOWNLOADED, viewer=viewer())
    name = f"{reference('contract', contract_id)}-version-{version.number}.json"
    return Response(
        version.document.encode(),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@pages.route(f"{_OF_A_CENTRE}/import", methods=["GET", "POST"])
@needs(Action.IMPORT_CONTRACT)
def import_document(centre_id: int) -> ResponseReturnValue:
    """Import a contract document, after a look at what it says and changes."""
    centre = get_centre(g.session, viewer(), Action.IMPORT_CONTRACT, centre_id)
    form = ImportContractForm()
    if not form.validate_on_submit():
        return _to_fill_in(centre, form)
    plan, reasons = plan_or_refuse(g.session, centre, form.document)
    if plan is None:
        form.blame(reasons)
        return _to_fill_in(centre, form)
    if form.is_confirmed(plan):
        actor = acting(Action.IMPORT_CONTRACT, centre_id)
        begin_to_write()
        done = import_contract(g.session, actor, centre, plan.document)
        flash(_said_of(done))
        return redirect(url_for("contracts.show", contract_id=done.contract.id), 303)
    form.ask_to_confirm(plan)
    card = rate_card(plan.terms, clock.today())
    return render_template("contracts/check.html", centre=centre, form=form, plan=plan, card=card)


def _to_fill_in(centre: Centre, form: ImportContractForm) -> ResponseReturnValue:
    page = render_template("contracts/import.html", centre=centre, form=form)
    return page, 422 if form.is_submitted() else 200


def _said_of(done: ImportedContract) -> str:
    name = done.contract.reference
    if not done.is_new:
        return f"{name} was imported already. Nothing has changed."
    if done.version.number == 1:
        return f"{name} was imported."
    return f"{name} was imported as version {done.version.number}."


def _in_version_asked_for(
    newest: ContractOfCentre, versions: list[ListedVersion]
) -> ContractOfCentre:
    """As the version that the address names says, the newest if it names none; else NotFound."""
    asked = request.args.get("version", str(newest.version.number))
    found = [each.version.id for each in versions if str(each.version.number) == asked]
    if not found:
        raise NotFound
    is_newest = found == [newest.version.id]
    return newest if is_newest else in_version(g.session, newest.contract, found[0])
