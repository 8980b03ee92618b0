#!/bin/sh
# Installs one pinned version of greenlight and prints its folder. POSIX shell; needs no root. Uses no network if
# that version is already in the folder or on PATH. Variables that it reads:
#   GREENLIGHT_INSTALL_VERSION  the version, such as 0.1.0
#   GREENLIGHT_INSTALL_SHA256   the SHA-256 that the program must have; required for a download
#   GREENLIGHT_INSTALL_URL      the address of the program: https://... or file:///...
#   GREENLIGHT_INSTALL_FOLDER   the folder to install into; default: $HOME/.local/bin
# The orb and the GitLab template contain a copy of the function, because neither can include a file. Do not use
# here-documents: CircleCI replaces what follows `<<`.
set -eu

greenlight_install() (
  # Turn tracing off: a trace (`set -x`) would print the address with its secrets.
  { set +x; } 2>/dev/null
  set -eu
  version=${GREENLIGHT_INSTALL_VERSION:-}
  url=${GREENLIGHT_INSTALL_URL:-}
  sum=${GREENLIGHT_INSTALL_SHA256:-}
  folder=${GREENLIGHT_INSTALL_FOLDER:-}
  [ -n "$folder" ] || folder=${HOME:?}/.local/bin

  fail() {
    echo "greenlight is not installed: $*" >&2
    exit 1
  }

  # Prints the address without secrets: without user, password and query.
  shown() {
    address=${1%%[?#]*}
    scheme=${address%%://*}
    rest=${address#*://}
    host=${rest%%/*}
    path=${rest#"$host"}
    echo "$scheme://${host##*@}$path"
  }

  # Each tool prints the sum next to a file name, before or after it.
  sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
      printed=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
      printed=$(shasum -a 256 <"$1")
    elif command -v openssl >/dev/null 2>&1; then
      printed=$(openssl dgst -sha256 <"$1")
    else
      fail "no program can verify its SHA-256: install sha256sum, shasum or openssl"
    fi
    for word in $printed; do
      [ "${#word}" -ne 64 ] || echo "$word"
    done
  }

  # Checks that a file is the requested version.
  fits() {
    [ -f "$1" ] && [ -x "$1" ] || return 1
    [ -z "$sum" ] || [ "$(sum_of "$1")" = "$sum" ] || return 1
    [ "$("$1" --version 2>/dev/null)" = "greenlight $version" ]
  }

  fetch() {
    if [ "${url#file://}" != "$url" ]; then
      cp "${url#file://}" "$1"
    elif command -v curl >/dev/null 2>&1; then
      curl --fail --silent --show-error --location --proto =https --connect-timeout 10 --max-time 300 --output "$1" "$url"
    elif command -v wget >/dev/null 2>&1; then
      wget -q -T 30 -O "$1" "$url"
    else
      fail "no program can download it: install curl or wget"
    fi
  }

  [ -n "$version" ] || fail "GREENLIGHT_INSTALL_VERSION is empty: set it to a version, such as 0.1.0"
  if [ -n "$sum" ]; then
    case $sum in *[!0-9a-f]*) fail "GREENLIGHT_INSTALL_SHA256 is not 64 lowercase hexadecimal digits" ;; esac
    [ "${#sum}" -eq 64 ] || fail "GREENLIGHT_INSTALL_SHA256 is not 64 lowercase hexadecimal digits"
  fi

  if fits "$folder/greenlight"; then
    echo "$folder"
    exit
  fi
  found=$(command -v greenlight || true)
  case $found in
    /*)
      if fits "$found"; then
        echo "${found%/*}"
        exit
      fi
      ;;
  esac

  [ -n "$url" ] || fail "version $version is neither in $folder nor on PATH: set GREENLIGHT_INSTALL_URL to download it"
  case $url in https://* | file:///*) ;; *) fail "GREENLIGHT_INSTALL_URL must begin with https:// or file:///" ;; esac
  [ -n "$sum" ] || fail "a download must be verified: set GREENLIGHT_INSTALL_SHA256"

  mkdir -p "$folder"
  new=$(mktemp "$folder/.greenlight.XXXXXX")
  trap 'rm -f "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  attempt=1
  until fetch "$new"; do
    [ "$attempt" -lt 3 ] || fail "$(shown "$url") could not be downloaded in $attempt attempts"
    sleep "$attempt"
    attempt=$((attempt + 1))
  done
  has=$(sum_of "$new")
  [ "$has" = "$sum" ] || fail "the SHA-256 of $(shown "$url") is $has, expected $sum"
  chmod 755 "$new"
  fits "$new" || fail "the program at $(shown "$url") has the expected SHA-256, but is not version $version for this machine"
  mv -f "$new" "$folder/greenlight"
  echo "$folder"
)

greenlight_install
