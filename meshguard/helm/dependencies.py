"""Which subcharts take part and under which name: a chart as it was read and the user's values in, the chart out.

The same as Helm's `processDependencyEnabled` and `processDependencyImportValues`, which run before the values of
user and chart are coalesced.
"""

from typing import NamedTuple

from meshguard.helm.layers import (
    Chart,
    Requirement,
    coalesce,
    coalesce_keeping_nulls,
    fill_tables,
    merge_tables,
)
from meshguard.helm.loss import SourceError
from meshguard.helm.semver import satisfies
from meshguard.helm.version import Version
from meshguard.node import Node

DEPTH = 400  # levels; more than files and imports together can have
_VALUES = 100_000


class _Run(NamedTuple):
    """One run, and by identity which requirements were met on the way.

    Helm 3 shares them among all aliases of a chart and notes its work in them: only the first alias gets it right.
    """

    helm: Version
    declared: set[int]
    left: list[int]  # values that may still be looked at


def process(chart: Chart, user: Node, helm: Version) -> Chart:
    """Give the chart with its enabled dependencies, aliased, and with the values that it imports from them.

    Raises SourceError where a subchart's key holds something else than a map, and for imports without an end.
    """
    run = _Run(helm, set(), [_VALUES])
    return _import(run, _enable(run, chart, user, ""))


def _enable(run: _Run, chart: Chart, values: Node, path: str) -> Chart:
    if not chart.requirements:
        return chart
    declared = [_declared(run, one) for one in chart.requirements]
    charts = [sub for sub in chart.charts if not any(_meets(sub, one) for one in declared)]
    for requirement in declared:
        found = next((sub for sub in chart.charts if _meets(sub, requirement)), None)
        if found:
            charts.append(found._replace(name=requirement.alias or found.name))
    named = tuple(one._replace(name=one.alias or one.name) for one in declared)
    merged, _ = coalesce(chart._replace(charts=tuple(charts), requirements=named), values, run.helm)
    off = {one.name for one in named if not _enabled(one, merged, path)}
    return chart._replace(
        charts=tuple(_enable(run, sub, merged, f"{path}{sub.name}.") for sub in charts if sub.name not in off),
        requirements=tuple(one for one in named if one.name not in off),
    )


def _declared(run: _Run, requirement: Requirement) -> Requirement:
    if run.helm >= (4,):
        return requirement
    if id(requirement) in run.declared:
        return requirement._replace(name=requirement.alias or requirement.name, imports=())
    run.declared.add(id(requirement))
    return requirement


def _meets(chart: Chart, requirement: Requirement) -> bool:
    return chart.name == requirement.name and satisfies(chart.version, requirement.version)


def _enabled(requirement: Requirement, values: Node, path: str) -> bool:
    """Judge by the first condition that names a boolean, else by the tags."""
    for condition in requirement.condition.strip().split(","):
        node = _at(values, path + condition) if condition else None
        if node and isinstance(node.value, bool):
            return node.value
    tags = _at(values, "tags")
    known = tags.value if tags and isinstance(tags.value, dict) else {}
    said = [known[tag].value for tag in requirement.tags if tag in known]
    return True in said or False not in said


def _at(values: Node, path: str) -> Node | None:
    node = values
    for step in path.split("."):
        below = node.value.get(step) if isinstance(node.value, dict) else None
        if below is None:
            return None
        node = below
    return node


def _import(run: _Run, chart: Chart) -> Chart:
    chart = chart._replace(charts=tuple(_import(run, sub) for sub in chart.charts))
    if not chart.requirements:
        return chart
    values = coalesce_keeping_nulls(chart, Node({}, chart.values.span), run.helm)
    imported = Node({}, chart.values.span)
    for requirement in chart.requirements:
        for child, parent in requirement.imports:
            table = _at(values, f"{requirement.name}.{child}")
            if table and isinstance(table.value, dict):
                shared = table if table.value else table._replace(value={})  # an empty table is not shared
                fill_tables(imported, _below(parent, shared), run.helm)
                _check_end(run, chart, imported, 0)
    return chart._replace(values=merge_tables(values, imported, run.helm))


def _check_end(run: _Run, chart: Chart, node: Node, depth: int) -> None:
    """Refuse imports that put a table into itself, because Helm shares what it imports, and far too many."""
    run.left[0] -= 1
    if depth > DEPTH or run.left[0] < 0:
        message = f"the values that the chart '{chart.name}' imports from its subcharts have no end"
        raise SourceError(message, chart.values.span)
    for child in node.value.values() if isinstance(node.value, dict) else ():
        _check_end(run, chart, child, depth + 1)


def _below(path: str, table: Node) -> Node:
    for step in reversed(path.split(".") if path != "." else []):
        table = Node({step: table}, table.span, table.key)
    return table
