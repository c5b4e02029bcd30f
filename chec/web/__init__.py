"""Pages: one blueprint per noun. How to write one:

1. `web/claims.py` makes `pages = Blueprint("claims", __name__, url_prefix="/claims")`; name it in
   `BLUEPRINTS` of `app.py`. A view is a verb: `claims.index`, `claims.show`, `claims.approve`.
2. Under the route every view says who may come in: `@needs(Action.APPROVE_CLAIM)`, or `@signed_in`.
   Without it the page is closed.
3. A reference in the path: `"/<reference('transfer'):transfer_id>"`; the view gets the key.
4. Read with `g.session` and `viewer()`: `claim = get_claim(g.session, viewer(), claim_id)`. Errors
   (`NotFound`, `NotAllowed`, `RuleBroken`) are not caught: each has its page.
5. Act: `form = ApproveClaimForm()`, a `forms.base.Form` in `web/forms/claims.py`; `if
   form.validate_on_submit():` one action with `acting(Action.APPROVE_CLAIM, centre.id)`; then
   `flash("The claim was approved.")` and `redirect(url_for(…), 303)`. Else the page again:
   `return render_template(…), 422 if form.is_submitted() else 200`. Nothing is committed by hand.
   A form that moves money has `idempotency_key = IdempotencyField()`; its key is `form:` + data.
6. A list: `page = page_of(count)`, `sort = sort_of(COLUMNS, "-on")` from `lists.py`; filters are a
   `FilterForm`; the same rows as a file: `csv_download(…)`, linked by `same_query(endpoint, …)`.
7. The template extends `layouts/page.html` and fills the blocks `title`, `breadcrumb` and `page`;
   pass it `centre`, for the header and the menu. Macros are in `templates/components/`. Link to a
   page that may not be there yet with `link_to(endpoint, …)`, offer an act with `may("NAME", id)`.
8. Say in tests who is let in and what is seen; NHS numbers, forged forms and the like are seen to.
"""
