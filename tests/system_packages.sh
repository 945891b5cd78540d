#!/bin/sh
# Programs the tests need and pip cannot bring: Java for the engine `local`, Chromium for JupyterLab, PostgreSQL for
# JDBCExecute. Installs what is missing when root on Debian; otherwise says what to install.
set -eu

missing=""
command -v java >/dev/null 2>&1 || missing="$missing openjdk-17-jre-headless"
{ command -v chromium && command -v chromedriver; } >/dev/null 2>&1 || missing="$missing chromium chromium-driver"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "[set-up] system packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086  # a list of words on purpose
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "The tests need these Debian packages, which only root can install:$missing"
  echo "Install them (apt-get install$missing), then run make test again."
  exit 1
fi
