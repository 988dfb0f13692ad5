"""The stages of the main job, a module each; :mod:`flows.run` has their order."""
