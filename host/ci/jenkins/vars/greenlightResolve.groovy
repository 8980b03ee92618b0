// Says what a tag asks for, and returns GREENLIGHT_ENVIRONMENT, GREENLIGHT_COMMIT and GREENLIGHT_LOAD_TEST as a map.
// A tag that asks for nothing fails the build.
def call(String tag) {
    int status = 0
    withEnv(['TAG=' + (tag ?: '')]) {
        status = sh(label: 'Read the tag', returnStatus: true, script: '''
greenlight resolve --export dotenv=.greenlight-resolve.env -- "$TAG"
''')
    }
    greenlightStatus('resolve', status)
    return greenlightAnswer('.greenlight-resolve.env')
}
