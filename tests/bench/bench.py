"""Benchmarks: figures to read, never a verdict. Ratios hold within one run only, since machines are noisy.

`python tests/bench/bench.py --helm PATH [--rounds N] [--services N ...]`; `make bench` gives the real Helm.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--helm", help="the helm binary to run beside")
    flags.add_argument("--rounds", type=int, default=21)
    flags.add_argument("--services", type=int, nargs="*", default=[1, 100, 1000, 10_000])
    flags.add_argument("--fleet", type=int, help=argparse.SUPPRESS)
    parsed = flags.parse_args()
    if parsed.fleet is not None:
        one_fleet(parsed.fleet)
        return
    if parsed.helm:
        processes(parsed.helm, parsed.rounds)
    loading(parsed.rounds)
    print("\nservices in one process   ms a service   validated   rendered   peak MB")
    for count in parsed.services:
        subprocess.run([sys.executable, __file__, "--fleet", str(count)], check=True)
    print("\nthe gate, from files   seconds by the clock   of processors   peak MB of a process")
    for count in parsed.services:
        gate(count)


def processes(helm: str, rounds: int) -> None:
    """Time whole processes, interleaved, and print them as multiples of `helm lint`."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {
            "HELM_DATA_HOME": f"{home}/data",
            "HELM_CACHE_HOME": f"{home}/cache",
            "HELM_CONFIG_HOME": f"{home}/config",
        }
        chart = str(ROOT / "charts" / "webservice")
        values = str(ROOT / "examples" / "quickstart" / "values.yaml")
        policy = str(ROOT / "examples" / "quickstart" / ".meshguard.yaml")
        plugins = Path(home, "data", "plugins")
        plugins.mkdir(parents=True)
        (plugins / "meshguard").symlink_to(ROOT)
        given = ["orders", chart, "-f", values, "--policy", policy]
        commands = {
            "helm lint": [helm, "lint", chart, "-f", values],
            "helm template": [helm, "template", "orders", chart, "-f", values],
            "helm meshguard version": [helm, "meshguard", "version"],
            "helm meshguard validate": [helm, "meshguard", "validate", *given],
            "helm meshguard render": [helm, "meshguard", "render", *given],
        }
        subprocess.run(commands["helm meshguard version"], env=environment, check=True, capture_output=True)
        times = interleaved(
            {
                name: lambda command=command: subprocess.run(  # type: ignore[misc] # bound at once
                    command, env=environment, check=True, capture_output=True, cwd=ROOT
                )
                for name, command in commands.items()
            },
            rounds,
        )
    print("whole processes           ratio   median ms   best ms")
    for name, found in times.items():
        ratio = statistics.median(found) / statistics.median(times["helm lint"])
        print(f"{name:25} {ratio:5.2f}   {statistics.median(found) * 1000:9.1f}   {min(found) * 1000:7.1f}")


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Call each in turn, so that noise hits all alike; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:
                times[name].append(time.perf_counter() - start)
    return times


def loading(rounds: int) -> None:
    """Time loading with places beside PyYAML's C composer, which gives the same places and no values."""
    import yaml

    from meshguard.helm.version import NEWEST_4
    from meshguard.helm.yaml import load
    from tests.bench.fleet import long_values

    text = long_values(5000)
    data = text.encode()
    times = interleaved(
        {
            "compose": lambda: yaml.compose(text, Loader=yaml.CSafeLoader),
            "load": lambda: load(data, "values.yaml", NEWEST_4),
        },
        rounds,
    )
    compose, ours = (statistics.median(times[name]) for name in ("compose", "load"))
    print(f"\n5,000 lines with places   {ours / compose:.2f} x PyYAML's C composer ({ours * 1000:.1f} ms)")


def one_fleet(count: int) -> None:
    """Validate and render so many services in this process and print one line, in processor time."""
    from meshguard.diagnostic import ROOT as AT
    from meshguard.helm.values import Request
    from meshguard.helm.version import NEWEST_4
    from meshguard.helm.yaml import load
    from meshguard.pipeline import Subject, judge, render
    from meshguard.policy import Identity, build_policy, facts_for
    from meshguard.schema import load_schema
    from meshguard.targets.istio import TARGET
    from tests.bench.fleet import services
    from validators import RULES

    text = "mesh: {prometheus: sidecar}\ngateways: {public: {gateway: istio-ingress/public}}\n"
    policy = build_policy(load(text.encode(), ".meshguard.yaml", NEWEST_4).node)
    shape = load_schema("values")
    validating = rendering = 0.0
    for name, text in services(count):
        facts = facts_for(policy, Identity(name, namespace="shop"), "2030-01-01")
        start = time.process_time()
        request = Request(files=("values.yaml",), read_file=lambda _, text=text: text.encode())  # type: ignore[misc]
        outcome = judge(Subject(request, AT, facts), RULES, shape)
        middle = time.process_time()
        if outcome.service is None or outcome.values is None or outcome.diagnostics:
            raise SystemExit(f"a generated service is not clean: {outcome.diagnostics}")
        render(outcome.service, outcome.values, facts, TARGET)
        validating += middle - start
        rendering += time.process_time() - middle
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = (validating + rendering) * 1000 / count
    print(f"{count:23}   {each:12.2f}   {validating:7.2f} s   {rendering:6.2f} s   {peak:7.0f}")


def gate(count: int) -> None:
    """Run `validate` over a repository with so many services and print one line; other work shows in the clock."""
    from tests.bench.fleet import repository

    with tempfile.TemporaryDirectory() as top:
        repository(Path(top), count)
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [str(ROOT / "bin" / "meshguard"), "validate"]
        done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=True)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if "no findings" not in done.stdout:
            raise SystemExit(f"the generated services are not clean: {done.stdout[-2000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{count:20}   {clock:20.2f}   {used:13.2f}   {after.ru_maxrss / 1024:20.0f}")


if __name__ == "__main__":
    main()
