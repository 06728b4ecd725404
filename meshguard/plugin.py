"""Facts of the installed plugin: where it is, its version, and the words that started it."""

import os

DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def program() -> str:
    """Give the words that started this run."""
    return "helm meshguard" if "HELM_PLUGIN_NAME" in os.environ else "meshguard"


def version() -> str:
    """Give the version, which stands in plugin.yaml and only there."""
    with open(os.path.join(DIRECTORY, "plugin.yaml"), encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("version:"))
    return line.removeprefix("version:").strip().strip('"')


def schema_path(name: str) -> str:
    """Give the path of one of the JSON Schemas: `values` or `policy`."""
    return os.path.join(DIRECTORY, "schema", f"{name}.schema.json")
