"""Forms of the portfolio."""

from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # types-WTForms knows 3.2

from chec.models import Stage
from chec.queries.portfolio import VentureFilter
from chec.web.forms.base import FilterForm


class VentureFilterForm(FilterForm):
    """Which ventures to show."""

    text = StringField("Venture or provider")
    stage = SelectField(
        "Stage",
        default="",
        choices=[
            SelectChoice("", "All"),
            *(SelectChoice(stage.value, stage.value.capitalize()) for stage in Stage),
        ],
    )

    def chosen(self) -> VentureFilter:
        """The filter; everything, where the form is not valid."""
        if not self.validate():
            return VentureFilter()
        stage = Stage(self.stage.data) if self.stage.data else None
        return VentureFilter(stage, (self.text.data or "").strip())
