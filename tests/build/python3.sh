#!/usr/bin/env bash
# Runs python3 with the test's arguments.
exec python3 "$@"
