"""The bundled sample: a synthetic England in the publishers' own shapes, with known effects planted around inspections.

:func:`flows.sample.sample.write_sample` writes it; nothing in it is a real figure.
"""
