"""The bundled sample: a synthetic England in the publishers' own shapes, with known effects planted around inspections.

``write_sample(folder)`` writes it; nothing in it is a real figure.
"""

from flows.sample.effects import PlantedEffect
from flows.sample.sample import MARKER, write_sample
from flows.sample.truth import FirstInspection, RevisedCell, SampleTruth

__all__ = ["MARKER", "FirstInspection", "PlantedEffect", "RevisedCell", "SampleTruth", "write_sample"]
