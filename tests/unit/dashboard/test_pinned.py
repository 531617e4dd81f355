"""What stands beside a big number when a state is pinned."""

import pytest

from povsim.dashboard.places import fits, short_folder
from povsim.dashboard.widgets.pinned import against
from povsim.views.parts import BigNumber
from povsim.wording import wording


def beside(was, now, lang="en"):
    return against(
        BigNumber("a", "A", now), [BigNumber("b", "B", "1"), BigNumber("a", "A", was)], wording(lang, "dashboard")
    )


@pytest.mark.parametrize(
    ("was", "now", "wanted"),
    [
        ("30 persons", "30 persons", "Same as A"),
        ("1,250 persons", "1,190 persons", "A: 1,250 persons (change −60)"),
        ("7.895 million yuan", "8.1 million yuan", "A: 7.895 million yuan (change +0.205)"),
        ("86 %", "91 %", "A: 86 % (change +5 points)"),
        # other units, or no numbers at all: no difference is made up
        ("9,800 yuan", "1.2 million yuan", "A: 9,800 yuan"),
        ("Upper Village", "Lower Village", "A: Upper Village"),
        ("–", "30 persons", "A: –"),
    ],
)
def test_the_difference_is_that_of_the_numbers_as_shown(was, now, wanted):
    assert beside(was, now) == wanted


def test_a_number_that_the_pinned_state_did_not_have_says_nothing():
    assert against(BigNumber("c", "C", "1"), [BigNumber("a", "A", "1")], wording("en", "dashboard")) == ""


def test_sockets_find_a_folder_with_a_short_path(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    made = short_folder("povsim-", 7)
    try:
        assert fits(made, 7)
        assert made.stat().st_mode & 0o077 == 0
    finally:
        made.rmdir()
    monkeypatch.setattr("povsim.dashboard.places.SHORT", tmp_path / "nowhere")
    made = short_folder("povsim-", 7)
    assert made.parent == long
    assert not fits(made, 7)
