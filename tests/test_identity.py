import pytest

from meshguard.diagnostic import UserError
from meshguard.identity import identify, pattern
from meshguard.policy import Environment, Identity, Policy, ServiceEntry

ENTRY = ServiceEntry(
    values="teams/{team}/services/{service}/values.yaml",
    name="{service}",
    team="{team}",
    chart="charts/webservice",
    at="webservice",
    environments=(
        Environment("prod", ("values-prod.yaml",), "{team}-prod"),
        Environment("dev", ("values-dev.yaml", "values-shared.yaml"), "{team}-{env}", "dev"),
        Environment("test", ("values-shared.yaml",)),
    ),
)
POLICY = Policy(services=(ServiceEntry("legacy/values.yaml", name="legacy"), ENTRY))
VALUES = "teams/checkout/services/orders/values.yaml"
FOLDER = "teams/checkout/services/orders"


def test_an_entry_tells_whose_values_they_are() -> None:
    known = identify(POLICY, (VALUES,), None)

    assert known.identity == Identity(service="orders", team="checkout")
    assert known.chart == "charts/webservice"
    assert known.at == "webservice"


def test_the_second_layer_tells_the_environment() -> None:
    assert identify(POLICY, (VALUES, f"{FOLDER}/values-dev.yaml"), None).identity == Identity(
        "orders", "checkout", "checkout-dev", "dev", "dev"
    )


def test_a_layer_alone_tells_it_too() -> None:
    assert identify(POLICY, (f"{FOLDER}/values-prod.yaml",), None).identity == Identity(
        "orders", "checkout", "checkout-prod", "prod"
    )


def test_a_shared_layer_needs_a_word() -> None:
    files = (VALUES, f"{FOLDER}/values-shared.yaml")
    known = identify(POLICY, files, None)

    assert known.identity.env is None
    assert known.notes == (
        "these files are read in several environments ('dev', 'test'): judged without one, say --env",
    )
    assert identify(POLICY, files, "dev").identity.namespace == "checkout-dev"


def test_a_file_of_all_environments_needs_a_word() -> None:
    assert identify(POLICY, (VALUES,), None).notes == (
        "these files are read in several environments ('prod', 'dev', 'test'): judged without one, say --env",
    )
    only = Policy(services=(ENTRY._replace(environments=ENTRY.environments[:1]),))
    assert identify(only, (VALUES,), None).notes == (
        "these files are read in environment 'prod': judged without it, say --env",
    )
    assert identify(POLICY, (VALUES,), "prod").notes == ()
    assert identify(POLICY, ("legacy/values.yaml",), None).notes == ()


def test_an_environment_that_the_entry_lacks_is_a_slip() -> None:
    with pytest.raises(UserError) as refused:
        identify(POLICY, (VALUES,), "moon")
    assert str(refused.value) == "these files have no environment 'moon'; the policy has 'prod', 'dev', 'test'"


def test_a_literal_team_is_a_word_too() -> None:
    entry = ServiceEntry(
        "a/{s}.yaml", "{s}", "shop", environments=(Environment("prod", (), "{team}-{service}-{env}"),)
    )

    known = identify(Policy(services=(entry,)), ("a/cart.yaml",), "prod")
    assert known.identity == Identity("cart", "shop", "shop-cart-prod", "prod")


def test_other_files_are_nobodys() -> None:
    assert identify(POLICY, ("elsewhere/values.yaml", "values-prod.yaml"), None).identity == Identity()


def test_an_entry_without_words_is_taken_as_it_is() -> None:
    assert identify(POLICY, ("legacy/values.yaml",), "prod").identity == Identity("legacy", env="prod")


@pytest.mark.parametrize(
    ("values", "path", "words"),
    [
        ("{team}/{service}.yaml", "a/b.yaml", {"team": "a", "service": "b"}),
        ("{team}/{service}.yaml", "a/b/c.yaml", None),
        ("{team}/{team}.yaml", "a/a.yaml", {"team": "a"}),
        ("{team}/{team}.yaml", "a/b.yaml", None),
        ("a.b/{x}", "a-b/c", None),
        ("a/{}/b", "a/{}/b", {}),
    ],
)
def test_a_word_is_one_path_segment(values: str, path: str, words: dict[str, str] | None) -> None:
    found = pattern(values).fullmatch(path)

    assert (found.groupdict() if found else None) == words
