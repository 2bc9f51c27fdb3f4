"""Les nombres écrits à la française."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcam_lab.base import numbers

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (numbers.percent(0.9992306), f"99,92{SPACE}%"),
        (numbers.percent(1e-7), f"< 0,01{SPACE}%"),
        (numbers.percent(0), f"0,00{SPACE}%"),
        (numbers.percent(1 - 1e-7), f"> 99,99{SPACE}%"),
        (numbers.percent(1), f"100,00{SPACE}%"),
        (numbers.percent(0.5, digits=0), f"50{SPACE}%"),
        (numbers.percent(0.005, digits=0), f"< 1{SPACE}%"),
        (numbers.percent(0.995, digits=0), f"> 99{SPACE}%"),
        (numbers.short_percent(0.338), f"33,8{SPACE}%"),
        (numbers.short_percent(0.9999), f"> 99,9{SPACE}%"),
        (numbers.short_percent(1e-4), f"< 0,1{SPACE}%"),
        (numbers.short(0.012345), "0,0123"),
        (numbers.short(-2.5, sign=True), "\N{MINUS SIGN}2,5"),
        (numbers.tick(-0.30000000000000004), "\N{MINUS SIGN}0,3"),
        (numbers.tick(2.5e-5), "2,5·10⁻⁵"),
        (numbers.megabytes(553.6), f"554{SPACE}Mo"),
        (numbers.seconds(0.0854), f"85{SPACE}ms"),
        (numbers.seconds(2.41), f"2,4{SPACE}s"),
    ],
)
def test_numbers_are_written_in_french(written, expected):
    assert written == expected


@given(st.floats(0, 1), st.integers(0, 4))
def test_a_percentage_never_rounds_to_a_certainty(share, digits):
    text = numbers.percent(share, digits)
    assert text.endswith(f"{SPACE}%")
    number = text.removesuffix(f"{SPACE}%").replace(",", ".")
    sign, value = number[0], float(number.lstrip("<> "))
    if sign in "<>":
        assert 0 < share < 1
        assert share < value / 100 if sign == "<" else share > value / 100
    else:
        # Une moitié du dernier chiffre, et l'arrondi des nombres à virgule.
        assert abs(100 * share - value) <= 0.5 * 10.0**-digits + 1e-9
        assert value not in (0, 100) or share in (0, 1)
