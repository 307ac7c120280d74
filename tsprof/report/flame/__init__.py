"""Call stacks as pictures: an interactive page, an SVG, and the forms that other viewers read."""

from tsprof.report.flame.exchange import folded, speedscope_json
from tsprof.report.flame.page import flame_html
from tsprof.report.flame.svg import flame_svg

__all__ = ["flame_html", "flame_svg", "folded", "speedscope_json"]
