#!/bin/sh
# Makes sure of a Chromium for the browser tests: installs Debian's where it is missing and permitted.
# Missing, it is no reason to stop: everything but the browser tests works without.
for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if [ -n "$CHROMIUM" ] && [ -x "$CHROMIUM" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    for name in chromium-headless-shell chromium; do
        if apt-get install -y -qq --no-install-recommends "$name" fonts-liberation >/dev/null \
            && command -v "$name"; then
            exit 0
        fi
    done
fi
echo "The browser tests need Chromium, and none was found. Install it (on Debian:" \
    "apt-get install chromium), or say where it is: export CHROMIUM=/path/to/chromium" >&2
