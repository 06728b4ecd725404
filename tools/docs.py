"""Write docs/rules.md and a page for each rule below docs/rules/, in the words of `explain`: `make docs`."""

import textwrap
from pathlib import Path
from typing import Any

import yaml

from meshguard.engine_rules import ENGINE_RULES
from meshguard.rule import SHOWN_BY, Rule
from validators import RULES

DOCS = Path(__file__).resolve().parent.parent / "docs"
MARK = "<!-- Written by `make docs` from the code of the rule. -->\n"

INDEX = """\
# Rules

`helm meshguard explain RULE` shows the same pages. What the severities and *locked* mean, and how a rule is
ignored: [reports and severities](reports.md).

## Guardrails

{guardrails}
## What meshguard itself finds

{engine}"""


COVERAGE = """\
# What holds which incident

Every known way in which Istio configuration hurt somebody, and what keeps it out: a rule; the *schema* or the
*chart*, where it cannot be written or deployed; *rendering*, where it is never rendered. What values and policy
alone cannot decide says what it needs: the *manifests* of a release, the *fleet* of all services, or the *cluster*.

{counts}

| # | incident | held by | how |
|---|---|---|---|
{rows}
## What holds each field

The same of every field of the values contract, and of the files around it: what has to be true of it, and what sees
to that. All fields refuse values of another type or form.

| field | of | held by | what has to be true |
|---|---|---|---|
{fields}
## What shows that the rules are true

{proofs}
"""
PLACES = ("schema", "rendering", "chart")
NEEDS = ("manifests", "fleet", "cluster")
NO_CLAIM = "Nothing of the mesh is claimed: "  # how the last section of such a rule begins


def main() -> None:
    """Write all pages, and remove those of rules that are gone."""
    wanted = pages()
    for path in existing() - wanted.keys():
        (DOCS / path).unlink()
    for path, text in wanted.items():
        (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / path).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Give the text of every generated page by its path below docs/."""
    covered = {
        "coverage.md": MARK.replace("the code of the rule", "tools/coverage.yaml and tools/guardrails.yaml")
        + coverage()
    }
    index = INDEX.format(guardrails=table(RULES), engine=table(ENGINE_RULES))
    return covered | {
        "rules.md": MARK + index,
        **{f"rules/{rule.id}.md": page(rule) for rule in (*RULES, *ENGINE_RULES)},
    }


def coverage() -> str:
    """Give the page of what holds every incident and every field; a rule that does not exist is a KeyError."""
    entries: dict[int, dict[str, Any]] = yaml.safe_load((DOCS.parent / "tools" / "coverage.yaml").read_text())
    guarded: dict[str, dict[str, Any]] = yaml.safe_load((DOCS.parent / "tools" / "guardrails.yaml").read_text())
    links = {rule.id: f"[{rule.id}](rules/{rule.id}.md)" for rule in RULES} | {
        word: f"*{word}*" if word in PLACES else f"*needs {word}*" for word in (*PLACES, *NEEDS)
    }
    rows = "".join(
        f"| {number} | {entry['fault']} | {', '.join(links[by] for by in entry['by'])} | {entry['how']} |\n"
        for number, entry in entries.items()
    )
    fields = "".join(
        f"| {field} | {entry['of']} | {', '.join(links[by] for by in entry['by'])} | {entry['how']} |\n"
        for field, entry in guarded.items()
    )
    open_ = sum(set(entry["by"]) <= set(NEEDS) for entry in entries.values())
    counts = (
        f"Of {len(entries)} incidents {len(entries) - open_} are held, at least on the own side; {open_} need more."
    )
    return COVERAGE.format(counts=counts, rows=rows, fields=fields, proofs=proofs())


def proofs() -> str:
    """Say how many rules name tests on Istio, Envoy or Helm, and which rest on sources alone."""
    unproven = [f"[{rule.id}](rules/{rule.id}.md)" for rule in RULES if not rule.is_proven]
    silent = sum(f"\n## {SHOWN_BY}\n\n{NO_CLAIM}" in rule.doc for rule in RULES)
    shown = len(RULES) - len(unproven) - silent
    return textwrap.fill(
        f"Of {len(RULES)} guardrails {shown} name the tests that show what their pages say, on Istio's or"
        f" Kubernetes' own code, a real Envoy or real Helm; {silent} claim nothing of a mesh. Unproven, since"
        f" nothing that can be run here shows it: {', '.join(unproven) or 'none'}.",
        116,
        break_on_hyphens=False,
    )


def existing() -> set[str]:
    """Give the paths of the generated pages that are there, below docs/."""
    return {path.relative_to(DOCS).as_posix() for path in (DOCS / "rules").glob("*.md")}


def page(rule: Rule) -> str:
    """Give the page of one rule. A fence of its examples may name a file, which Markdown has no place for."""
    return f"{MARK}# {rule.id}\n\n*{rule.kind}*\n\n{named_fences(rule.doc)}"


def named_fences(doc: str) -> str:
    """Turn the name of a file behind a fence into a line above it."""
    lines = []
    for line in doc.split("\n"):
        fence, _, name = line.partition(" ")
        if line == "```policy":
            lines += ["`.meshguard.yaml`", "", "```yaml"]
        elif fence == "```yaml" and name:
            lines += [f"`{name}`", "", fence]
        else:
            lines.append(line)
    return "\n".join(lines)


def table(rules: tuple[Rule, ...]) -> str:
    """Give a Markdown table of rules."""
    rows = [f"| [{rule.id}](rules/{rule.id}.md) | {rule.kind} | {rule.summary} |\n" for rule in rules]
    return "| rule | severity | what it finds |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    main()
