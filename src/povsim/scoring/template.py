"""A scorecard to start an own one from: small, complete, every block explained in both languages."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from povsim.errors import InputError, Problem
from povsim.scoring.rule_schema import Code
from povsim.staging import replaced

_CODE: TypeAdapter[str] = TypeAdapter(Code)
_TEXT = """\
# 评分表：按文件打分的办法。改成自己的文件即可；每个数字都写明出处（source）和把握程度（status）：
# documented 有出处，estimated 由公布数据推算，assumed 假定。检查：povsim scorecard check {file}
# A scorecard: how a document gives points. Put your own document in its place. Every figure states its source and how
# well it is known: documented, estimated or assumed. Try it with: povsim scorecard check {file}

# 表头：代码（用于文件名）、两种语言的名称、对象（county、township、village、household、department）、总分、文件。
# The head: code, names, whom it scores, points in all, the document it comes from.
scorecard:
  code: {code}
  name_zh: 乡镇脱贫攻坚考核样例
  name_en: Example of an assessment of townships
  level: township
  total_points: 105
  document: made up, to be replaced

# 类别：得分为所属指标之和；可写 cap（最多）和 floor（最低）。
# Groups: the sum of their items; cap and floor bound it where given.
groups:
  - {{code: results, name_zh: 减贫成效, name_en: results, points: 60, source: to be replaced, status: assumed}}
  - {{code: work, name_zh: 工作落实, name_en: work, points: 45, source: to be replaced, status: assumed}}

# 指标：分值、单位、计分办法（rule）、目标（target，与指标同单位，可按年份写）、数值来源（value_from）。
# 各项分值之和应等于 total_points。数值来源四选一：simulated 模拟（povsim scorecard signals 列出全部名称）、
# entered 填报、assumed 假定、scorecard 另一评分表。missing：缺失时 refuse 报错、rebase 其余折算、zero 记零、
# last_known 沿用上年。
# Items: points, unit, rule, target (in the unit of the item; by year if wanted), where the value comes from. Their
# points sum to total_points. A value is simulated (povsim scorecard signals lists the names), entered, assumed, or the
# result of another scorecard. missing says what happens without a value: refuse, rebase, zero or last_known.
indicators:
  # 按步扣分：达到目标得满分，每低 step 扣 deduct 分。direction: lower 表示越低越好。
  # Deduction by steps; direction: lower where less is better.
  - code: exit_plan
    group: results
    name_zh: 年度减贫计划完成率
    name_en: yearly exit plan fulfilled
    points: 30
    unit: ratio
    target: {{value: 1.0, unit: ratio, source: to be replaced, status: assumed}}
    rule: {{type: linear_deduction, step: 0.01, deduct: 1, source: to be replaced, status: assumed}}
    value_from:
      simulated: exit_plan_completion
      plan: {{value: {{2016: 500, 2017: 400}}, unit: persons, source: to be replaced, status: assumed}}
    missing: rebase
    departments: [扶贫办]
    source: to be replaced
    status: assumed
  # 分档计分：各档首尾相接，最外两档不设边；closed 说明边界值归哪一档。
  # Bands without gaps, open at both ends; closed says to which band an edge belongs.
  - code: wrong_exits
    group: results
    name_zh: 错退率
    name_en: wrong exits
    points: 30
    direction: lower
    unit: share
    rule:
      type: bands
      closed: high
      bands:
        - {{high: 0.005, points: 30}}
        - {{low: 0.005, high: 0.02, points_at_low: 30, points_at_high: 10}}
        - {{low: 0.02, points: 0}}
      source: to be replaced
      status: assumed
    value_from:
      simulated: wrong_exit_rate
      sample: {{value: 300, unit: households, source: to be replaced, status: assumed}}
    source: to be replaced
    status: assumed
  # 按比例计分；未填报时用假定值（otherwise），每次模拟另取。
  # In proportion; until a value is entered an assumed one stands in, drawn anew in each draw.
  - code: satisfaction
    group: work
    name_zh: 群众满意度
    name_en: satisfaction
    points: 40
    unit: share
    rule: {{type: proportional, source: to be replaced, status: assumed}}
    value_from:
      entered: own
      otherwise:
        value: 0.93
        unit: share
        source: to be replaced
        status: assumed
        spread: {{type: triangular, low: 0.85, high: 0.99}}
    missing: rebase
    source: to be replaced
    status: assumed
  # 其他办法 / other rules: gate, all_or_nothing, proportional_to_norm, relative_to_mean, coefficient, rank,
  # zero_on_defect, ledger.
  # 每发现一处扣分 / points off for each defect.
  - code: files
    group: work
    name_zh: 档案差错
    name_en: errors in files
    points: 5
    direction: lower
    unit: defects
    rule: {{type: defects, deduct: 0.5, source: to be replaced, status: assumed}}
    value_from: {{entered: own}}
    missing: zero
    source: to be replaced
    status: assumed

# 检查发现：由用户填报，0 没有、1 一般、2 严重、3 涉嫌犯罪。
# Findings of inspectors, entered: 0 none, 1 found, 2 serious, 3 criminal.
findings:
  - {{code: fund_misuse, name_zh: 违规使用扶贫资金, name_en: funds misused, source: to be replaced, status: assumed}}

# 一票否决：when 写条件；effect 为 fail 不合格、zero 记零、cap 等次封顶、disqualify 取消资格、deduct 扣分。
# Vetoes: a condition and an effect: fail, zero, cap, disqualify or deduct.
vetoes:
  - code: misuse
    name_zh: 资金一票否决
    name_en: veto on funds
    when: {{finding: fund_misuse, comparison: ">=", threshold: 2}}
    effect: cap
    grade: poor
    source: to be replaced
    status: assumed

# 问责：情形（triggers）引出后果的阶梯（ladders），按程度逐级。
# Triggers set a ladder of consequences in motion, by severity.
ladders:
  - code: accountability
    name_zh: 问责
    name_en: accountability
    steps:
      - {{code: talk, name_zh: 约谈, name_en: called in, severity: 1}}
      - {{code: circular, name_zh: 通报批评, name_en: named in a circular, severity: 2}}
      - {{code: case, name_zh: 移送司法, name_en: handed to the courts, severity: 3}}
    source: to be replaced
    status: assumed
triggers:
  - code: fund_misuse
    name_zh: 违规使用资金
    name_en: funds misused
    when: {{finding: fund_misuse}}
    ladder: accountability
    source: to be replaced
    status: assumed

# 等次：按分数线（cutoff）或按名次比例（share）；最后一等取其余。
# Grades by cut-offs or by shares of the units ranked; the last takes the rest.
grades:
  by: cutoff
  grades:
    - {{code: excellent, name_zh: 优秀, name_en: excellent, at_least: 90}}
    - {{code: good, name_zh: 良好, name_en: good, at_least: 75}}
    - {{code: poor, name_zh: 较差, name_en: poor}}
  source: to be replaced
  status: assumed

# 奖惩：top_share、top_count、bottom_count、cutoff、consecutive；penalty: true 表示问责。
# Awards; penalty: true marks a consequence of a low place.
awards:
  - code: commended
    name_zh: 表彰
    name_en: commended
    type: top_count
    count: 3
    source: to be replaced
    status: assumed

# 并列：依次比较哪些指标，仍相同时取最前（best）或最后（worst）的名次。
# Ties: items compared in turn; then all get the best or the worst of their places.
ties: {{break_by: [exit_plan], rank: best, source: to be replaced, status: assumed}}
"""


def card_template(code: str = "my-card", file: str = "my-card.yaml") -> str:
    """Return the text of a small scorecard with comments in both languages.

    Parameters
    ----------
    code : str
        Code of the new scorecard.
    file : str
        File it will stand in, for the comments.

    Raises
    ------
    InputError
        The code is none: letters, digits, ``_``, ``.`` and ``-``.

    Examples
    --------
    >>> import tempfile
    >>> from povsim.scoring.scorecard import read_scorecard
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_card_template(Path(folder, "a.yaml"), "town-2017")
    ...     read_scorecard(path).code
    'town-2017'
    """
    try:
        _CODE.validate_python(code)
    except ValidationError:
        allowed = "letters, digits, _ . and -, beginning with a letter or digit"
        raise InputError("scorecard template", [Problem("code", "is no code", code, allowed)]) from None
    # A code such as 2017 or 1.5 would be read back as a number.
    return _TEXT.format(code=f'"{code}"' if code[0].isdigit() or code.lower() in _WORDS else code, file=file)


_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
"""What YAML takes for something else than text."""


def write_card_template(path: Path, code: str) -> Path:
    """Write the text of `card_template` to a file and return the file."""
    text = card_template(code, " ".join(path.name.split()))
    with replaced(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
