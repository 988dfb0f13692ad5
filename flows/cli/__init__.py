"""The ``csw`` command: a module per group of verbs, each verb a thin call of a plain function."""
