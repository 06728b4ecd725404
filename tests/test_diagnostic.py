import pytest

from meshguard.diagnostic import ROOT, ValuePath

PATHS: dict[tuple[str | int, ...], str] = {
    (): "",
    ("ports", 0, "name"): "ports[0].name",
    ("externalRouting", "pathOverrides", "/a/b", "timeout"): 'externalRouting.pathOverrides["/a/b"].timeout',
    ("",): '[""]',
    (0, "a-b_c"): "[0].a-b_c",
}


@pytest.mark.parametrize(("steps", "text"), PATHS.items())
def test_a_path_is_written_as_people_write_it(steps: tuple[str | int, ...], text: str) -> None:
    assert str(ValuePath(steps)) == text


def test_a_path_grows_step_by_step() -> None:
    assert ValuePath(("ports", 0)) == ROOT / "ports" / 0
