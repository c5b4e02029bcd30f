"""Chart specifications as data (Vega-Lite), and their drawing.

A chart states its finding in its title, says in words what it shows, and brings its figures along
as a table, so that nothing depends on seeing the drawing.
"""
