"""The sentence about a plan beside the first, where differences round to nothing."""

from __future__ import annotations

from dataclasses import replace

from povsim.views.comparison_sentence import Beside, sentence
from povsim.wording import wording

ZH, EN = (wording(lang, "commands", "compare") for lang in ("zh", "en"))
ONE = Beside("wide", "narrow", 2020, (-120.0, -150.0, -90.0), 2e6, 80.0, 25_000.0, "元")


def test_a_mean_that_rounds_to_nothing_is_not_called_more() -> None:
    about = replace(ONE, poor=(0.3, -20.0, 30.0))
    assert "与 narrow 差不多（80%区间：少 20 人 至 多 30 人）" in sentence(about, ZH)
    assert "about as many people are poor at the end of 2020 as with narrow (80 %: 20 fewer to 30 more)" in sentence(
        about, EN
    )


def test_nothing_at_all_is_the_same() -> None:
    assert "相同" in sentence(replace(ONE, poor=(0.0, 0.0, 0.0), spending=0.0, lasting=0.0), ZH)


def test_money_that_rounds_to_nothing_is_no_money() -> None:
    assert "支出相同" in sentence(replace(ONE, spending=30.0), ZH)
    assert "2.000 million" in sentence(replace(ONE, currency="yuan"), EN)
