"""Conditions: what a control or a routing rule asks of the facts of a case.

The front door: everything that other rooms use is here.

A condition is a typed tree in JSON (`condition_tree`). It is judged on facts, a dict of JSON
values, and a catalogue that declares their types (`fields`); the verdict is True, False, or None
for *unknown*. Each test is unknown where a value it needs is missing, null or of the wrong type
(`condition_types` has the rules); tests are joined by Kleene's logic, so an unknown reaches the
verdict only where it matters. What unknown leads to is the control's `on_unknown`, not ours.

    problems(tree, catalogue)              at save time: every fault with its place
    compile_conditions(trees, catalogue)   the live path: one function for a whole control set
    evaluate(tree, facts, catalogue)       one tree, plainly
    explain(tree, facts, catalogue)        the same with the operands of every test
    sentence(leaf, catalogue)              one test in words
    describe(tree, catalogue)              the rule in words

Pass the same catalogue everywhere: it decides what a wrong type is. Without one every path is
accepted and every type is `any`. A tree is checked when it is saved; should the schema change
later, tests that it no longer allows become unknown, they never raise. In place of JSON all of
these take the node that `read(tree)` gives, which saves the reading where a tree is judged often.

>>> rule = {"all": [{"field": "output.amount", "op": ">", "value": 2500},
...                 {"field": "context.channel", "op": "in", "value": ["broker", "phone"]}]}
>>> evaluate(rule, {"output": {"amount": 4820}, "context": {"channel": "web"}})
False
>>> evaluate(rule, {"output": {"amount": 4820}, "context": {}}) is None
True
>>> judge = compile_conditions([rule, None])
>>> judge({"output": {"amount": 4820}, "context": {"channel": "phone"}})
[True, True]
>>> problems({"field": "output.amount", "op": "gt", "value": 2500})[0].message[:47]
'“gt” is not an operator. Did you mean “>”? Oper'
"""

from __future__ import annotations

from assurance.controls.compiled import Judge, compile_conditions
from assurance.controls.condition_problems import problems
from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import ConditionError, Problem, Tree
from assurance.controls.condition_verdicts import evaluate
from assurance.controls.explanation import Explanation, Leaf, describe, explain, sentence
from assurance.controls.readings import Verdict

__all__ = [
    "ConditionError",
    "Explanation",
    "Judge",
    "Leaf",
    "Problem",
    "Tree",
    "Verdict",
    "compile_conditions",
    "describe",
    "evaluate",
    "explain",
    "problems",
    "read",
    "sentence",
]
