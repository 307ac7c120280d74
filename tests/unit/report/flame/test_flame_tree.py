from fabricated_stacks import after, before, changes, profile, wide

from tsprof.report.flame.tree import HEATS, CallTree, Node, call_tree
from tsprof.stacks import Frame, Stack, StackProfile


def found(tree: CallTree, path: str) -> Node:
    place = 0
    for name in path.split(";") if path else []:
        place = next(
            index
            for index, node in enumerate(tree.nodes)
            if node.parent == place and tree.frames[node.frame].function == name
        )
    return tree.nodes[place]


def test_a_node_has_the_weight_of_all_that_it_called() -> None:
    tree = call_tree(profile({"a;b;c": 3.0, "a;b": 2.0, "a;d": 1.0, "e": 4.0}))
    weights = {path: found(tree, path).weight for path in ["", "a", "a;b", "a;b;c", "a;d", "e"]}
    assert weights == {"": 10.0, "a": 6.0, "a;b": 5.0, "a;b;c": 3.0, "a;d": 1.0, "e": 4.0}
    assert found(tree, "a;b").own == 2.0
    assert found(tree, "a").own == 0.0


def test_callers_come_first_and_siblings_by_name() -> None:
    tree = call_tree(profile({"z;b": 1.0, "z;a": 1.0, "m": 1.0}))
    names = [tree.frames[node.frame].function for node in tree.nodes[1:]]
    assert names == ["m", "z", "a", "b"]
    assert all(node.parent < place for place, node in enumerate(tree.nodes))


def test_stacks_deeper_than_python_recurses_are_drawn() -> None:
    tree = call_tree(profile({";".join(["again"] * 5000): 1.0}))
    assert len(tree.nodes) == 5001


def test_colours_are_those_of_the_table_of_changes() -> None:
    tree = call_tree(after(), before(), changes())
    assert found(tree, "serve;verify;score").heat == HEATS
    assert found(tree, "serve;verify;dumps").heat == -HEATS
    assert found(tree, "serve;send").heat == found(tree, "serve").heat == 0
    assert 0 < found(tree, "serve;verify").heat < HEATS
    assert tree.gone == (("audit", 40.0),)


def test_a_difference_of_samples_that_the_table_does_not_list_has_no_colour() -> None:
    tree = call_tree(after(), before())
    assert {node.heat for node in tree.nodes} == {0}


def test_a_function_of_the_same_name_in_another_file_has_no_colour() -> None:
    sides = [profile({"score": 9.0, "serve;helper": 1.0}, requests=n) for n in (1, 2)]
    (score, *_) = changes()
    other = score.model_copy(update={"file": "other/score.py"})
    assert {node.heat for node in call_tree(*sides, [other]).nodes} == {0}
    assert found(call_tree(*sides, [score]), "score").heat == HEATS


def test_shares_are_compared_where_requests_are_not_known() -> None:
    old, new = {"a": 900.0, "b": 100.0}, {"a": 500.0, "b": 500.0}
    tree = call_tree(profile(new, unit="instructions"), profile(old, unit="instructions"))
    assert found(tree, "a").heat < 0 < found(tree, "b").heat


def test_a_difference_of_counts_is_no_chance() -> None:
    old, new = ({"a": 1000.0}, {"a": 1080.0})
    tree = call_tree(
        profile(new, unit="instructions", requests=9), profile(old, unit="instructions", requests=9)
    )
    assert found(tree, "a").heat == 1


def test_functions_are_the_same_in_two_releases_in_different_places() -> None:
    def release(folder: str, version: str, line: int) -> StackProfile:
        frame = Frame("run", f"{folder}/server/loop.py", line, "dependency", f"server {version}")
        return StackProfile(unit="samples", frames=(frame,), stacks=(Stack((0,), 100.0),))

    tree = call_tree(release("/new/site-packages", "2.0", 9), release("/old", "1.0", 7))
    assert [node.before for node in tree.nodes] == [100.0, 100.0]
    assert tree.frames[0].line == 9


def test_the_lightest_nodes_are_folded_into_their_callers() -> None:
    tree = call_tree(profile({"a;b;c": 1.0, "a;d": 7.0, "e": 2.0}), most=3)
    assert [tree.frames[node.frame].function for node in tree.nodes[1:]] == ["a", "d", "e"]
    assert (tree.folded, tree.widest_folded, tree.total) == (2, 1.0, 10.0)
    assert found(tree, "a").weight == 8.0


def test_the_limit_holds_where_all_are_of_one_weight() -> None:
    tree = call_tree(wide(2000), most=100)
    assert len(tree.nodes) == 101
    assert tree.folded + 100 == len(call_tree(wide(2000)).nodes) - 1


def test_lines_are_told_where_a_function_has_several() -> None:
    frames = (Frame("f", "a.py", 3), Frame("f", "a.py", 8), Frame("g", "a.py", 9))
    stacks = tuple(Stack((place,), 1.0) for place in range(3))
    tree = call_tree(StackProfile(unit="bytes", frames=frames, stacks=stacks))
    assert sorted(tree.labels()) == ["f:3", "f:8", "g"]


def test_an_empty_profile_is_a_root_alone() -> None:
    tree = call_tree(StackProfile(unit="samples", frames=(), stacks=()))
    assert (len(tree.nodes), tree.total) == (1, 0.0)
