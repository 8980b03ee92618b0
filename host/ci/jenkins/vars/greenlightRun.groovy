// Deploys a release as greenlight.toml describes: tag, and optionally digest, request (an idempotency key) and config
// (another file). Writes reports to the folder greenlight-report, also on failure. Fails the build unless the release
// is promoted. The result of a superseded release is NOT_BUILT, as for older builds with Jenkins' milestone step.
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
: >.greenlight-run.env
set -- --warn-exit-code 3 --export dotenv=.greenlight-run.env
set -- "$@" --report html=greenlight-report/deployment.html
set -- "$@" --report junit=greenlight-report/deployment.xml
if [ -n "$DIGEST" ]; then set -- "$@" --digest "$DIGEST"; fi
if [ -n "$REQUEST" ]; then set -- "$@" --request "$REQUEST"; fi
if [ -n "$CONFIG" ]; then set -- "$@" --config "$CONFIG"; fi
greenlight run --tag "$TAG" "$@"
''')
    }
    if (status == 1 && greenlightAnswer('.greenlight-run.env').GREENLIGHT_CONCLUSION == 'superseded') {
        echo('greenlight run: a newer release superseded this release')
        currentBuild.result = 'NOT_BUILT'
        return 'superseded'
    }
    return greenlightStatus('run', status)
}
