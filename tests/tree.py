"""Values for tests, read as a user's file is."""

from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.node import Node


def tree(text: str, file: str = "values.yaml") -> Node:
    return load(text.encode(), file, NEWEST_4).node
