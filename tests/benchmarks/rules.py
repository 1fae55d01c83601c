"""How long the live path takes to judge one case, beside the best CEL engine used well.

    python -m tests.benchmarks.rules

100 conditions of two or three tests each over a case of 35 fields. The rival is the Rust engine
of the package `common-expression-language`, in the two ways that are kind to it: every program
compiled once and the case converted once per case, or all conditions as one list expression.
All three must agree on every case before anything is timed. Prints JSON: microseconds per case
(CPU time, medians of interleaved rounds) and the ratio; exits 1 below the gate.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import cel

from assurance.controls.cel import to_cel
from assurance.controls.conditions import compile_conditions
from assurance.controls.fields import Catalogue, catalogue_from_schemas

GATES = {100: 12.0, 1_000: 8.0}
ROUNDS = 5
CASES = 40
REPEATS = {"own": 50, "cel_programs": 2, "cel_list": 2}

NUMBERS = {"output": 9, "context": 6}
TEXTS = {"output": 8, "context": 6}
FLAGS = {"output": 3, "context": 3}
WORDS = ("approve", "broker", "car", "decline", "online", "phone", "refer", "web")

Tree = dict[str, Any]
Case = dict[str, Any]


def catalogue() -> Catalogue:
    """35 declared fields in two roots."""

    def schema(root: str) -> dict[str, Any]:
        properties = {f"n{i}": {"type": "number"} for i in range(NUMBERS[root])}
        properties |= {f"t{i}": {"type": "string"} for i in range(TEXTS[root])}
        properties |= {f"b{i}": {"type": "boolean"} for i in range(FLAGS[root])}
        return {"type": "object", "properties": properties}

    return catalogue_from_schemas(schema("output"), schema("context"))


def make_case(rng: random.Random) -> Case:
    """One case with every field in its place, as the list expression of the rival needs it."""

    def part(root: str) -> dict[str, Any]:
        held: dict[str, Any] = {f"n{i}": rng.uniform(0, 10_000) for i in range(NUMBERS[root])}
        held |= {f"t{i}": rng.choice(WORDS) for i in range(TEXTS[root])}
        return held | {f"b{i}": rng.random() < 0.5 for i in range(FLAGS[root])}

    return {"output": part("output"), "context": part("context")}


def make_test(rng: random.Random) -> Tree:
    root = rng.choice(("output", "context"))
    kind = rng.choices("ntb", (5, 4, 1))[0]
    if kind == "n":
        field = f"{root}.n{rng.randrange(NUMBERS[root])}"
        return {"field": field, "op": rng.choice("<>"), "value": float(rng.randrange(10_000))}
    if kind == "b":
        field = f"{root}.b{rng.randrange(FLAGS[root])}"
        return {"field": field, "op": "==", "value": rng.random() < 0.5}
    field = f"{root}.t{rng.randrange(TEXTS[root])}"
    if rng.random() < 0.5:
        return {"field": field, "op": "in", "value": rng.sample(WORDS, 3)}
    return {"field": field, "op": rng.choice(("==", "!=")), "value": rng.choice(WORDS)}


def make_rule(rng: random.Random) -> Tree:
    first, second, third = make_test(rng), make_test(rng), make_test(rng)
    return rng.choice(
        (
            {"all": [first, second]},
            {"all": [first, second, third]},
            {"all": [first, {"any": [second, third]}]},
            {"any": [first, {"not": second}]},
        )
    )


def contenders(rules: list[Tree]) -> dict[str, Callable[[Case], list[bool | None]]]:
    """Three ways to judge one case, everything that can be prepared prepared."""
    texts = [to_cel(rule) for rule in rules]
    programs = [cel.compile(text) for text in texts]
    whole = cel.compile(f"[{', '.join(texts)}]")

    def by_programs(case: Case) -> list[bool | None]:
        context = cel.Context(case)
        return [program.execute(context) for program in programs]

    def by_list(case: Case) -> list[bool | None]:
        return list(whole.execute(cel.Context(case)))

    own = compile_conditions(rules, catalogue())
    return {"own": own, "cel_programs": by_programs, "cel_list": by_list}


def measure(count: int, seed: int = 7) -> dict[str, Any]:
    """Microseconds per case of each contender at so many rules, and the ratio to the better CEL."""
    rng = random.Random(seed)
    rules = [make_rule(rng) for _ in range(count)]
    cases = [make_case(rng) for _ in range(CASES)]
    judges = contenders(rules)
    for case in cases:
        own, programs, listed = (judge(case) for judge in judges.values())
        assert own == programs == listed, "The contenders disagree; a time would mean nothing."

    seconds: dict[str, list[float]] = {name: [] for name in judges}
    for _ in range(ROUNDS):
        for name, judge in judges.items():  # interleaved, so that noise hits all alike
            started = time.process_time()
            for _ in range(REPEATS[name]):
                for case in cases:
                    judge(case)
            seconds[name].append((time.process_time() - started) / REPEATS[name] / CASES)
    micros = {name: statistics.median(taken) * 1e6 for name, taken in seconds.items()}
    best = min(micros["cel_programs"], micros["cel_list"])
    return {
        "rules": count,
        "microseconds_per_case": {name: round(value, 1) for name, value in micros.items()},
        "times_faster": round(best / micros["own"], 1),
        "compile_microseconds_per_rule": round(_compile_time(rules) * 1e6, 1),
    }


def _compile_time(rules: list[Tree]) -> float:
    declared = catalogue()
    started = time.process_time()
    compile_conditions(rules, declared)
    return (time.process_time() - started) / len(rules)


def main() -> int:
    results = [measure(count) for count in (10, 100, 1_000)]
    print(json.dumps({"gates": GATES, "rounds": ROUNDS, "results": results}, indent=2))
    missed = [r for r in results if r["times_faster"] < GATES.get(r["rules"], 0)]
    for result in missed:
        count, reached = result["rules"], result["times_faster"]
        print(f"{reached} times at {count} rules; the gate is {GATES[count]}.", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
