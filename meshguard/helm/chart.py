"""A chart on disk: a directory or an archive in, its values and those of the charts in it out."""

import re
from collections.abc import Callable
from typing import NamedTuple

from meshguard.diagnostic import Span, UserError
from meshguard.helm.helmignore import Rule, ignored, parse_rules
from meshguard.helm.layers import Chart, Requirement
from meshguard.helm.loss import Loss
from meshguard.helm.semver import is_version
from meshguard.helm.version import NEWEST_3, Version
from meshguard.helm.yaml import LIMIT, load
from meshguard.node import Node, Plain, plain

ARCHIVE_LIMIT = 100 * 2**20  # bytes of all that is packed in an archive, as in Helm
_ALIAS = re.compile("[A-Za-z0-9_-]+")
NESTING = 20  # charts in charts
_OF_VALUES = re.compile(
    r"(?:charts/[^/]+/)*(?:Chart\.yaml|values\.yaml|values\.schema\.json|requirements\.yaml|charts(?:/[^/]+)?)"
)
_SCHEMA = "values.schema.json"
_OWN = ("Chart.yaml", "values.yaml", "requirements.yaml", _SCHEMA)


class Disk(NamedTuple):
    """How files are read, and how the names in a folder are listed; None if the path is no folder."""

    read: Callable[[str], bytes]
    names: Callable[[str], list[str] | None]


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


def read_chart(path: str, helm: Version, disk: Disk) -> Packed:
    """Read a chart's directory or archive with all charts in it.

    Raises UserError where there is no chart or a declared dependency is missing, SourceError where Helm refuses
    one of the files.
    """
    path = path.rstrip("/") or path
    names = disk.names(path)
    folder = _archive(path, disk.read(path), NESTING) if names is None else _directory(path, names, disk)
    read = _Read(helm, [], {})
    chart = _chart(folder, read)
    held = {sub.name for sub in chart.charts}
    missing = [one.name for one in chart.requirements if one.name not in held]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise UserError(f"the chart '{path}' lacks {listed} in charts/: run `helm dependency build {path}`")
    return Packed(chart, tuple(read.losses), read.sources)


def _directory(place: str, names: list[str], disk: Disk) -> _Folder:
    """Read the files of a directory that matter, below it too, as far as .helmignore leaves them."""
    rules: tuple[Rule, ...] = ()
    if ".helmignore" in names:
        try:
            rules = parse_rules(disk.read(f"{place}/.helmignore").decode("utf-8", "replace"))
        except ValueError as error:
            raise UserError(f"cannot read '{place}/.helmignore': {error}") from None
    files: dict[str, bytes] = {}
    _collect(place, "", names, disk, rules, files)
    return _folder(place, files, NESTING)


def _collect(
    place: str, below: str, names: list[str], disk: Disk, rules: tuple[Rule, ...], files: dict[str, bytes]
) -> None:
    for name in names:
        path = f"{below}{name}"
        inner = disk.names(f"{place}/{path}")
        if not _matters(path) or ignored(rules, path, folder=inner is not None):
            continue
        if inner is None:
            files[path] = disk.read(f"{place}/{path}")
        else:
            _check_depth(f"{place}/{path}", 2 * NESTING - path.count("/"))
            _collect(place, f"{path}/", inner, disk, rules, files)


def _matters(path: str) -> bool:
    """Tell whether a file can be part of the values: one of a chart's own, or a chart in charts/."""
    return _OF_VALUES.fullmatch(path) is not None


def _ignored(name: str) -> bool:
    return name.startswith(("_", ".")) or name.endswith(".prov")


def _check_depth(place: str, depth: int) -> None:
    if depth <= 0:
        raise UserError(f"cannot read the chart '{place}': charts are nested more than {NESTING} levels deep")


def _packed(place: str, data: bytes, depth: int) -> _Folder:
    if not place.endswith(".tgz"):
        raise UserError(f"cannot read the chart '{place}': it is neither a directory nor a .tgz archive")
    return _archive(place, data, depth)


def _archive(place: str, data: bytes, depth: int) -> _Folder:
    return _folder(place, _unpack(place, data), depth)


def _unpack(place: str, data: bytes) -> dict[str, bytes]:
    """Give what an archive holds by name below its top folder, without writing anything to disk."""
    import gzip  # noqa: PLC0415 # only charts in archives need it
    import io  # noqa: PLC0415 # the same
    import tarfile  # noqa: PLC0415 # the same
    import zlib  # noqa: PLC0415 # the same

    if len(data) > LIMIT:
        raise UserError(f"cannot read the chart '{place}': the archive is larger than {LIMIT >> 20} MiB")
    files: dict[str, bytes] = {}
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            content = packed.read(ARCHIVE_LIMIT + 1)
        if len(content) > ARCHIVE_LIMIT:
            raise UserError(f"cannot read the chart '{place}': it holds more than {ARCHIVE_LIMIT >> 20} MiB")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                if not member.isdir():
                    file = archive.extractfile(member) if member.isreg() else None
                    files[_member_name(place, member.name)] = file.read() if file else b""
    except EOFError:
        raise UserError(f"cannot read the chart '{place}': it is no gzipped archive (the file is cut)") from None
    except (OSError, zlib.error, tarfile.TarError, ValueError) as error:
        raise UserError(f"cannot read the chart '{place}': it is no gzipped archive ({error})") from None
    return files


def _member_name(place: str, name: str) -> str:
    """Give the name below the top folder; a name that leads out of the chart is refused, as in Helm."""
    parts = name.replace("\\", "/").split("/")[1:]
    if not parts or parts[0] in ("", "..") or ".." in parts or parts[0].endswith(":"):
        raise UserError(f"cannot read the chart '{place}': its file '{name}' lies outside of the chart's folder")
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
        raise UserError(f"'{folder.place}' is no chart: it has no Chart.yaml")
    about = _metadata(folder, "Chart.yaml", read)
    name = _text(about, "name")
    if "requirements.yaml" in folder.files:
        about = {**about, **_metadata(folder, "requirements.yaml", read)}
    values = Node({}, Span(f"{folder.place}/values.yaml", 1, 1, 1, 1))
    if "values.yaml" in folder.files:
        values = _load(folder, "values.yaml", read, read.helm)
    declared = about.get("dependencies")
    requirements = [
        _requirement(one) for one in (declared if isinstance(declared, list) else []) if isinstance(one, dict)
    ]
    _check(folder, name, _text(about, "version"), requirements)
    theirs = read._replace(losses=[])  # what a dependency's own files lose is not for the user to mend
    charts = tuple(_chart(sub, theirs) for sub in folder.charts)
    schema = folder.files.get(_SCHEMA)
    if schema is not None and len(schema) > LIMIT:
        raise UserError(f"cannot read '{folder.place}/{_SCHEMA}': it is larger than {LIMIT >> 20} MiB")
    return Chart(name, values, charts, tuple(requirements), _text(about, "version"), schema)


def _check(folder: _Folder, name: str, version: str, requirements: list[Requirement]) -> None:
    """Refuse what Helm refuses in Chart.yaml, as far as values depend on it."""
    names = [one.alias or one.name for one in requirements]
    twice = [one for one in names if names.count(one) > 1]
    if name in ("", ".", "..") or "/" in name:
        wrong = f"its name '{name}' is no name"
    elif not is_version(version):
        wrong = f"its version '{version}' is no semantic version"
    elif twice:
        wrong = f"it declares more than one dependency named or aliased '{twice[0]}'"
    elif any(one.alias and not _ALIAS.fullmatch(one.alias) for one in requirements):
        wrong = "an alias consists of letters, digits, `_` and `-`"
    else:
        return
    raise UserError(f"cannot read the chart '{folder.place}': {wrong}")


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
