"""`render`: print the mesh objects that say the same as the values, or say why that would not be safe."""

import sys

from meshguard.commands.arguments import add_inputs, inputs, parser
from meshguard.commands.output import as_json, as_yaml, write_files
from meshguard.commands.reporting import ALL_RULES, add_fail_on, exit_code, run_of, text_report
from meshguard.commands.subject import Task, one
from meshguard.diagnostic import UserError
from meshguard.escape import printable
from meshguard.pipeline import Verdict, conclude, judge, render
from meshguard.schema import load_schema
from meshguard.targets.istio import TARGET


def run(argv: list[str]) -> int:
    """Render; the objects go to stdout or into files, findings to stderr. With errors nothing is rendered."""
    flags = parser("render", "Print the Istio objects that say the same as the values.")
    add_inputs(flags)
    flags.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="the form of the objects")
    flags.add_argument("--output-dir", metavar="DIR", help="write a file for each object instead of stdout")
    flags.add_argument(
        "--scope",
        choices=("service", "platform", "all"),
        default="all",
        help="objects of the service's namespace, of the platform's (TLS at a gateway), or both",
    )
    add_fail_on(flags)
    parsed = flags.parse_intermixed_args(argv)
    if parsed.output_dir == "":
        raise UserError("--output-dir '' names no directory")
    task = one(inputs(parsed), ALL_RULES)
    (subject,) = task.subjects
    outcome = judge(subject, ALL_RULES, load_schema("values"))
    verdict = conclude((outcome,), ALL_RULES, subject.facts)
    _report(verdict, task)
    if outcome.service is None or outcome.values is None or exit_code(verdict.diagnostics, parsed.fail_on):
        return 1
    rendered, faults = render(outcome.service, outcome.values, subject.facts, TARGET)
    if faults:
        _report(verdict._replace(diagnostics=faults, ignored=()), task._replace(notes=()))
        return 1
    manifests = tuple(found for found in rendered.manifests if parsed.scope in {"all", found.scope})
    if parsed.output_dir is not None:
        write_files(manifests, parsed.output_dir, parsed.output)
    else:
        sys.stdout.write(as_json(manifests) if parsed.output == "json" else as_yaml(manifests))
    sys.stderr.writelines(f"meshguard: the chart must set: {fact}\n" for fact in rendered.chart_facts)
    return 0


def _report(verdict: Verdict, task: Task) -> None:
    """Say what was found; of what is clean, only what could not be judged."""
    if verdict.diagnostics or verdict.ignored:
        sys.stderr.write(text_report(run_of(verdict, task), sys.stderr))
    else:
        sys.stderr.writelines(f"note: {printable(note)}\n" for note in task.notes)
