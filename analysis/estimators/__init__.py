"""Estimators: arrays or frames in, a typed result out.

Nothing here reads a file, knows a mart or an authority. Every result is a frozen dataclass with ``summary()`` (text),
mostly ``frame()`` (tidy), and a ``reason`` wherever something could not be estimated: bad data never raise, a wrong
call does. Import the module you need; heavy libraries load when a function first runs.
"""
