"""Small panel mappings for tests."""

LONG = {
    "name_zh": "例",
    "name_en": "example",
    "source": "made up",
    "status": "assumed",
    "layout": "long",
    "unit": {"from": "id"},
    "wave": {"from": "wave", "years": {2: 2018, 1: 2016}},
    "income": {"from": "inc", "unit": "CNY per head and year"},
}
POOR = {key: value for key, value in LONG.items() if key != "income"}
POOR |= {"welfare": "poor", "poor": {"from": "p"}}
WIDE = {key: value for key, value in LONG.items() if key not in ("layout", "wave", "income")} | {
    "layout": "wide",
    "income": {"unit": "CNY per head and year"},
    "waves": [
        {"label": "a", "year": 2016, "columns": {"income": "inc16"}},
        {"label": "b", "year": 2018, "columns": {"income": "inc18"}},
    ],
}
