"""Units and names, in Chinese and English, that answers carry where they are DataArrays."""

from __future__ import annotations

NAMES: dict[str, tuple[str, str, str]] = {
    "headcount_ratio": ("share", "headcount ratio", "贫困发生率"),
    "poverty_gap": ("share of the line", "poverty gap", "贫困深度"),
    "poverty_severity": ("1", "squared poverty gap", "贫困强度"),
    "fgt": ("1", "Foster-Greer-Thorbecke measure", "FGT 指数"),
    "watts": ("log points", "Watts measure", "Watts 指数"),
    "exit_time": ("year", "mean time to exit", "平均脱贫时间"),
    "sen": ("1", "Sen measure", "Sen 指数"),
    "sen_shorrocks_thon": ("1", "Sen-Shorrocks-Thon measure", "SST 指数"),
    "takayama": ("1", "Takayama measure", "Takayama 指数"),
    "poor_gini": ("1", "Gini coefficient of the poor", "贫困人口基尼系数"),
    "mean_income": ("yuan per head", "mean income", "人均收入"),
    "gini": ("1", "Gini coefficient", "基尼系数"),
    "theil_l": ("log points", "Theil L (mean log deviation)", "泰尔 L 指数"),
    "theil_t": ("log points", "Theil T", "泰尔 T 指数"),
    "hoover": ("share", "Hoover index", "胡佛指数"),
    "atkinson": ("share", "Atkinson index", "阿特金森指数"),
    "quantile": ("yuan per head", "quantile of income", "收入分位数"),
    "quantile_shares": ("share", "income share of a quantile group", "分位组收入份额"),
    "quintile_ratio": ("1", "income of the top fifth to the bottom fifth", "五等份收入比"),
    "at_risk_threshold": ("yuan per head", "at-risk-of-poverty threshold", "相对贫困线"),
    "at_risk_rate": ("share", "at-risk-of-poverty rate", "相对贫困发生率"),
    "median_gap": ("share of the threshold", "relative median gap", "相对中位贫困缺口"),
    "line_for_share": ("yuan per head", "line for a given share", "给定发生率的标准"),
    "growth_incidence": ("share", "growth at a rank of the distribution", "增长发生曲线"),
}


def attributes(name: str) -> dict[str, str]:
    """Return ``units``, ``long_name`` and ``long_name_zh`` of a measure, empty for one that has none.

    Examples
    --------
    >>> attributes("gini")["long_name_zh"]
    '基尼系数'
    """
    if name not in NAMES:
        return {}
    unit, en, zh = NAMES[name]
    return {"units": unit, "long_name": en, "long_name_zh": zh}
