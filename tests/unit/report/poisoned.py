"""Names that nobody would give a village, and the year that is reported on."""

MARKUP = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://x.invalid","a")'
PLAN = "</script><script>alert(2)</script>"
YEAR = 2018
