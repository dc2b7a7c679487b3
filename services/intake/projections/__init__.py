"""The folds of intake's read models, one module a projection."""
