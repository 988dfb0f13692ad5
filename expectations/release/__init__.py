"""The release checks: marts are checked before anybody sees them."""
