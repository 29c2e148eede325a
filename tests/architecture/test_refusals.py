"""Every rule is a sentence a person can act on, and some test shows it saying no."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module

from shared.kernel.decider import Refused
from tests.architecture.source import files, module, tree

RULES = files("services/*/domain/**/*.py") + files("shared/kernel/**/*.py")
LONGEST_SENTENCE = 200


def refusals() -> list[type[Refused]]:
    """Every rule of every service, and the kernel's."""
    found = {
        kind
        for path in RULES
        for kind in vars(import_module(module(path))).values()
        if isinstance(kind, type) and issubclass(kind, Refused) and kind is not Refused
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def flaws(kinds: Iterable[type[Refused]]) -> list[str]:
    """What is wrong with the sentences of these rules."""
    found = []
    for kind in kinds:
        written, sentence = vars(kind).get("__doc__"), kind.sentence()
        if not written:
            found.append(f"{kind.__name__} says nothing of its own.")
        elif not (sentence[0].isupper() and sentence.endswith(".") and " " in sentence):
            found.append(f"{kind.__name__} is no sentence: {sentence}")
        elif len(sentence) > LONGEST_SENTENCE:
            found.append(f"{kind.__name__} says too much at once: {sentence}")
    return found


def shown(trees: Iterable[ast.Module]) -> set[str]:
    """The names of rules that a test expects to say no: `then_refused(Rule)`, `raises(Rule)`."""
    return {
        name
        for one in trees
        for node in ast.walk(one)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"then_refused", "raises"}
        for argument in node.args[:1]
        for name in [_last_name(argument)]
        if name
    }


def _last_name(argument: ast.expr) -> str:
    match argument:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_there_are_rules() -> None:
    assert len(refusals()) > 20


def test_every_rule_is_a_sentence() -> None:
    assert flaws(refusals()) == []


def test_every_rule_is_shown_saying_no() -> None:
    said = shown(tree(path) for path in files("tests/rules/**/*.py"))
    silent = [f"{kind.__module__}.{kind.__name__}" for kind in refusals()]
    assert [name for name in silent if name.rpartition(".")[2] not in said] == []


def test_a_rule_has_a_name_of_its_own() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for kind in refusals():
        homes[kind.rule()].add(kind.__module__)
    assert {rule: sorted(found) for rule, found in homes.items() if len(found) > 1} == {}


class _Silent(Refused):
    pass


class _Shouting(Refused):
    """no."""


def test_a_bad_sentence_is_seen() -> None:
    assert len(flaws([_Silent, _Shouting])) == 2


def test_a_rule_nobody_shows_is_seen() -> None:
    text = "given(X).when(Y).then_refused(PanelTooSmall, 'three')\nother(NotShown)\nraises(A.No)"
    assert shown([ast.parse(text.replace("raises", "pytest.raises"))]) == {"PanelTooSmall", "No"}
