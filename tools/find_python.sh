#!/bin/sh
# Prints the first Python that runs, is 3.10 to 3.13 and can make an environment.
# A name that is found need not run: a version manager leaves shims of versions that are not chosen.
for name in python3 python3.12 python3.11 python3.13 python3.10; do
    if "$name" -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1; then
        echo "$name"
        exit 0
    fi
done
echo "no Python 3.10 to 3.13 with the modules venv and ensurepip was found: install one" \
    "(on Debian or Ubuntu: apt-get install python3-venv), or name it: make PYTHON=/path/to/python" >&2
exit 1
