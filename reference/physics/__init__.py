"""Part of ptychoparity."""
