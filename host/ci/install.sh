#!/bin/sh
# Installs one pinned version of greenlight, and prints the folder that holds it. POSIX shell; needs no root.
# Uses no network if that version is already in the folder or on PATH. Variables:
#   GREENLIGHT_INSTALL_VERSION  the version, such as 0.1.0
#   GREENLIGHT_INSTALL_SHA256   the SHA-256 that the program must have. Required for a download
#   GREENLIGHT_INSTALL_URL      the URL of the program: https://... or file:///...
#   GREENLIGHT_INSTALL_FOLDER   the folder to install to; $HOME/.local/bin unless set
# Plug-ins that can't include a file contain an exact copy of the function. It has no backslashes, which Groovy
# would interpret, and no here-documents, whose `<<` CircleCI would interpret.
set -eu

greenlight_install() (
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

  # The tools print the sum first or last, beside a name.
  sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
      said=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
      said=$(shasum -a 256 <"$1")
    elif command -v openssl >/dev/null 2>&1; then
      said=$(openssl dgst -sha256 <"$1")
    else
      fail "none of sha256sum, shasum and openssl is here to check it"
    fi
    for word in $said; do
      [ "${#word}" -ne 64 ] || echo "$word"
    done
  }

  # Says whether a file is the version that was asked for.
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
      fail "neither curl nor wget is here to download it"
    fi
  }

  [ -n "$version" ] || fail "GREENLIGHT_INSTALL_VERSION does not say which version"
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

  [ -n "$url" ] || fail "version $version is neither in $folder nor on PATH, and GREENLIGHT_INSTALL_URL does not say where to find it"
  case $url in https://* | file:///*) ;; *) fail "GREENLIGHT_INSTALL_URL begins with neither https:// nor file:///" ;; esac
  [ -n "$sum" ] || fail "nothing is downloaded without GREENLIGHT_INSTALL_SHA256"

  mkdir -p "$folder"
  new=$(mktemp "$folder/.greenlight.XXXXXX")
  trap 'rm -f "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  attempt=1
  until fetch "$new"; do
    [ "$attempt" -lt 3 ] || fail "$url could not be read in $attempt attempts"
    sleep "$attempt"
    attempt=$((attempt + 1))
  done
  has=$(sum_of "$new")
  [ "$has" = "$sum" ] || fail "the SHA-256 of $url is $has, and not $sum"
  chmod 755 "$new"
  fits "$new" || fail "what is at $url has the right SHA-256, but is not version $version for this machine"
  mv -f "$new" "$folder/greenlight"
  echo "$folder"
)

greenlight_install
