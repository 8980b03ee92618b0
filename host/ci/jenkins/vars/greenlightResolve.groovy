// Reads what a tag asks for. Returns GREENLIGHT_ENVIRONMENT, GREENLIGHT_COMMIT and GREENLIGHT_LOAD_TEST as a map.
// Any other tag than one of greenlight fails the build. Optional: config, another file than the greenlight.toml of
// the repository: greenlightResolve(params.TAG, config: 'ops/greenlight.toml').
def call(Map options = [:], String tag) {
    int status = 0
    withEnv(['TAG=' + (tag ?: ''), 'CONFIG=' + (options.config ?: '')]) {
        status = sh(label: 'Read the tag', returnStatus: true, script: '''
set --
if [ -n "$CONFIG" ]; then set -- --config "$CONFIG"; fi
greenlight resolve "$@" --export dotenv=.greenlight-resolve.env -- "$TAG"
''')
    }
    greenlightStatus('resolve', status)
    return greenlightAnswer('.greenlight-resolve.env')
}
