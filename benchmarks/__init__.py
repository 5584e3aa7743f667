"""Measurements: ``python -m benchmarks``, ``.operations``, ``.startup``. Speed is measured here and asserted nowhere."""
