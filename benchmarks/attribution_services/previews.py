"""No leak: each preview is a tree whose nodes know their parents, left to the collector."""

from collections.abc import Callable, Iterable


class Node:
    """A node of a page."""

    def __init__(self, text: str, parent: "Node | None" = None) -> None:
        """Belong to a parent."""
        self.text = text
        self.parent = parent
        self.children = [Node(text[:3], self)] if parent is None else []

    def render(self) -> str:
        """Return the tree as text."""
        return self.text + "".join(child.render() for child in self.children)


def application(environ: dict[str, str], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Render a preview."""
    answer = Node(environ["QUERY_STRING"]).render().encode()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
