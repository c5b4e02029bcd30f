"""Charts on pages: `{{ figure_of(chart) }}` of `components/charts.html` asks `chart | drawn`."""

from pathlib import Path

from flask import Flask

from chec.charts.drawing import Drawings


def prepare(app: Flask, folder: Path) -> None:
    """Give the templates of `app` the filter `drawn`, whose drawings are kept in `folder`."""
    drawings = Drawings(folder)
    drawings.start()
    app.jinja_env.filters["drawn"] = drawings.draw
