// Drives a deployment to its end, as greenlight.toml says: tag; digest and request, where they are known; config. Reports
// are in the folder greenlight-report, however it ends. Fails the build unless the release was promoted.
def call(Map options) {
    int status = 0
    withEnv([
        'TAG=' + (options.tag ?: ''),
        'DIGEST=' + (options.digest ?: ''),
        'REQUEST=' + (options.request ?: ''),
        'CONFIG=' + (options.config ?: 'greenlight.toml'),
    ]) {
        status = sh(label: 'Deploy', returnStatus: true, script: '''
rm -rf greenlight-report
mkdir greenlight-report
set -- --config "$CONFIG" --warn-exit-code 3
set -- "$@" --report html=greenlight-report/deployment.html
set -- "$@" --report junit=greenlight-report/deployment.xml
if [ -n "$DIGEST" ]; then set -- "$@" --digest "$DIGEST"; fi
if [ -n "$REQUEST" ]; then set -- "$@" --request "$REQUEST"; fi
greenlight run --tag "$TAG" "$@"
''')
    }
    return greenlightStatus('run', status)
}
