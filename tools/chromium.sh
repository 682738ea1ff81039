#!/bin/sh
# Makes sure of a Chromium for the browser tests: installs Debian's where it is missing and permitted.
# Missing, it is no reason to stop: everything but the browser tests works without.
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if [ -n "$CHROMIUM" ] && [ -x "$CHROMIUM" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Chromium for the browser tests"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends chromium fonts-liberation >/dev/null && command -v chromium; then
        exit 0
    fi
fi
echo "The browser tests need Chromium, and none was found. Install it (on Debian:" \
    "apt-get install chromium), or say where it is: export CHROMIUM=/path/to/chromium" >&2
