// Reads the label of the checked-out commit. Returns GREENLIGHT_ACTION (abort, skip or warn) and the rest of the
// answer as a map. A misspelled label makes the build UNSTABLE; with `strict: true` it fails the build.
// Optional: config, another file than the greenlight.toml of the repository.
def call(Map options = [:]) {
    int status = 0
    withEnv(['CONFIG=' + (options.config ?: '')]) {
        status = sh(label: 'Read the label', returnStatus: true, script: '''
set --
if [ -n "$CONFIG" ]; then set -- --config "$CONFIG"; fi
greenlight label "$@" --export dotenv=.greenlight-label.env || exit
greenlight label "$@" --strict >/dev/null 2>&1 || exit 3
''')
    }
    if (status == 3 && options.strict) {
        status = 1
    }
    greenlightStatus('label', status)
    return greenlightAnswer('.greenlight-label.env')
}
