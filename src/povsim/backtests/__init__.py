"""The model held against what happened: published series of a nation or province, and panels of households."""
