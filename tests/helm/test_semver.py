import pytest

from meshguard.helm.semver import is_version, satisfies

MET = {
    "1.2.3": [
        "1.2.3",
        "=1.2.3",
        "v1.2.3",
        "*",
        "x",
        "1",
        "1.x",
        "1.2",
        "1.2.x",
        "~1.2.3",
        "~1",
        "~1.2",
        "~>1.2.0",
        "^1.0.0",
    ],
    "1.2.4": [
        ">1.2.3",
        ">=1.2.4",
        "=>1.2",
        "<1.2.5",
        "<=1.2.4",
        "=<1",
        "<=1.2",
        "!=1.2.3",
        "!=2",
        "!=1.3",
        ">0",
        ">1.1",
    ],
    "2.0.0": [
        "1.x || 2.x",
        ">=1.0.0 <3.0.0",
        ">=1.0.0, <3.0.0",
        "1.0.0 - 2.0.0",
        "^2",
        "~0.0.0",
        "~*",
        ">*",
        "!=*",
        "!=2.0-1",
    ],
    "0.2.5": ["^0.2.3", "^0.2", "^0", "^0.2.x", "<=0"],
    "0.0.3": ["^0.0.3", "^0.0", "<=*"],
    "1.2.3-rc.2": ["1.2.3-rc.2", ">=1.2.3-rc.1", ">1.2.3-alpha", ">=1.0.0-0", "<1.2.3-rc.10", "<1.2.3-x.1"],
    "1.2.3+build": ["1.2.3", "1.2.3+other"],
    "v1.2": ["1.2.0"],
}
NOT_MET = {
    "1.2.3": [
        "",
        "1.2.4",
        "2",
        "1.3",
        "~1.3",
        "~2",
        "^2.0.0",
        "^1.3",
        ">1.2.3",
        ">1",
        ">1.2",
        "<1.2.3",
        "!=1.2",
        "!=1",
    ],
    "1.3.0": [
        "~1.2.3",
        "<=1.2",
        "1.2.x",
        "~1.2",
        "!= 1.x",
        "no version",
        ">=1.0.0 || nonsense",
        "1x",
        "1|",
        "01.3.0",
    ],
    "2.0.0": ["^1.2.3", "~1", "<=1", "1.0.0 - 1.9.9", ">=1 <2"],
    "0.3.0": ["^0.2.3", "^0.2", "^0.0", "^0.0.3", "~0.2.9"],
    "0.0.4": ["^0.0.3"],
    "1.2.3-rc.1": ["*", ">=1.0.0", "1.2.3", "!=1.2.3", "^1.0.0"],
    "01.2.3": ["*"],
    "1.2.3-01": ["*"],
    "": ["*"],
}


@pytest.mark.parametrize(("version", "constraint"), [(one, text) for one, texts in MET.items() for text in texts])
def test_met(version: str, constraint: str) -> None:
    assert satisfies(version, constraint)


@pytest.mark.parametrize(
    ("version", "constraint"), [(one, text) for one, texts in NOT_MET.items() for text in texts]
)
def test_not_met(version: str, constraint: str) -> None:
    assert not satisfies(version, constraint)


def test_what_is_a_version() -> None:
    texts = ["1", "v1.2", "1.2.3-a.1+b", "1.2.3.4", "1.x", "a", "1.2.3-"]

    assert [text for text in texts if is_version(text)] == ["1", "v1.2", "1.2.3-a.1+b"]
