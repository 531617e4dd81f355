"""Pages of the dashboards: each has ``build(state)``, which returns one widget."""
