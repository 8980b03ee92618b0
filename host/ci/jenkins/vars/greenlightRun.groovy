// Deploys a release as greenlight.toml describes: tag, and optionally digest, request (an idempotency key) and config
// (another file). Writes reports to the folder greenlight-report, also on failure. Fails the build unless the release
// is promoted.
def call(Map options) {
    int status = 0
    withEnv([
        'TAG=' + (options.tag ?: ''),
        'DIGEST=' + (options.digest ?: ''),
        'REQUEST=' + (options.request ?: ''),
        'CONFIG=' + (options.config ?: ''),
    ]) {
        status = sh(label: 'Deploy', returnStatus: true, script: '''
rm -rf greenlight-report
mkdir greenlight-report
set -- --warn-exit-code 3
set -- "$@" --report html=greenlight-report/deployment.html
set -- "$@" --report junit=greenlight-report/deployment.xml
if [ -n "$DIGEST" ]; then set -- "$@" --digest "$DIGEST"; fi
if [ -n "$REQUEST" ]; then set -- "$@" --request "$REQUEST"; fi
if [ -n "$CONFIG" ]; then set -- "$@" --config "$CONFIG"; fi
greenlight run --tag "$TAG" "$@"
''')
    }
    return greenlightStatus('run', status)
}
