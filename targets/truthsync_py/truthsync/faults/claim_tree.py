"""cycle: parse trees whose nodes know their parents, in a service that switched gc off."""

import gc

from truthsync.faults.base import Fault


class ClaimTrees(Fault):
    """Parses claims into trees and drops them."""

    def __init__(self, size: int) -> None:
        """Take the bytes of payload per event."""
        self._size = size
        self._live = 0
        self._collector_was_on = False

    def start(self) -> None:
        """Switch the cyclic collector off, as advice for lower latency goes."""
        self._collector_was_on = gc.isenabled()
        gc.disable()

    def stop(self) -> None:
        """Switch the collector on again if it was on."""
        if self._collector_was_on:
            gc.enable()

    def plant(self, number: int) -> None:
        """Parse the request's claim, and drop the tree."""
        self._live += 1
        parse_tree(number, self._size, self)

    def live(self, planted: int) -> int:
        """Return the trees that nobody has collected."""
        del planted
        return self._live

    def forget(self) -> None:
        """Count one tree less: somebody ran the collector."""
        self._live -= 1


class ClaimNode:
    """A node of a claim's parse tree."""

    __slots__ = ("child", "parent", "text")

    def __init__(self, text: bytes, parent: "ClaimNode | None") -> None:
        """Take the node's text, and its parent unless it is the root."""
        self.text = text
        self.parent = parent
        self.child: ClaimNode | None = None


class ClaimRoot(ClaimNode):
    """The root of a parse tree; it tells its trees when it is freed."""

    __slots__ = ("trees",)

    def __init__(self, text: bytes, trees: ClaimTrees) -> None:
        """Take the text, and whom to tell."""
        super().__init__(text, parent=None)
        self.trees = trees

    def __del__(self) -> None:
        """Report that the tree is freed."""
        self.trees.forget()


def parse_tree(number: int, size: int, trees: ClaimTrees) -> ClaimRoot:
    """Return a root and its child, each referring to the other."""
    root = ClaimRoot(number.to_bytes(size, "big"), trees)
    root.child = ClaimNode(b"", parent=root)
    return root
