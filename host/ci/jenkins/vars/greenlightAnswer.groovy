// Reads the variables that greenlight exported to a file, as lines NAME=value, and returns them as a map. The other
// steps use it.
def call(String file) {
    def answer = [:]
    for (line in readFile(file: file, encoding: 'UTF-8').split('\n')) {
        int at = line.indexOf('=')
        if (at > 0) {
            answer[line.substring(0, at)] = line.substring(at + 1)
        }
    }
    return answer
}
