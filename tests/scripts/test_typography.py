"""Les espaces insécables des pages françaises."""

import pytest

from scripts.typography import PAGES, ROOT, no_break


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Voici : un, deux ; trois ? Non !", "Voici~: un, deux~; trois~? Non~!"),
        ("« chat » à 78 %", "«~chat~» à 78~%"),
        ("554 Mo, 3 Go, 7,6 ms", "554~Mo, 3~Go, 7,6~ms"),
        ("1 198 574 paramètres, en 40 000 vues", "1~198~574 paramètres, en 40~000 vues"),
        ("`mini` : le réseau", "`mini`~: le réseau"),
    ],
)
def test_these_spaces_do_not_break(typed, expected):
    assert no_break(typed) == expected.replace("~", "\N{NO-BREAK SPACE}")
    assert no_break(no_break(typed)) == no_break(typed)


@pytest.mark.parametrize(
    "kept",
    [
        "le code `a ; b` et `x if y else z ?`",
        "un lien [ici](page ; x) et une ![image](a.png), puis | ![autre](b.png)",
        "```sh\necho a ; echo « b »\n```",
        "| photo | nombre |\n|---|---:|",
        "  : au début d'une ligne",
        "3 souris, 12 mois",
    ],
)
def test_code_links_and_tables_are_kept(kept):
    assert no_break(kept) == kept


@pytest.mark.parametrize("name", [*PAGES, "docs/carte_mini.md", "docs/solutions.md"])
def test_the_pages_are_written_so(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = no_break((ROOT / name).read_text(encoding="utf-8")).splitlines()
    wrong = [line for line, good in zip(lines, wanted, strict=True) if line != good]
    assert not wrong, "lancez « make format »"
