#!/bin/sh
# The stand-in for a deploy command and for a load test: command.sh KIND LOG SEED LEASE [PASSED FAILED]
#
# It takes up to 0.4 s, and one run in ten takes longer than the lease, which is in seconds. One load test in eight fails.
# The choices depend on the seed, the deployment, the environment and the run. It writes a line to the effects log when it
# begins, and one when it ends. The lock file of the environment shows whether another command runs in the environment:
# the kernel releases the lock when the process ends, even if it is killed.
kind=$1 log=$2 seed=$3 lease=$4 results=$5
choice=$(echo "$seed $kind $GREENLIGHT_DEPLOYMENT $GREENLIGHT_ENVIRONMENT ${GREENLIGHT_FOLDER##*/}" | cksum)
choice=${choice%% *}
[ $((choice % 8)) -ne 0 ] || results=$6
seconds=0
[ $((choice / 8 % 10)) -ne 0 ] || seconds=$((lease + 1))
# The limit for the size of files that greenlight inherits must not affect the log.
ulimit -S -f unlimited
exec 9>>"lock-$GREENLIGHT_ENVIRONMENT"
alone=true
flock -n 9 || alone=false
line() {
  read -r at _ </proc/uptime
  printf '{"effect":"%s","kind":"%s","environment":"%s","tag":"%s","commit":"%s","digest":"%s","deployment":%s,"run":"%s","alone":%s,"at":%s}\n' \
    "$1" "$kind" "$GREENLIGHT_ENVIRONMENT" "$GREENLIGHT_TAG" "$GREENLIGHT_COMMIT" "$GREENLIGHT_DIGEST" \
    "$GREENLIGHT_DEPLOYMENT" "${GREENLIGHT_FOLDER##*/}" "$alone" "$at" >>"$log"
}
line begin
sleep "$seconds.$((choice / 80 % 4))$((choice / 320 % 10))" 9>&-
case $kind in
  deploy) printf '%s\n' "$GREENLIGHT_COMMIT" >"live-$GREENLIGHT_ENVIRONMENT.$$" &&
    mv "live-$GREENLIGHT_ENVIRONMENT.$$" "live-$GREENLIGHT_ENVIRONMENT" ;;
  load-test) cp "$results" "$GREENLIGHT_FOLDER/results.json" ;;
esac
line end
