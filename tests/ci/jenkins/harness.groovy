// Runs Jenkinsfiles and steps of the shared library as Jenkins does, as far as the result of a build depends on it:
// `sh` runs scripts, every other step is recorded. A directive, a step or an argument that Jenkins does not know ends
// a build as `unknown`. Reads a list of builds as JSON from standard input; writes their results to standard output.
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import org.codehaus.groovy.control.CompilerConfiguration

/** Thrown by `error` and by a failed `sh`. */
class Failed extends RuntimeException {
    Failed(String message) { super(message) }
}

/** Thrown for anything that Jenkins does not know. Scripts cannot catch it. */
class Unknown extends Error {
    Unknown(String message) { super(message) }
}

/** One build: its result and its steps. */
class Build {
    static final List ORDER = ['SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT']
    String result = 'SUCCESS'
    List<String> calls = []
    StringBuilder log = new StringBuilder()
    Map<String, String> variables
    Map<String, String> given
    Map<String, String> parameters = [:]
    File workspace

    void becomes(String worse) {
        if (ORDER.indexOf(worse) > ORDER.indexOf(result)) {
            result = worse
        }
    }
}

/** The part of a build that a script can use. A new result never improves the result. */
class CurrentBuild {
    Build build

    void setResult(String result) {
        if (!(result in Build.ORDER)) {
            throw new Unknown("there is no result `${result}`")
        }
        build.becomes(result)
    }
}

/** The scripts of a library call steps like this. */
abstract class LibraryScript extends Script {
    Object methodMissing(String name, Object arguments) { binding.steps.invokeMethod(name, arguments) }

    Object propertyMissing(String name) { binding.steps[name] }
}

/** The steps. Arguments are checked by name. */
class Steps {
    Build build
    Map<String, Script> library = [:]
    File resources
    Closure load

    Steps(Build build) { this.build = build }

    Map getParams() { build.parameters.asImmutable() }
    Map getEnv() { build.variables.asImmutable() }
    CurrentBuild getCurrentBuild() { new CurrentBuild(build: build) }
    Map getScm() { [checkout: 'the repository of the job'] }

    Object methodMissing(String name, Object arguments) {
        def script = library[name]
        if (script == null) {
            throw new Unknown("no step `${name}`")
        }
        return script.call(*arguments)
    }

    Object body(Closure closure) {
        def copy = closure.clone()
        copy.delegate = this
        copy.resolveStrategy = Closure.DELEGATE_FIRST
        return copy.call()
    }

    private void named(String step, Map arguments, List<String> known) {
        def unknown = arguments.keySet() - known
        if (unknown) {
            throw new Unknown("`${step}` has no argument ${unknown}")
        }
    }

    Map modernSCM(Map arguments) {
        named('modernSCM', arguments, ['scm', 'libraryPath'])
        return arguments
    }

    void library(Map arguments) {
        named('library', arguments, ['identifier', 'retriever', 'changelog'])
        build.calls << 'library'
        load(arguments.retriever.libraryPath ?: '')
    }

    void echo(String text) { build.log << text << '\n' }
    void error(String message) { throw new Failed(message) }

    void unstable(String message) {
        build.log << message << '\n'
        build.becomes('UNSTABLE')
    }

    void milestone(int ordinal) { build.calls << "milestone ${ordinal}".toString() }

    Object script(Closure closure) { body(closure) }
    Object node(Closure closure) {
        build.calls << 'node'
        return body(closure)
    }

    // As Jenkins does it: a text, and only from `resources` of the library, whatever links point to.
    String libraryResource(String name) {
        def file = new File(resources, name)
        if (!file.canonicalFile.toPath().startsWith(resources.canonicalFile.toPath())) {
            throw new Failed("${name} references a file that is not contained within the library")
        }
        if (!file.exists()) {
            throw new Failed("No such library resource ${name} could be found.")
        }
        return file.getText('UTF-8')
    }

    // In a declarative pipeline the results are variables, too; in a scripted pipeline they are not.
    Map checkout(Object scm) {
        build.calls << 'checkout'
        def facts = [GIT_COMMIT: run(['git', 'rev-parse', 'HEAD'], true).trim(), GIT_BRANCH: 'origin/main']
        if (!('node' in build.calls)) {
            build.variables.putAll(facts)
        }
        return facts
    }

    Object withEnv(List<String> overrides, Closure closure) {
        def before = build.variables
        build.variables = new LinkedHashMap(before)
        for (override in overrides) {
            def (name, value) = [override.substring(0, override.indexOf('=')), override.substring(override.indexOf('=') + 1)]
            if (name.startsWith('PATH+')) {
                build.variables.PATH = value + ':' + build.variables.PATH
            } else {
                build.variables[name] = value
            }
        }
        try {
            return body(closure)
        } finally {
            build.variables = before
        }
    }

    Object sh(String script) { sh(script: script) }
    Object sh(Map arguments) {
        named('sh', arguments, ['script', 'label', 'returnStatus', 'returnStdout'])
        build.calls << ('sh' + (arguments.label ? ' ' + arguments.label : '')).toString()
        def file = File.createTempFile('script', '.sh')
        file.setText(arguments.script, 'UTF-8')
        // A first line with an interpreter is used; without it Jenkins runs a shell with these options.
        def interpreter = arguments.script.startsWith('#!') ? arguments.script.readLines()[0].substring(2).tokenize() : ['/bin/sh', '-xe']
        try {
            return run(interpreter + file.path, arguments.returnStdout ?: false, arguments.returnStatus ?: false)
        } finally {
            file.delete()
        }
    }

    private Object run(List<String> command, boolean output, boolean status = false) {
        def (out, err) = [File.createTempFile('out', ''), File.createTempFile('err', '')]
        def builder = new ProcessBuilder(command).directory(build.workspace)
        builder.redirectInput(new File('/dev/null')).redirectOutput(out).redirectError(err)
        builder.environment().clear()
        builder.environment().putAll(build.variables)
        int ended = builder.start().waitFor()
        def printed = out.getText('UTF-8')
        build.log << err.getText('UTF-8') << (output && ended == 0 ? '' : printed)
        [out, err]*.delete()
        if (status) {
            return ended
        }
        if (ended != 0) {
            throw new Failed("script returned exit code ${ended}")
        }
        return output ? printed : null
    }

    String readFile(Map arguments) {
        named('readFile', arguments, ['file', 'encoding'])
        return new File(build.workspace, arguments.file).getText(arguments.encoding ?: 'UTF-8')
    }

    // As the JUnit plug-in does it: a failed case makes a build unstable, and a report without a case is an error.
    void junit(Map arguments) {
        named('junit', arguments, ['testResults', 'allowEmptyResults'])
        def file = new File(build.workspace, arguments.testResults)
        if (!file.exists()) {
            if (!arguments.allowEmptyResults) {
                throw new Failed('no test report files were found')
            }
            build.calls << 'junit without a report'
            return
        }
        def suites = new XmlSlurper().parse(file)
        def cases = suites.depthFirst().findAll { it.name() == 'testcase' }
        assert cases.every { it.@name.text() && it.@classname.text() }
        def bad = cases.findAll { it.failure.size() + it.error.size() > 0 }
        build.calls << "junit ${cases.size()} cases, ${bad.size()} failed".toString()
        if (bad) {
            build.becomes('UNSTABLE')
        }
    }

    void archiveArtifacts(Map arguments) {
        named('archiveArtifacts', arguments, ['artifacts', 'allowEmptyArchive'])
        def folder = new File(build.workspace, arguments.artifacts - '/**')
        def files = folder.list()?.sort() ?: []
        if (!files && !arguments.allowEmptyArchive) {
            throw new Failed('no artifacts found')
        }
        build.calls << "archive ${files.join(' ')}".toString()
    }

    void publishHTML(Map arguments) {
        named('publishHTML', arguments, ['target'])
        def target = arguments.target
        named('publishHTML', target,
            ['reportName', 'reportDir', 'reportFiles', 'keepAll', 'alwaysLinkToLastBuild', 'allowMissing'])
        def there = new File(new File(build.workspace, target.reportDir), target.reportFiles).exists()
        if (!there && !target.allowMissing) {
            throw new Failed('the HTML report is missing')
        }
        build.calls << (there ? 'publishHTML' : 'publishHTML without a report')
    }
}

/** A block of directives: it knows only those that it defines. */
class Directives {
    Set<String> seen = []

    static void read(Closure closure, Directives into) {
        def copy = closure.clone()
        copy.delegate = into
        copy.resolveStrategy = Closure.DELEGATE_ONLY
        copy.call()
    }

    Object methodMissing(String name, Object arguments) {
        throw new Unknown("no `${name}` in ${getClass().simpleName}")
    }

    Object propertyMissing(String name) {
        if (name in ['any', 'none']) {
            return name
        }
        throw new Unknown("no `${name}` in ${getClass().simpleName}")
    }
}

class Parameters extends Directives {
    Build build
    void string(Map arguments) {
        def unknown = arguments.keySet() - ['name', 'defaultValue', 'description', 'trim']
        if (unknown) {
            throw new Unknown("a parameter has no ${unknown}")
        }
        build.parameters[arguments.name] = build.given.containsKey(arguments.name) ? build.given[arguments.name] : arguments.defaultValue
        build.variables[arguments.name] = build.parameters[arguments.name]
    }
}

class Options extends Directives {
    List<String> locks = []
    Map logRotator(Map arguments) { arguments }
    void buildDiscarder(Map arguments) { seen << 'buildDiscarder' }
    void skipDefaultCheckout() { seen << 'skipDefaultCheckout' }
    void lock(Map arguments) {
        if (arguments.keySet() != ['resource'] as Set) {
            throw new Unknown("`lock` has ${arguments.keySet()}")
        }
        locks << arguments.resource
    }
}

class Post extends Directives {
    Map<String, Closure> conditions = [:]
    void always(Closure closure) { conditions.always = closure }
    void success(Closure closure) { conditions.success = closure }
    void unstable(Closure closure) { conditions.unstable = closure }
    void failure(Closure closure) { conditions.failure = closure }
}

class Stage extends Directives {
    String name
    Options how = new Options()
    Post after = new Post()
    Closure work
    String where
    void options(Closure closure) { read(closure, how) }
    void agent(String where) { this.where = where }
    void steps(Closure closure) { work = closure }
    void post(Closure closure) { read(closure, after) }
}

class Stages extends Directives {
    List<Stage> all = []
    void stage(String name, Closure closure) {
        def stage = new Stage(name: name)
        read(closure, stage)
        if (stage.work == null) {
            throw new Unknown("stage `${name}` has no steps")
        }
        all << stage
    }
}

class Pipeline extends Directives {
    Build build
    String where
    Options how = new Options()
    Stages what = new Stages()
    void agent(String where) { this.where = where }
    void parameters(Closure closure) { read(closure, new Parameters(build: build)) }
    void options(Closure closure) { read(closure, how) }
    void stages(Closure closure) { read(closure, what) }

    void run(Steps steps) {
        if (where == null || !what.all) {
            throw new Unknown('a pipeline needs an agent and stages')
        }
        for (stage in what.all) {
            if (build.result == 'FAILURE') {
                build.calls << "skipped ${stage.name}".toString()
                continue
            }
            stage.how.locks.each { build.calls << "lock ${it}".toString() }
            if (stage.where != null) {
                build.calls << "agent ${stage.where}".toString()
            }
            attempt { steps.body(stage.work) }
            def conditions = stage.after.conditions
            for (name in ['always', build.result.toLowerCase()]) {
                if (conditions[name] != null) {
                    attempt { steps.body(conditions[name]) }
                }
            }
        }
    }

    private void attempt(Closure work) {
        try {
            work()
        } catch (Failed failed) {
            build.log << 'ERROR: ' << failed.message << '\n'
            build.becomes('FAILURE')
        }
    }
}

/** Compiles all scripts of a library. */
Map<String, Script> compile(File folder, Steps steps) {
    def configuration = new CompilerConfiguration(scriptBaseClass: LibraryScript.name, sourceEncoding: 'UTF-8')
    def shell = new GroovyShell(getClass().classLoader, new Binding(steps: steps), configuration)
    def files = new File(folder, 'vars').listFiles().findAll { it.name.endsWith('.groovy') }.sort()
    return files.collectEntries { [(it.name - '.groovy'): shell.parse(it)] }
}

Map run(Map request) {
    def build = new Build(
        variables: new LinkedHashMap(request.variables), given: request.parameters,
        parameters: new LinkedHashMap(request.parameters), workspace: new File(request.workspace))
    def steps = new Steps(build)
    def loaded = { String path ->
        if (path != request.'library-path') {
            throw new Unknown("nothing is at `${path}`")
        }
        steps.resources = new File(request.library, 'resources')
        steps.library = compile(new File(request.library), steps)
    }
    steps.load = loaded
    def answer = null
    def binding = new Binding(steps: steps)
    def shell = new GroovyShell(getClass().classLoader, binding, new CompilerConfiguration(scriptBaseClass: LibraryScript.name))
    binding.setVariable('pipeline', { Closure closure ->
        // A pipeline has only the parameters that it declares.
        build.parameters = [:]
        def pipeline = new Pipeline(build: build)
        Directives.read(closure, pipeline)
        pipeline.run(steps)
    })
    try {
        // A script of steps is a scripted pipeline that has loaded the library already.
        if (request.script != null) {
            loaded(request.'library-path')
        }
        answer = shell.parse(request.script ?: request.pipeline).run()
    } catch (Failed failed) {
        build.log << 'ERROR: ' << failed.message << '\n'
        build.becomes('FAILURE')
    } catch (Unknown unknown) {
        build.result = "unknown: ${unknown.message}".toString()
    }
    return [result: build.result, calls: build.calls, log: build.log.toString(), answer: answer]
}

def requests = new JsonSlurper().parse(System.in, 'UTF-8')
new PrintStream(System.out, true, 'UTF-8').print(JsonOutput.toJson(requests.collect { run(it) }))
