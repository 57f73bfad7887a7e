"""Promises about the text of the repository itself, checked on every file of it."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MADE_HERE = {"generated", "__pycache__"}
TEXTS = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".json", ".csv", ".cff", ".j2", ".svg", ""}

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 80

# The words are put together here, so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    r"(?<![\w.])/(?:" + "|".join(["work", "root", "home", "Users", "opt/" + "pypi"]) + r")/\w"
)
_REGISTRY_WORDS = [
    *["index" + "-url", "find" + "-links", "--" + "registry", "https?://[^ ]*/simple"],
    *[r"pypi\." + "org", r"pythonhosted\." + "org", r"registry\." + "npmjs", r"deb\." + "debian"],
]
REGISTRIES = re.compile("|".join(_REGISTRY_WORDS))
UNFINISHED = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]) + r")\b")


def _python_sources() -> list[Path]:
    return sorted((ROOT / "src").rglob("*.py"))


def _texts() -> Iterator[Path]:
    """Every text file that is kept under version control, found without asking it."""
    yield from (
        path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXTS and path.name != "uv.lock"
    )
    for directory in ["src", "tests", "docs", "tools", "benchmarks", "experiments", "examples", ".ci"]:
        for path in sorted((ROOT / directory).rglob("*")):
            if path.is_file() and path.suffix in TEXTS and MADE_HERE.isdisjoint(path.parts):
                yield path


def _places(pattern: re.Pattern[str], paths: Iterator[Path] | list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (match := pattern.search(line))
    ]


def _calls(tree: ast.AST) -> Iterator[tuple[int, str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, _dotted(node.func), node


def _dotted(node: ast.expr) -> str:
    """The name that is called; to unparse every call would take seconds."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{_dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


LOADERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def _unsafe(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Ways to run code that came as data."""
    yield from ((line, name) for line, name in _imports(tree) if name.split(".")[0] in LOADERS)
    for line, function, call in _calls(tree):
        if function in {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load"}:
            yield line, function
        for keyword in call.keywords:
            if keyword.arg == "allow_pickle" and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield line, "allow_pickle"


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _methods(node: ast.ClassDef) -> Iterator[Function]:
    yield from (item for item in node.body if isinstance(item, Function) and not item.name.startswith("_"))


def _is_documented(node: Function) -> bool:
    decorators = {ast.unparse(decorator).split(".")[-1] for decorator in node.decorator_list}
    return bool(ast.get_docstring(node) or decorators & {"overload", "setter"})


def _undocumented(tree: ast.Module) -> Iterator[str]:
    """Public functions, classes and methods without a docstring of their own."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from (
                    f"{method.lineno}: {node.name}.{method.name}"
                    for method in _methods(node)
                    if not _is_documented(method)
                )
            if not ast.get_docstring(node):
                yield f"{node.lineno}: {node.name}"


def _code_lines(node: Function) -> int:
    docstring = ast.get_docstring(node, clean=False)
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1 - (len(docstring.splitlines()) if docstring else 0)


@functools.cache
def _trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in _python_sources()
    }


def test_nothing_that_came_as_data_is_executed() -> None:
    found = [f"{name}:{line}: {what}" for name, tree in _trees().items() for line, what in _unsafe(tree)]
    assert found == []


def test_no_test_or_tool_loads_pickles_either() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in _texts() if path.suffix == ".py"}
    named = {path: text for path, text in texts.items() if any(loader in text for loader in LOADERS)}
    imported = [(path.name, name) for path, text in named.items() for _, name in _imports(ast.parse(text))]
    assert [found for found in imported if found[1].split(".")[0] in LOADERS] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(text)",
        "exec(text)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_each_way_to_execute_data_is_seen(source: str) -> None:
    assert list(_unsafe(ast.parse(source)))


def test_an_explicit_refusal_of_pickles_is_fine() -> None:
    assert list(_unsafe(ast.parse("np.load(path, allow_pickle=False)"))) == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert _places(MACHINE_PATHS, _texts()) == []


def test_no_package_registry_is_named() -> None:
    assert _places(REGISTRIES, _texts()) == []


def test_nothing_is_left_unfinished() -> None:
    assert _places(UNFINISHED, [path for path in _texts() if path.suffix == ".py"]) == []


def test_every_public_thing_is_documented() -> None:
    assert [f"{name}:{bare}" for name, tree in _trees().items() for bare in _undocumented(tree)] == []


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in _trees().items() if not ast.get_docstring(tree)] == []


def test_every_folder_of_modules_is_a_package() -> None:
    """Without ``__init__.py`` the import contracts and the documents would not see it."""
    folders = {path.parent for path in _python_sources()}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_files_stay_short() -> None:
    sources = [path for path in _texts() if path.suffix == ".py"]
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources
    }
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


@pytest.mark.slow
def test_functions_stay_short() -> None:
    long = [
        f"{name}:{node.lineno}: {node.name} has {_code_lines(node)} lines"
        for name, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, Function) and _code_lines(node) > MAX_FUNCTION_LINES
    ]
    assert long == []
