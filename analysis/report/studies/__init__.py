"""What each study shows on its page, one module per study."""
