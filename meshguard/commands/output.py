"""Where rendered objects go: one stream, or a file for each."""

import os
from collections.abc import Sequence
from contextlib import suppress

from meshguard.diagnostic import UserError
from meshguard.escape import json_text
from meshguard.targets import Manifest


def as_yaml(manifests: Sequence[Manifest]) -> str:
    """Give one YAML stream."""
    return "".join(f"---\n{manifest.text}" for manifest in manifests)


def as_json(manifests: Sequence[Manifest]) -> str:
    """Give a Kubernetes List as `kubectl get -o json` would."""
    items = [_data(manifest) for manifest in manifests]
    return json_text({"apiVersion": "v1", "kind": "List", "items": items})


def _data(manifest: Manifest) -> object:
    import yaml  # noqa: PLC0415 - the same

    return yaml.load(manifest.text, Loader=yaml.CSafeLoader)


def write_files(manifests: Sequence[Manifest], directory: str, form: str) -> None:
    """Write `NAMESPACE/KIND-NAME.yaml` for each object; raise UserError where that cannot be done."""
    for folder in {os.path.join(directory, manifest.namespace) for manifest in manifests}:
        if os.path.islink(folder):  # what lies in a repository must not choose where a job writes
            raise UserError(f"'{folder}' is a symbolic link, which may lead anywhere; remove it")
    for manifest in manifests:
        path = os.path.join(directory, manifest.namespace, f"{manifest.kind.lower()}-{manifest.name}.{form}")
        write_whole(path, as_json([manifest]) if form == "json" else manifest.text)


def write_whole(path: str, text: str) -> None:
    """Write a file whole or not at all, and the directories that it needs; raise UserError.

    A device or a pipe, such as `/dev/stdout`, is written to as it is.
    """
    part = f"{path}.{os.getpid()}.part"
    try:
        if _is_stream(path):
            _write(path, "w", text)
            return
        _stay(path)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        _write(part, "x", text)  # never through a link that lies there
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(part)
        raise UserError(f"'{path}' cannot be written: {error.strerror}") from None


def _stay(path: str) -> None:
    """Raise UserError for a directory, and for a path that a link in the working directory leads out of it."""
    if not os.path.basename(path):
        raise UserError(f"'{path}' names a directory; name a file in it")
    here = os.getcwd() + os.sep
    folder = os.path.realpath(os.path.dirname(path)) + os.sep
    if os.path.abspath(path).startswith(here) and not folder.startswith(here):
        raise UserError(f"'{path}' leads out of the working directory through a symbolic link")


def _is_stream(path: str) -> bool:
    """Tell whether there is something that must not be replaced; a link outside of /dev is no more than a name."""
    return (
        os.path.exists(path) and not os.path.isfile(path) and (path.startswith("/dev/") or not os.path.islink(path))
    )


def _write(path: str, mode: str, text: str) -> None:
    with open(path, mode, encoding="utf-8") as file:
        file.write(text)
