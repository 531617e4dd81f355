"""Scorecards: from outcomes and entered values to points, vetoes, grades, ranks and awards."""
