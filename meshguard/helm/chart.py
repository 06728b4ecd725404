"""A chart on disk: a directory or an archive in, its values and those of the charts in it out."""

import os
from collections.abc import Callable
from typing import NamedTuple

from meshguard.diagnostic import Span, UserError
from meshguard.helm.layers import Chart, Requirement
from meshguard.helm.loss import Loss
from meshguard.helm.version import NEWEST_3, Version
from meshguard.helm.yaml import load
from meshguard.node import Node, Plain, plain

ARCHIVE_LIMIT = 100 * 2**20  # bytes of all that is packed in an archive, as in Helm
NESTING = 20  # charts in charts
_OWN = ("Chart.yaml", "values.yaml", "requirements.yaml")


class Packed(NamedTuple):
    """A chart that was read, what was lost, and the text of its sources by name."""

    chart: Chart
    losses: tuple[Loss, ...]
    sources: dict[str, str]


class _Folder(NamedTuple):
    """A chart's own files and the folders of the charts in it; `place` is its name for people."""

    place: str
    files: dict[str, bytes]
    charts: tuple["_Folder", ...]


class _Read(NamedTuple):
    helm: Version
    losses: list[Loss]
    sources: dict[str, str]


def read_chart(path: str, helm: Version, read_file: Callable[[str], bytes]) -> Packed:
    """Read a chart's directory or archive with all charts in it.

    Raises UserError where there is no chart or a declared dependency is missing, SourceError where Helm refuses
    one of the files.
    """
    if os.path.isdir(path):
        folder = _directory(path, read_file, NESTING)
    elif os.path.exists(path):
        folder = _archive(path, read_file(path), NESTING)
    else:
        raise UserError(f"cannot read the chart `{path}`: there is no such directory or archive")
    read = _Read(helm, [], {})
    chart = _chart(folder, read)
    held = {sub.name for sub in chart.charts}
    missing = [one.name for one in chart.requirements if one.name not in held]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise UserError(f"the chart `{path}` lacks {names} in charts/: run `helm dependency build {path}`")
    return Packed(chart, tuple(read.losses), read.sources)


def _directory(place: str, read_file: Callable[[str], bytes], depth: int) -> _Folder:
    files = {
        name: read_file(os.path.join(place, name)) for name in _OWN if os.path.lexists(os.path.join(place, name))
    }
    charts = []
    below = os.path.join(place, "charts")
    for name in sorted(os.listdir(below)) if os.path.isdir(below) else ():
        path = os.path.join(below, name)
        if _ignored(name) or (os.path.isdir(path) and not os.listdir(path)):
            continue
        _check_depth(path, depth)
        if os.path.isdir(path):
            charts.append(_directory(path, read_file, depth - 1))
        else:
            charts.append(_packed(path, read_file(path), depth - 1))
    return _Folder(place, files, tuple(charts))


def _ignored(name: str) -> bool:
    return name.startswith(("_", ".")) or name.endswith(".prov")


def _check_depth(place: str, depth: int) -> None:
    if depth == 0:
        raise UserError(f"cannot read the chart `{place}`: charts are nested more than {NESTING} levels deep")


def _packed(place: str, data: bytes, depth: int) -> _Folder:
    if not place.endswith(".tgz"):
        raise UserError(f"cannot read the chart `{place}`: it is neither a directory nor a .tgz archive")
    return _archive(place, data, depth)


def _archive(place: str, data: bytes, depth: int) -> _Folder:
    return _folder(place, _unpack(place, data), depth)


def _unpack(place: str, data: bytes) -> dict[str, bytes]:
    """Give what an archive holds by name below its top folder, without writing anything to disk."""
    import gzip  # noqa: PLC0415 # only charts in archives need it
    import io  # noqa: PLC0415 # the same
    import tarfile  # noqa: PLC0415 # the same
    import zlib  # noqa: PLC0415 # the same

    files: dict[str, bytes] = {}
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            content = packed.read(ARCHIVE_LIMIT + 1)
        if len(content) > ARCHIVE_LIMIT:
            raise UserError(f"cannot read the chart `{place}`: it holds more than {ARCHIVE_LIMIT >> 20} MiB")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                if not member.isdir():
                    file = archive.extractfile(member) if member.isreg() else None
                    files[_member_name(place, member.name)] = file.read() if file else b""
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise UserError(f"cannot read the chart `{place}`: it is no gzipped archive ({error})") from None
    return files


def _member_name(place: str, name: str) -> str:
    """Give the name below the top folder; a name that leads out of the chart is refused, as in Helm."""
    parts = name.replace("\\", "/").split("/")[1:]
    if not parts or parts[0] in ("", "..") or ".." in parts or parts[0].endswith(":"):
        raise UserError(f"cannot read the chart `{place}`: its file `{name}` lies outside of the chart's folder")
    return "/".join(part for part in parts if part not in ("", "."))


def _folder(place: str, files: dict[str, bytes], depth: int) -> _Folder:
    below: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        top, _, rest = name.partition("/")
        sub, _, inner = rest.partition("/")
        if top == "charts" and sub and not _ignored(sub):
            below.setdefault(sub, {})[inner] = data
    charts = []
    for sub, inner_files in sorted(below.items()):
        path = f"{place}/charts/{sub}"
        _check_depth(path, depth)
        if "" in inner_files:
            charts.append(_packed(path, inner_files[""], depth - 1))
        else:
            charts.append(_folder(path, inner_files, depth - 1))
    return _Folder(place, {name: files[name] for name in _OWN if name in files}, tuple(charts))


def _chart(folder: _Folder, read: _Read) -> Chart:
    if "Chart.yaml" not in folder.files:
        raise UserError(f"`{folder.place}` is no chart: it has no Chart.yaml")
    about = _metadata(folder, "Chart.yaml", read)
    name = _text(about, "name")
    if not name:
        raise UserError(f"`{folder.place}` is no chart: its Chart.yaml has no name")
    if "requirements.yaml" in folder.files:
        about = {**about, **_metadata(folder, "requirements.yaml", read)}
    values = Node({}, Span(f"{folder.place}/values.yaml", 1, 1, 1, 1))
    if "values.yaml" in folder.files:
        values = _load(folder, "values.yaml", read, read.helm)
    declared = about.get("dependencies")
    requirements = [
        _requirement(one) for one in (declared if isinstance(declared, list) else []) if isinstance(one, dict)
    ]
    charts = tuple(_chart(sub, read) for sub in folder.charts)
    return Chart(name, values, charts, tuple(requirements), _text(about, "version"))


def _load(folder: _Folder, name: str, read: _Read, helm: Version) -> Node:
    file = f"{folder.place}/{name}"
    loaded = load(folder.files[name].removeprefix(b"\xef\xbb\xbf"), file, helm)
    read.sources[file] = loaded.text
    if name == "values.yaml":
        read.losses.extend(loaded.losses)
    return loaded.node


def _metadata(folder: _Folder, name: str, read: _Read) -> dict[str, Plain]:
    """Read a file of Helm's own, of which every version reads the first document; its keys have no case."""
    values = plain(_load(folder, name, read, NEWEST_3))
    return {key.lower(): value for key, value in values.items()} if isinstance(values, dict) else {}


def _text(about: dict[str, Plain], key: str) -> str:
    """Give a text; what YAML reads as a number or a boolean is text here."""
    value = about.get(key)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def _requirement(declared: dict[str, Plain]) -> Requirement:
    about = {key.lower(): value for key, value in declared.items()}
    tags, imports = about.get("tags"), about.get("import-values")
    return Requirement(
        _text(about, "name"),
        _text(about, "version"),
        _text(about, "alias"),
        _text(about, "condition"),
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        tuple(_imported(one) for one in imports) if isinstance(imports, list) else (),
    )


def _imported(one: Plain) -> tuple[str, str]:
    if isinstance(one, dict):
        return str(one.get("child")), str(one.get("parent"))
    return f"exports.{one}", "."
