"""The drill: dated proof that what must work once does work. Live on a canary, or rehearsed whole."""
