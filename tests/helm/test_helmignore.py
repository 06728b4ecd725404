import pytest

from meshguard.helm.helmignore import ignored, parse_rules

RULES = """\
# comment

*.bak
/top.txt
docs/*.md
[a-c]x?
[^d]y
\\*star
folder/
[\\]z]w
"""
FILES = {
    "x.bak": True,
    "deep/er/x.bak": True,
    "top.txt": True,
    "deep/top.txt": False,
    "docs/a.md": True,
    "docs/deep/a.md": False,
    "other/docs/a.md": False,
    "axz": True,
    "dxz": False,
    "zy": True,
    "dy": False,
    "*star": True,
    "xstar": False,
    "folder": False,
    "]w": True,
    "zw": True,
    "values.yaml": False,
}


@pytest.mark.parametrize(("path", "expected"), FILES.items())
def test_which_files_are_ignored(path: str, *, expected: bool) -> None:
    assert ignored(parse_rules(RULES), path, folder=False) is expected


def test_folders() -> None:
    assert ignored(parse_rules(RULES), "folder", folder=True)
    assert ignored(parse_rules("x"), "x", folder=True)


def test_a_negative_rule_ignores_what_it_does_not_match() -> None:
    rules = parse_rules("!*.yaml\n")

    assert [ignored(rules, path, folder=False) for path in ("a.yaml", "a.txt")] == [False, True]
    assert [ignored(parse_rules("!a/"), "a", folder=folder) for folder in (True, False)] == [False, True]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a/**/b", "'a/**/b': `**` is not supported"),
        ("[a", "'[a': the `[` is not closed"),
        ("[]", "'[]': the `[` is not closed"),
        ("a\\", "'a\\': a character is missing after `\\`"),
    ],
)
def test_what_helm_refuses(line: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_rules(line)

    assert str(caught.value) == message
