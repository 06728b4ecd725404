"""Layers of values: trees in, one tree out in which every value keeps its place, and what was lost on the way.

Two kinds of layering exist in Helm: `merge` (file over file) keeps a null as a value, `coalesce` (values over a
chart's defaults) lets it delete the default, with rules that changed from release to release.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, cast

from meshguard.diagnostic import ROOT, ValuePath
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.version import Version
from meshguard.node import Node, find

Items: TypeAlias = dict[str, Node]
GLOBAL = "global"
_COMPARED = 10_000  # pairs of values, to find out whether a list keeps what another one held
_RELEASES = (
    Version(3, 17),
    Version(3, 18),
    Version(3, 20, 0),
    Version(3, 20, 1),
    Version(4, 3),
)  # one of each kind

_Deletes: TypeAlias = Literal["present", "always", "value"]


class Requirement(NamedTuple):
    """A dependency as Chart.yaml declares it; `imports` are pairs of a table of the child and one of the parent."""

    name: str
    version: str = ""
    alias: str = ""
    condition: str = ""
    tags: tuple[str, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()


class Chart(NamedTuple):
    """A chart as far as its values go: its defaults, the charts in it in Helm's order, and what it declares.

    `schema` is the text of its values.schema.json.
    """

    name: str
    values: Node
    charts: tuple["Chart", ...] = ()
    requirements: tuple[Requirement, ...] = ()
    version: str = ""
    schema: bytes | None = None


class _Nulls(NamedTuple):
    """What a release of Helm does with nulls while it coalesces."""

    subchart_keeps: bool  # a null under a subchart's key outlives the parent's defaults
    deletes: _Deletes  # which default a nested null must meet to delete its key
    defaults_dropped: bool  # a null of the defaults is dropped


class _Run(NamedTuple):
    """One run over the layers: how nulls are read, and where losses go."""

    nulls: _Nulls
    losses: list[Loss] | None


def merge(base: Node, over: Node) -> tuple[Node, tuple[Loss, ...]]:
    """Lay one map over another as Helm lays a values file over an earlier one.

    Maps merge; lists, scalars and null replace.
    """
    losses: list[Loss] = []
    return _merge(base, over, ROOT, losses), tuple(losses)


def _merge(base: Node, over: Node, path: ValuePath, losses: list[Loss]) -> Node:
    items = dict(_items(base))
    for name, node in _items(over).items():
        before = items.get(name)
        if before is None:
            items[name] = node
        elif isinstance(before.value, dict) and isinstance(node.value, dict):
            items[name] = _merge(before, node, path / name, losses)
        else:
            losses += replaced(before, node, path / name)
            items[name] = node
    return Node(items, over.span if items.keys() == over.value else base.span, over.key)


def replaced(before: Node, after: Node, path: ValuePath, suffix: str = "") -> tuple[Loss, ...]:
    """Say what is lost where one value takes the place of another, if it is a map, a list or nulled.

    A list that holds all that the other one held loses nothing.
    """
    was, now = _sort(before), _sort(after)
    if now == "null" and was != "null":
        kind, detail = "null-replaces", f"null takes the place of a {was}"
    elif was == "map" and now != "map":
        kind, detail = f"{now}-replaces-map", f"a {now} takes the place of a map"
    elif was == now == "list" and not _keeps(after, before, [_COMPARED]):
        kind, detail = "list-replaces-list", "a list takes the place of a whole list: lists are not merged"
    else:
        return ()
    lists = (before, after) if was == now else None
    return (Loss(kind + suffix, path, after.key or after.span, detail, before.key or before.span, lists),)


def _keeps(new: Node, old: Node, left: list[int]) -> bool:
    """Tell whether one value holds all that another one held; where no comparisons are left nobody knows."""
    left[0] -= 1
    if left[0] < 0:
        return False
    if isinstance(new.value, dict) and isinstance(old.value, dict):
        found = ((new.value.get(name), child) for name, child in old.value.items())
        return all(now is not None and _keeps(now, child, left) for now, child in found)
    if isinstance(new.value, list) and isinstance(old.value, list):
        return all(any(_keeps(now, item, left) for now in new.value) for item in old.value)
    return new.value.__class__ is old.value.__class__ and new.value == old.value


def _sort(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "list"
    return "null" if value is None else "scalar"


def coalesce(chart: Chart, user: Node, helm: Version) -> tuple[Node, tuple[Loss, ...]]:
    """Lay the user's values over the chart's defaults as that version of Helm does before it renders.

    Raises SourceError where a subchart's key holds something else than a map.
    """
    losses: list[Loss] = []
    node = _copy(user)
    _coalesce(_Run(_nulls(helm), losses), chart, node, ROOT, keep=False)
    return node, tuple(losses)


def nulls_by_version(chart: Chart, user: Node) -> tuple[Loss, ...]:
    """Give the nulls of the user's that leave a value behind with some releases of Helm, and none with others."""
    nulls = tuple(_nulls_in(user, ROOT))
    read = ((release, _coalesced(chart, user, release)) for release in _RELEASES if nulls)
    trees = [(release, tree) for release, tree in read if tree is not None]
    losses = []
    for path, node in nulls:
        kept = [release for release, tree in trees if _stands(tree, path)]
        if 0 < len(kept) < len(trees):
            names = ", ".join(f"{release.major}.{release.minor}" for release in dict.fromkeys(kept))
            detail = f"whether this null deletes the default depends on Helm: {names} keeps the default"
            losses.append(Loss("null-by-version", path, node.key or node.span, detail))
    return tuple(losses)


def _coalesced(chart: Chart, user: Node, helm: Version) -> Node | None:
    try:
        return coalesce(chart, user, helm)[0]
    except SourceError:
        return None


def _nulls_in(node: Node, path: ValuePath) -> Iterator[tuple[ValuePath, Node]]:
    for name, child in _items(node).items():
        if child.value is None:
            yield path / name, child
        elif isinstance(child.value, dict):
            yield from _nulls_in(child, path / name)


def _stands(tree: Node, path: ValuePath) -> bool:
    found = find(tree, path)
    return found is not None and found.value is not None


def coalesce_keeping_nulls(chart: Chart, user: Node, helm: Version) -> Node:
    """Do the same as Helm's MergeValues: nulls stay, for a coalescing that follows."""
    node = _copy(user)
    _coalesce(_Run(_nulls(helm), None), chart, node, ROOT, keep=True)
    return node


def merge_tables(first: Node, second: Node, helm: Version) -> Node:
    """Fill the first map up with the second as Helm's MergeTables does: the first wins, nulls stay."""
    node = _copy(first)
    fill_tables(node, _copy(second), helm)
    return node


def fill_tables(first: Node, second: Node, helm: Version) -> None:
    """Do the same in place, on maps that nobody else holds; what is nested is then shared by both, as in Helm."""
    _tables(_Run(_nulls(helm), None), _items(first), _items(second), ROOT, keep=True)


def _nulls(helm: Version) -> _Nulls:
    """Tell the rules of a release, as its sources and recorded runs show them."""
    fixed = helm >= (4, 1, 3) or (3, 20, 1) <= helm < (4,)
    deletes: _Deletes = "value" if fixed else "always" if helm >= (3, 19, 5) else "present"
    return _Nulls(helm >= (3, 18, 0), deletes, helm >= (4, 2, 0))


def _items(node: Node) -> Items:
    return cast("Items", node.value)


def _copy(node: Node) -> Node:
    """Copy all maps, so that what follows may change them; lists are never changed."""
    if not isinstance(node.value, dict):
        return node
    return Node({name: _copy(child) for name, child in node.value.items()}, node.span, node.key)


def _coalesce(run: _Run, chart: Chart, node: Node, path: ValuePath, *, keep: bool) -> None:
    items = _items(node)
    _defaults(run, chart, items, path, keep=keep)
    for sub in chart.charts:
        own = items.setdefault(sub.name, Node({}, node.span))
        if not isinstance(own.value, dict):
            raise SourceError(f"'{sub.name}' must be a map: it is the key of a subchart", own.span)
        _globals(run, own, node)
        _coalesce(run, sub, own, path / sub.name, keep=keep)


def _defaults(run: _Run, chart: Chart, items: Items, path: ValuePath, *, keep: bool) -> None:
    """Fill one chart's values up with its defaults (Helm's coalesceValues)."""
    subcharts = {sub.name for sub in chart.charts}
    for name, default in _items(_copy(chart.values)).items():
        node = items.get(name)
        if node is None:
            _take_default(run, items, name, default, keep=keep)
        elif node.value is None:
            if not keep:
                _lose(run, default, node, path / name, "null-deletes-default")
                del items[name]
        elif isinstance(node.value, dict) and isinstance(default.value, dict):
            inner = keep or (name in subcharts and run.nulls.subchart_keeps)
            if run.nulls.defaults_dropped and not inner:
                _drop_nulls(default.value)
            _tables(run, node.value, default.value, path / name, keep=inner)
        else:
            _lose(run, default, node, path / name)


def _take_default(run: _Run, items: Items, name: str, default: Node, *, keep: bool) -> None:
    if run.nulls.defaults_dropped and not keep:
        if default.value is None:
            return
        if isinstance(default.value, dict):
            _drop_nulls(default.value)
    items[name] = default


def _tables(run: _Run, items: Items, defaults: Items, path: ValuePath, *, keep: bool) -> None:
    """Fill a nested map up with its defaults (Helm's coalesceTablesFullKey)."""
    deleted = _delete_nulls(run, items, defaults, path, keep=keep)
    for name, default in defaults.items():
        node = items.get(name)
        if node is None:
            if name not in deleted:
                items[name] = default
        elif isinstance(node.value, dict) and isinstance(default.value, dict):
            _tables(run, node.value, default.value, path / name, keep=keep)
        elif node.value is not None:
            _lose(run, default, node, path / name)


def _delete_nulls(run: _Run, items: Items, defaults: Items, path: ValuePath, *, keep: bool) -> set[str]:
    """Delete the keys whose null meets a default, and tell which; newer releases put it into the defaults, too."""
    deleted = set()
    for name, node in [entry for entry in items.items() if entry[1].value is None]:
        default = defaults.get(name)
        if run.nulls.deletes != "present":
            defaults[name] = node
        present = default is not None and (run.nulls.deletes != "value" or default.value is not None)
        if not keep and (present or run.nulls.deletes == "always"):
            if default is not None:
                _lose(run, default, node, path / name, "null-deletes-default")
            del items[name]
            deleted.add(name)
    return deleted


def _drop_nulls(items: Items) -> None:
    for name, node in list(items.items()):
        if node.value is None:
            del items[name]
        elif isinstance(node.value, dict):
            _drop_nulls(node.value)


def _lose(run: _Run, default: Node, node: Node, path: ValuePath, kind: str = "") -> None:
    if run.losses is None:
        return
    for loss in replaced(default, node, path, "-default"):
        run.losses.append(loss._replace(kind=kind) if kind else loss)


def _globals(run: _Run, own: Node, parent: Node) -> None:
    """Hand the parent's globals down to a subchart (Helm's coalesceGlobals): the parent's win."""
    mine, theirs = _items(own).get(GLOBAL), _items(parent).get(GLOBAL)
    source = theirs or Node({}, parent.span)
    target = mine or Node({}, source.span)
    if not isinstance(target.value, dict) or not isinstance(source.value, dict):
        return
    for name, node in source.value.items():
        _global(run, target.value, name, node)
    _items(own)[GLOBAL] = target


def _global(run: _Run, items: Items, name: str, node: Node) -> None:
    before = items.get(name)
    if not isinstance(node.value, dict):
        if before is None or not isinstance(before.value, dict):
            items[name] = node
        return
    if before is not None and not isinstance(before.value, dict):
        return
    shallow = Node(dict(node.value), node.span, node.key)
    if before is not None:  # what is nested deeper is shared with the parent, as in Helm: it leaks upwards
        _tables(run._replace(losses=None), _items(shallow), _items(before), ROOT, keep=True)
    items[name] = shallow
