// Says in Jenkins' words what an exit status of greenlight means, and is used by the other steps: go is nothing,
// a warning is UNSTABLE, a stop is a failure. So is a hold, since nothing that comes after may happen yet, unless
// the caller asks for it with `hold`. Whatever else there is means that nothing was decided, and is a failure.
def call(String command, int status, boolean hold = false) {
    if (status == 0) {
        return 'go'
    }
    if (status == 3) {
        unstable('greenlight ' + command + ': go, with a warning')
        return 'warning'
    }
    if (status == 4 && hold) {
        return 'hold'
    }
    def meanings = [
        1: 'stop',
        2: 'usage, configuration or an input that can not be used',
        4: 'hold, something has to happen first',
        70: 'the policy gave no answer',
        74: 'output, a report or the journal could not be written',
        75: 'interrupted, go on with `greenlight run --resume`',
    ]
    error('greenlight ' + command + ': ' + (meanings[status] ?: 'it ended in an unknown way') + ' (status ' + status + ')')
}
