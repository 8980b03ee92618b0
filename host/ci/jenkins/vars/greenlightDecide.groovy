// Decides whether a release may go on, from what is known: tag, digest, stage (deployed, converged, failed, unknown)
// and loadTest (passed, failed, errored, inconclusive, not-run). Returns GREENLIGHT_PERMISSION and GREENLIGHT_NEXT with the
// rest of the answer as a map. Fails the build unless the release may go on; with `hold`, a hold is returned, too.
def call(Map options) {
    int status = 0
    withEnv([
        'TAG=' + (options.tag ?: ''),
        'DIGEST=' + (options.digest ?: ''),
        'STAGE=' + (options.stage ?: ''),
        'LOAD_TEST=' + (options.loadTest ?: 'not-run'),
    ]) {
        status = sh(label: 'Decide', returnStatus: true, script: '''
set -- --load-test "$LOAD_TEST"
if [ -n "$DIGEST" ]; then set -- "$@" --digest "$DIGEST"; fi
if [ -n "$STAGE" ]; then set -- "$@" --stage "$STAGE"; fi
greenlight decide --tag "$TAG" "$@" --warn-exit-code 3 --export dotenv=.greenlight-decide.env
''')
    }
    greenlightStatus('decide', status, options.hold ? true : false)
    return greenlightAnswer('.greenlight-decide.env')
}
