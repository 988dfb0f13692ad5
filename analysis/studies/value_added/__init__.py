"""What an authority's judgements show beyond its circumstances: value-added ratings."""
