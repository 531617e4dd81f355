"""Charts as plain data for Apache ECharts, the same for dashboards and for standalone reports."""
