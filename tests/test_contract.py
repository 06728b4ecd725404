"""The contract's whole example under the policy's whole example: nothing is wrong with it."""

from pathlib import Path

import pytest

from meshguard.diagnostic import Severity
from meshguard.policy import Identity
from tests.judged import ORDERS, diagnostics

CONTRACT = Path(__file__).parents[1] / "examples" / "contract"
DEV = Identity(service="orders", team="checkout", namespace="checkout-dev", env="dev", cluster="dev")


@pytest.mark.parametrize("identity", [ORDERS, DEV], ids=["prod", "dev"])
def test_the_contract_has_no_error_and_no_warning(identity: Identity) -> None:
    values, policy = ((CONTRACT / name).read_text(encoding="utf-8") for name in ("values.yaml", "policy.yaml"))

    found = diagnostics(values, policy, identity)

    assert [each for each in found if each.severity is not Severity.INFO] == []
    assert {each.severity for each in found} == {Severity.INFO}
