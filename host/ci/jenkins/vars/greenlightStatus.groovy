// Sets the result of the build from an exit status of greenlight. The other steps use it: a warning is UNSTABLE; a
// stop is a failure, and so is any status that carries no decision. A hold is a failure, too, because later steps
// must not run yet; with `hold` it is returned to the caller.
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
        2: 'the usage, the configuration or an input is invalid',
        4: 'hold, another step must happen first',
        70: 'the policy gave no answer',
        74: 'output, a report or the journal could not be written',
        75: 'interrupted, resume with `greenlight run --resume`',
    ]
    error('greenlight ' + command + ': ' + (meanings[status] ?: 'unknown exit status') + ' (status ' + status + ')')
}
