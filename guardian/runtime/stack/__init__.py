"""What the trading stack tells about itself: taken in, asked for, queued with a bound, shown."""
