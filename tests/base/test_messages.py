"""Les phrases du paquet : affichées, tues, ou gardées pour être montrées autrement."""

import sys
from types import SimpleNamespace

import pytest

from gradcam_lab.base import messages
from gradcam_lab.base.messages import muted, overheard, say


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(messages, "_said", [])


def test_say_and_its_silences(capsys):
    say("a")
    with muted():
        say("b")
        with overheard() as heard:
            say("c")
            say("d", once=True)
            say("d", once=True)
        say("e")
    say("f")
    assert heard == ["c", "d"]
    assert capsys.readouterr().out == "a\nf\n"


def test_once_is_once_a_cell(capsys, monkeypatch):
    shell = SimpleNamespace(execution_count=1)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    for cell in (1, 1, 2, 2):
        shell.execution_count = cell
        say("a", once=True)
    monkeypatch.delitem(sys.modules, "IPython")
    for _ in range(3):
        say("a", once=True)
        say("b")
    assert capsys.readouterr().out == "a\na\na\nb\nb\nb\n"
