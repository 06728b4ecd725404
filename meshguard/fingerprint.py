"""Findings in, for each a short text out that stays the same while lines around it move."""

from collections import Counter
from collections.abc import Iterable, Mapping

from meshguard.diagnostic import Diagnostic
from meshguard.source import line_at, relative


def fingerprints(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], top: str = "") -> list[str]:
    """Give 32 hexadecimal digits for each finding, all different.

    They hang on the rule, the file as seen from `top`, the keys on the way to the value (no list index) and what is
    written there, not on lines or on the words of a message. Equal ones are told apart by their order.
    """
    from hashlib import sha256  # noqa: PLC0415 - only some reports need it

    seen: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    found = []
    for diagnostic in diagnostics:
        identity = "\0".join(
            (
                diagnostic.rule,
                relative(diagnostic.span.file, top),
                ".".join(step for step in diagnostic.at if isinstance(step, str)),
                _written(diagnostic, sources, seen),
            )
        )
        counts[identity] += 1
        numbered = f"{identity}\0{counts[identity]}".encode(errors="surrogatepass")
        found.append(sha256(numbered).hexdigest()[:32])
    return found


def _written(diagnostic: Diagnostic, sources: Mapping[str, str], seen: dict[str, list[str]]) -> str:
    """Give the first line of what the finding underlines; its message where no source is known."""
    span = diagnostic.span
    line = line_at(span, sources, seen)
    if line is None:
        return diagnostic.message
    return line[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None].strip()
