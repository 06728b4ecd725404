"""What files of manifests hold: documents and Lists, in YAML and JSON, with places; and what cannot be read."""

import pytest

from meshguard.tls import reading
from meshguard.tls.reading import objects_in, read_manifest

OBJECT = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"


def read(text: str) -> list[tuple[str, str, int]]:
    found = read_manifest(text.encode(), "x.yaml")
    assert found.remarks == ()
    return [(document.group, document.kind, document.node.span.line) for document in found.documents]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OBJECT, [("", "Service", 1)]),
        (f"---\n# Source: x\n{OBJECT}---\n{OBJECT}", [("", "Service", 3), ("", "Service", 7)]),
        (f"{OBJECT}---\n---   # nothing\n\n--- \n{OBJECT}", [("", "Service", 1), ("", "Service", 8)]),
        (f"\ufeff{OBJECT}", [("", "Service", 1)]),
        (OBJECT.replace("\n", "\r\n") + "---\r\n" + OBJECT, [("", "Service", 1), ("", "Service", 5)]),
        ('{"apiVersion": "apps/v1", "kind": "Deployment"}', [("apps", "Deployment", 1)]),
        ("--- {apiVersion: v1, kind: Pod}\n", [("", "Pod", 1)]),
        ("a: 1\n---\nkind: Pod\n---\napiVersion: v1\n---\n[1]\n---\ntext\n---\nkind: 1\napiVersion: v1\n", []),
        ("", []),
        ("# nothing\n", []),
    ],
)
def test_documents(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert read(text) == expected


LIST = """
apiVersion: v1
kind: List
items:
- apiVersion: networking.istio.io/v1
  kind: DestinationRule
- apiVersion: v1
  kind: ServiceList
  items:
  - metadata: {name: a}
- 1
"""


def test_lists_are_unfolded() -> None:
    assert read(LIST) == [("networking.istio.io", "DestinationRule", 5), ("", "Service", 10)]


def test_a_typed_list_gives_its_api_to_its_items() -> None:
    text = "apiVersion: networking.istio.io/v1\nkind: SidecarList\nitems:\n- metadata: {name: a}\n"

    assert read(text) == [("networking.istio.io", "Sidecar", 4)]


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"\xff\xfe\x00", 1, "this is not UTF-8"),
        (OBJECT.encode() + b"x: \xc3(", 4, "this is not UTF-8"),
        (OBJECT.encode() + b"---\na: [1\n", 6, "this document cannot be read: "),
        (b"a: {{ .Values.x }}\n", 1, "this document cannot be read: "),
        (b"a: 1\n...\nb: 2\n", 3, "this document cannot be read: "),
        (b"a: *x\n", 1, "this document cannot be read: no anchor "),
    ],
)
def test_what_cannot_be_read(data: bytes, line: int, message: str) -> None:
    (remark,) = read_manifest(data, "x.yaml").remarks

    assert (remark.span.line, remark.is_error) == (line, True)
    assert remark.message.startswith(message)


def test_the_other_documents_of_the_file_are_read() -> None:
    found = read_manifest(f"{OBJECT}---\na: [\n---\n{OBJECT}".encode(), "x.yaml")

    assert len(found.documents) == 2
    assert len(found.remarks) == 1


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LIMIT", 1 << 20)

    (remark,) = read_manifest(b" " * ((1 << 20) + 1), "x.yaml").remarks
    assert remark.message == "the file is larger than 1 MiB"


def test_a_document_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "VALUES", 10)

    (remark,) = read_manifest(("x: " + "[" + "1," * 20 + "]").encode(), "x.yaml").remarks
    assert remark.message == "this document cannot be read: the document holds more than 10 keys and values"


def test_a_key_that_is_there_twice_is_named() -> None:
    text = f"{OBJECT}spec: {{}}\nspec: {{}}\n---\na: 1\na: 2\n"

    assert [(found.span.line, found.message) for found in read_manifest(text.encode(), "x").remarks] == [
        (4, "the key `spec` is there twice: the last one counts")
    ]


def test_words_that_yaml_takes_for_something_else_are_no_remark() -> None:
    assert read_manifest(f"{OBJECT}spec: {{a: yes}}\n".encode(), "x").remarks == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OBJECT, True),
        (LIST, True),
        ('{"kind": "Pod", "apiVersion": "v1"}', True),
        ("kind: Pod\na: [\n", True),
        ("ports:\n- {number: 80}\n", False),
        ("kind: Pod\n", False),
        ("a:\n  kind: Pod\n  apiVersion: v1\n", False),
        ("{ports: []}", False),
        ("", False),
    ],
)
def test_manifests_are_told_from_values(text: str, expected: bool) -> None:  # noqa: FBT001 - a case
    assert (objects_in(text.encode(), "x") is not None) is expected
