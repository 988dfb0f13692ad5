"""How do quality measures move, relate and foretell an inadequate judgement? (Hood, Grant, Jones & Goldacre.)"""
