"""SciPy's functions for duals, where SciPy itself converts to plain arrays; nothing here is imported before it is asked for."""
