#!/bin/sh
# Prints the lines of the build backend from the development lock, hashes and all.
# Usage: backend.sh requirements-dev.lock. pip refuses to install it when one of its requirements is missing here.
exec sed -n -E '/^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/,/[^\\]$/p' "$1"
