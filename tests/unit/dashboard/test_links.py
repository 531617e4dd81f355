import base64
import contextlib
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from povsim.dashboard.links import LARGEST, LONGEST, MARK, decode, encode
from povsim.dashboard.settings import MOST, Settings
from povsim.errors import InputError


def packed(data: object) -> str:
    return MARK + base64.urlsafe_b64encode(zlib.compress(json.dumps(data).encode(), 9)).decode().rstrip("=")


def test_a_fresh_page_has_a_short_link():
    assert len(encode(Settings())) < 20


def test_chinese_codes_survive():
    settings = Settings().changed("forecast", area="鹤龙湖镇").changed("weights", points={"减贫": 3.5})
    assert decode(encode(settings)) == settings


def test_a_link_is_safe_in_an_address():
    token = encode(Settings().changed("weights", points={f"item_{i}": i / 7 for i in range(60)}))
    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert len(token) < 2_000


@pytest.mark.parametrize("token", ["", "nonsense", "2.eJw", "1.", "1.!!!!", "1.eJw", "1." + "A" * 50])
def test_damaged_links_say_so(token):
    with pytest.raises(InputError, match="address: is damaged"):
        decode(token)


def test_a_link_that_is_too_long_is_not_even_decoded():
    with pytest.raises(InputError, match="is too long"):
        decode(MARK + "A" * LONGEST)


def test_a_link_that_unfolds_to_too_much_is_refused():
    bomb = MARK + base64.urlsafe_b64encode(zlib.compress(b" " * (LARGEST * 20), 9)).decode().rstrip("=")
    assert len(bomb) < LONGEST
    with pytest.raises(InputError, match="is damaged"):
        decode(bomb)


def test_every_problem_is_named_at_once():
    with pytest.raises(InputError, match="3 problems") as caught:
        decode(packed({"lang": "fr", "year": 99999, "nonsense": 1}))
    assert all(name in str(caught.value) for name in ("lang", "year", "nonsense"))


def test_mappings_of_a_link_are_bounded():
    with pytest.raises(InputError, match="points"):
        decode(packed({"weights": {"points": {str(i): 1 for i in range(MOST + 1)}}}))


def test_numbers_that_are_not_finite_are_refused():
    text = MARK + base64.urlsafe_b64encode(zlib.compress(b'{"vetoes": {"error": NaN}}')).decode().rstrip("=")
    with pytest.raises(InputError, match="error"):
        decode(text)


@pytest.mark.parametrize("data", [[], 3, None, "text"])
def test_other_data_than_settings_are_refused(data):
    with pytest.raises(InputError):
        decode(packed(data))


@given(st.text(max_size=200))
def test_any_text_is_either_settings_or_one_clear_error(text):
    with contextlib.suppress(InputError):
        assert decode(text) == decode(encode(decode(text)))
