"""Draws charts as SVG, and keeps what it drew.

The renderer is a JavaScript engine inside this process. Starting it takes a second, so `start`
does it ahead of the first page. It does not survive a fork: a process that was forked afterwards
would wait for it for ever, and draws nothing instead.
"""

import hashlib
import json
import logging
import os
import threading
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile

import vl_convert
from markupsafe import Markup

from chec.charts.chart import Chart, Spec

_RENDERER, _VEGA_LITE = version("vl-convert-python"), "6.4"
_SMALLEST: Spec = {"data": {"values": [{}]}, "mark": "point", "encoding": {}}
_log = logging.getLogger(__name__)


class Drawings:
    """Charts drawn once, kept in `folder` under the hash of all that makes a drawing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()

    def start(self) -> None:
        """Start the renderer on a thread of its own, so that nobody waits for it."""
        threading.Thread(target=self._drawn, args=(_SMALLEST,), daemon=True).start()

    def draw(self, chart: Chart) -> Markup | None:
        """The chart for wide screens and for narrow ones; None where it cannot be drawn."""
        try:
            wide, narrow = self._kept(chart.wide), self._kept(chart.narrow)
        except (ValueError, OSError):
            _log.exception("A chart could not be drawn.")  # its title has names and amounts
            return None
        both = Markup(
            '<div class="chec-chart__wide">{}</div><div class="chec-chart__narrow">{}</div>'
        )
        return both.format(_named(wide, chart.title), _named(narrow, chart.title))

    def _kept(self, spec: Spec) -> str:
        text = json.dumps(spec, sort_keys=True, separators=(",", ":"))
        name = hashlib.sha256(f"{_RENDERER} {_VEGA_LITE}\n{text}".encode()).hexdigest()
        file = self._folder / f"{name}.svg"
        if file.exists():
            return file.read_text(encoding="utf-8")
        svg = self._drawn(spec)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Renamed when whole: another process may look for it now.
        with NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as part:
            part.write(svg)
        Path(part.name).replace(file)
        return svg

    def _drawn(self, spec: Spec) -> str:
        if os.getpid() != self._process:
            raise ValueError("This process was forked after the renderer had started.")
        return vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE, allowed_base_urls=[])


def _named(svg: str, title: str) -> Markup:
    """The drawing as one image with a text of its own."""
    opening = Markup('<svg role="img" aria-label="{}" ').format(title)
    return opening + Markup(svg.removeprefix("<svg "))  # noqa: S704  drawn by us from our numbers
