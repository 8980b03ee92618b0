// Reads the label of the commit that is checked out, and returns GREENLIGHT_ACTION (abort, skip or warn) with the
// rest of the answer as a map. A label that is spelt wrong makes the build UNSTABLE; with `strict`, it fails it.
def call(Map options = [:]) {
    int status = sh(label: 'Read the label', returnStatus: true, script: '''
greenlight label --export dotenv=.greenlight-label.env || exit
greenlight label --strict >/dev/null 2>&1 || exit 3
''')
    if (status == 3 && options.strict) {
        status = 1
    }
    greenlightStatus('label', status)
    return greenlightAnswer('.greenlight-label.env')
}
