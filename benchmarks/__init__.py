"""Measurements: ``python -m benchmarks``. Speed is measured here and asserted nowhere."""
