import pytest

from meshguard.tls.destination_rule import obeyed, prepare
from tests.tls.given import NEWEST, world
from tests.tls.lookups import HOST, LOOKUPS, Lookup, objects


@pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
def test_the_rule_that_counts(lookup: Lookup) -> None:
    assert counting(lookup) == lookup.counts


def counting(lookup: Lookup) -> str:
    found = world(objects(lookup))
    namespace, _, app = lookup.caller.partition(":")
    labels = {"app": app} if app else {}
    rule = obeyed(prepare(found.rules, NEWEST), NEWEST, (namespace, labels), HOST, "shop")
    return "-" if rule is None else rule.merged.rule.ref.name
