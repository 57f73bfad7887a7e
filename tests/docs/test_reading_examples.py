"""How examples are found on a page and run."""

from pathlib import Path

import pytest

from tests.docs.examples import read_examples, run_examples

PAGE = """# Page

```python
level = 32
```

Text.

```console
$ not python
```

```python
print(level + 1)
```

<!-- prints -->
```text
33
```

<!-- not run: needs a server -->
```python
serve()
```

1. In a list:

   ```python
   if level:
       level = 0
   ```
"""


def test_blocks_of_python_are_found_with_their_lines() -> None:
    assert [(example.line, example.source) for example in read_examples(PAGE)] == [
        (4, "level = 32\n"),
        (14, "print(level + 1)\n"),
        (24, "serve()\n"),
        (30, "if level:\n    level = 0\n"),
    ]


def test_the_output_below_a_block_belongs_to_it() -> None:
    assert [example.prints for example in read_examples(PAGE)] == [None, "33\n", None, None]


def test_the_reason_for_not_running_a_block_is_kept() -> None:
    assert [example.not_run for example in read_examples(PAGE)] == ["", "", "needs a server", ""]


def test_blocks_share_a_namespace_and_those_not_run_are_left_out() -> None:
    ran = list(run_examples(read_examples(PAGE), Path("page.md")))
    assert [(example.line, printed) for example, printed in ran] == [(4, ""), (14, "33\n"), (30, "")]


def test_an_error_points_at_the_line_of_the_page() -> None:
    page = "\n\n```python\nx = 1\nraise ValueError(x)\n```\n"
    with pytest.raises(ValueError, match="1") as caught:
        list(run_examples(read_examples(page), Path("page.md")))
    assert caught.traceback[-1].lineno == 4  # counted from 0
