// Decides whether a release may enter the next environment, from evidence: tag, digest, stage (deployed, converged,
// failed, unknown) and loadTest (passed, failed, errored, inconclusive, not-run). Returns GREENLIGHT_PERMISSION,
// GREENLIGHT_NEXT and the rest of the answer as a map. Fails the build on a stop, and on a hold unless `hold` is true.
// Optional: config, another file than the greenlight.toml of the repository.
def call(Map options) {
    int status = 0
    withEnv([
        'TAG=' + (options.tag ?: ''),
        'DIGEST=' + (options.digest ?: ''),
        'STAGE=' + (options.stage ?: ''),
        'LOAD_TEST=' + (options.loadTest ?: 'not-run'),
        'CONFIG=' + (options.config ?: ''),
    ]) {
        status = sh(label: 'Decide', returnStatus: true, script: '''
set -- --load-test "$LOAD_TEST"
if [ -n "$DIGEST" ]; then set -- "$@" --digest "$DIGEST"; fi
if [ -n "$STAGE" ]; then set -- "$@" --stage "$STAGE"; fi
if [ -n "$CONFIG" ]; then set -- "$@" --config "$CONFIG"; fi
greenlight decide --tag "$TAG" "$@" --warn-exit-code 3 --export dotenv=.greenlight-decide.env
''')
    }
    greenlightStatus('decide', status, options.hold ? true : false)
    return greenlightAnswer('.greenlight-decide.env')
}
