"""What the site is built with: formulas, commands that are run, fonts, and pages that fetch nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from docutils.utils.math import MathError
from povsim_site.console import performed
from povsim_site.kernels import FAMILIES, SETTINGS, chinese_family, environment_of_kernels
from povsim_site.mathml import mathml
from povsim_site.outward import fetched_from_elsewhere, outward
from povsim_site.sources import digest, only

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)


def formulas(text):
    """Return the formulas of a page, whether each is a block, and itself; code is left out."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    blocks = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    inline = re.findall(
        r"(?<![\\$\w])\$(?! )([^$\n]+?)(?<! )\$(?!\d)", re.sub(r"\$\$.+?\$\$", "", text, flags=re.DOTALL)
    )
    return [(True, one.strip()) for one in blocks] + [(False, one) for one in inline]


def test_every_formula_can_be_drawn():
    found = [(page.name, *one) for page in PAGES for one in formulas(page.read_text(encoding="utf-8"))]
    assert len(found) > 60
    for name, block, tex in found:
        assert mathml(tex, block=block).startswith("<math"), (name, tex)


def test_what_is_no_formula_is_told():
    with pytest.raises(MathError, match="nosuchcommand"):
        mathml(r"\nosuchcommand x", block=False)


def test_blocks_of_commands_go_on_where_the_last_one_ended(tmp_path):
    assert performed(["mkdir below", "cd below", "echo 'it'\"'\"'s'"], tmp_path)[:2] == (
        0,
        "$ mkdir below\n$ cd below\n$ echo 'it'\"'\"'s'\nit's\n",
    )
    assert performed(["pwd"], tmp_path)[1].splitlines()[-1] == str(tmp_path / "below")


def test_a_command_that_fails_ends_its_block(tmp_path):
    code, printed, said = performed(["echo before", "ls nowhere-at-all", "echo after"], tmp_path)
    assert code != 0
    assert printed == "$ echo before\nbefore\n$ ls nowhere-at-all\n"
    assert "nowhere-at-all" in said


def test_commands_of_blocks_are_those_of_this_python(tmp_path):
    code, printed, said = performed(["povsim --version"], tmp_path)
    assert (code, said) == (0, "")
    assert re.search(r"^povsim \d", printed, re.MULTILINE)


PAGE = """<html><head><link rel="stylesheet" href="{0}/a.css"><script src="{0}/b.js"></script></head>
<body><a href="https://a.example/">a link is no fetch</a><img src="{0}/c.png"></body></html>"""


@pytest.mark.parametrize(("place", "count"), [("https://a.example", 3), ("//a.example", 3), ("_static", 0), ("..", 0)])
def test_what_a_page_fetches_from_elsewhere_is_found(place, count, tmp_path):
    assert len(fetched_from_elsewhere(PAGE.format(place))) == count
    (tmp_path / "page.html").write_text(PAGE.format(place), encoding="utf-8")
    (tmp_path / "style.css").write_text(f"@font-face {{ src: url('{place}/font.woff2'); }}", encoding="utf-8")
    assert len(list(outward(tmp_path))) == (count + 1 if count else 0)


def test_figures_have_a_family_with_chinese_glyphs():
    assert chinese_family(["DejaVu Sans", FAMILIES[1]]) == FAMILIES[1]
    assert chinese_family([]) is None
    assert SETTINGS.is_file()
    settings = SETTINGS.read_text(encoding="utf-8")
    assert all(family in settings for family in FAMILIES[:3])


def test_a_missing_glyph_is_an_error_in_a_kernel(tmp_path):
    code = (
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "plt.rcParams['font.sans-serif'] = ['DejaVu Sans']\n"
        "plt.title('贫困'); plt.savefig('figure.png')"
    )
    surroundings = {**environment_of_kernels(tmp_path / "cache"), "PATH": "", "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", code], env=surroundings, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"UserWarning: Glyph \d+ .* missing from font", done.stderr)


def test_what_pages_are_made_from_has_a_digest(tmp_path):
    (tmp_path / "scenarios").mkdir()
    before = digest(tmp_path)
    (tmp_path / "scenarios" / "plan.yaml").write_text("code: a", encoding="utf-8")
    after = digest(tmp_path)
    (tmp_path / "scenarios" / "plan.yaml").write_text("code: b", encoding="utf-8")
    assert len({before, after, digest(tmp_path)}) == 3
    cache = tmp_path / "cache"
    (cache / before).mkdir(parents=True)
    (cache / after).mkdir()
    assert only(cache, after) == cache / after
    assert [path.name for path in cache.iterdir()] == [after]


FAULTY = """---
file_format: mystnb
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Faults

A formula: $\\\\nosuchcommand x$. <img src="https://elsewhere.example/a.png">

```{console}
:write: there.txt

something written
```

```{console}
grep written there.txt
povsim no-such-command
```

```{code-cell} ipython3
import matplotlib.pyplot as plt

plt.rcParams["font.sans-serif"] = ["DejaVu Sans"]
plt.title("贫困");
```
"""


# slow: a kernel has to start, and that a build fails can only be seen by building
def test_every_fault_of_a_page_fails_the_build(tmp_path):
    source = tmp_path / "site"
    source.mkdir()
    ours = ("mathml", "console", "kernels", "outward")
    extensions = ["myst_nb", *(f"povsim_site.{name}" for name in ours)]
    settings = 'html_math_renderer = "mathml"\nnb_output_stderr = "error"\nmyst_enable_extensions = ["dollarmath"]\n'
    (source / "conf.py").write_text(f"extensions = {extensions}\n{settings}", encoding="utf-8")
    (source / "index.md").write_text(FAULTY.replace("\\\\", "\\"), encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "--builder", "html"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "docs" / "_ext")}
    done = subprocess.run([*build, str(source), str(tmp_path / "out" / "html")], env=surroundings, capture_output=True,
                          text=True)  # fmt: skip
    assert done.returncode != 0
    assert "nosuchcommand" in done.stderr
    assert "something written" in (tmp_path / "out" / "console" / "index" / "there.txt").read_text(encoding="utf-8")
    assert "a command failed with 2" in done.stderr
    assert re.search(r"Glyph \d+", done.stderr)
    assert "<img src> https://elsewhere.example/a.png" in done.stderr
