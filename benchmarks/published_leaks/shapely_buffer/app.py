"""Tells what lies near a place."""

import falcon
from shapely.geometry import Point

PLACES = {"station": Point(1, 1), "harbour": Point(40, 2)}


class Near:
    """Places within a distance."""

    def on_get(self, _request: falcon.Request, response: falcon.Response, x: int) -> None:
        """Answer with their names."""
        area = Point(x, 0).buffer(5)
        response.media = {"near": [name for name, at in PLACES.items() if area.contains(at)]}


app = falcon.App()
app.add_route("/near/{x:int}", Near())
