"""Every example of the README runs and prints what stands there."""

import doctest
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_examples():
    """The README is one doctest: a reader who types it in from top to bottom sees the same."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(README), module_relative=False, optionflags=flags)
    assert result.attempted > 40
    assert result.failed == 0


def test_commands():
    """The two commands of the README are the ones that continuous integration runs."""
    text = README.read_text(encoding="utf8")
    script = (README.parent / ".ci" / "run").read_text(encoding="utf8")
    for command in ("pip install . && python -m dualad", 'pip install ".[test]" && pytest'):
        assert f"    {command}\n" in text
        assert f"'{command}'\n" in script
