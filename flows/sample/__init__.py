"""The bundled sample: a synthetic England in the publishers' own shapes, with known effects planted around inspections.

``write_sample(folder)`` writes it; nothing in it is a real figure.
"""

from flows.sample.sample import Sample, write_sample

__all__ = ["Sample", "write_sample"]
