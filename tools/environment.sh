#!/bin/sh
# Makes sure of a virtual environment that works: sh tools/environment.sh FOLDER PROJECT [PYTHON]
# One that somebody else made is kept where it has a fitting Python and pip, and replaced otherwise.
folder=$1
project=$2
python=$3

# A name that is found need not run: a version manager leaves shims of versions that are not chosen.
fits() {
    "$1" -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

# Programs of an environment hold its path, so one that was moved with its project is made again.
made_for=$(cat "$folder/set-up" 2>/dev/null)
if [ "${made_for:-$project}" = "$project" ] && fits "$folder/bin/python"; then
    if "$folder/bin/python" -m pip --version >/dev/null 2>&1 \
        || "$folder/bin/python" -m ensurepip --default-pip >/dev/null 2>&1; then
        exit 0
    fi
fi
if [ -z "$python" ]; then
    for name in python3 python3.12 python3.11 python3.13 python3.10; do
        if fits "$name"; then
            python=$name
            break
        fi
    done
fi
if [ -z "$python" ] || ! fits "$python"; then
    echo "setup needs a Python 3.10 to 3.13 with the modules venv and ensurepip, and" \
        "${python:-none on the path} is not one. Install one (on Debian or Ubuntu:" \
        "apt-get install python3-venv), or name one: make setup PYTHON=/path/to/python" >&2
    exit 1
fi
echo "making $folder with $("$python" --version)"
exec "$python" -m venv --clear "$folder"
