"""What reads configurations has no means to run, import or look up what a file names: its syntax trees are looked at."""

import ast
from pathlib import Path

import pytest

import amalthea

ROOT = Path(amalthea.__file__).parent
FORBIDDEN_MODULES = {
    "cloudpickle",
    "dill",
    "imp",
    "importlib",
    "joblib",
    "marshal",
    "pickle",
    "pkgutil",
    "runpy",
    "shelve",
    "subprocess",
    "types",
    "yaml",
}
FORBIDDEN_NAMES = {"__import__", "__builtins__", "compile", "eval", "exec", "globals", "locals", "open"}
LOOKUPS = {"delattr", "getattr", "setattr"}
MEMBERS = {"members/assets", "members/golden", "members/keys", "members/signature"}
READING = MEMBERS | {
    "checking",
    "faults",
    "fitting",
    "graphs",
    "inspection/__init__",
    "inspection/model",
    "inspection/view",
    "legacy",
    "limits",
    "names",
    "operations",
    "registry",
    "schema",
    "serialization",
    "sizes",
    "traces",
}
FUNCTIONS = {
    "compile_from_config",
    "build_from_config",
    "deserialize",
    "from_config",
    "graph_from_config",
    "_with_full_name",
    "_revived",
    "_from_config",
}


def faults(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").partition(".")[0] in FORBIDDEN_MODULES - {"types"}:
                yield node.module
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield f"{node.id} (line {node.lineno})"
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOOKUPS and not isinstance(node.args[1], ast.Constant)
        ):
            yield f"{node.func.id} by a name that is not literal (line {node.lineno})"
        elif isinstance(node, ast.Attribute) and node.attr in ("import_module", "__import__", "load_module", "modules"):
            yield f"{node.attr} (line {node.lineno})"


@pytest.mark.parametrize("name", sorted(READING))
def test_of_the_reading_of_configurations(name):
    assert list(faults(ast.parse((ROOT / "saving" / f"{name}.py").read_text()))) == []


@pytest.mark.parametrize("path", sorted((ROOT / "saving" / "reading").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_of_the_reading_of_containers(path):
    assert list(faults(ast.parse(path.read_text()))) == []


def from_config_functions():
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS:
                yield pytest.param(node, id=f"{path.relative_to(ROOT)}:{node.name}")


@pytest.mark.parametrize("function", list(from_config_functions()))
def test_of_what_classes_make_of_theirs(function):
    assert list(faults(function)) == []


def test_the_rules_find_what_they_forbid():
    code = "import pickle\nfrom importlib import import_module\neval(x)\ngetattr(module, name)\ngetattr(module, 'name')\nimportlib.import_module(n)"
    assert len(list(faults(ast.parse(code)))) == 5
