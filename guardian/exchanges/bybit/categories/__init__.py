"""What one read asks of each category in which the venue lists contracts apart."""
