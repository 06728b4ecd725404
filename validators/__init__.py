"""The guardrails: one file per rule, each ending in its `RULE`."""

import os
from importlib import import_module

from meshguard.rule import Rule


def _load() -> tuple[Rule, ...]:
    names = sorted(
        entry.name.removesuffix(".py")
        for entry in os.scandir(os.path.dirname(__file__))
        if entry.name.endswith(".py") and entry.name != "__init__.py"
    )
    rules = (import_module(f"validators.{name}").RULE for name in names)
    return tuple(rules)


RULES = _load()
