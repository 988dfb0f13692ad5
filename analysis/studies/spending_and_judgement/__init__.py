"""Spending on prevention and the judgements of inspectors."""
