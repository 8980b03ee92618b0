//! Rules for all plug-ins.

use crate::files;

/// Texts that no plug-in may contain, and why.
const FORBIDDEN: [(&str, &str); 11] = [
    ("step halt", "a stop is a failure"),
    ("| sh", "a download is verified before it runs"),
    ("| bash", "a download is verified before it runs"),
    ("sudo", "no root is needed"),
    ("jq ", "greenlight writes what each system reads"),
    ("eval ", "no text becomes a script"),
    ("git log", "greenlight reads messages itself"),
    ("COMMIT_MESSAGE", "greenlight reads messages itself"),
    ("|| true\n", "a failure is not hidden"),
    ("--require-job", "greenlight.toml lists the required jobs"),
    ("greenlight.toml\"", "greenlight finds its configuration"),
];

fn findings(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (forbidden, why) in FORBIDDEN {
        if text.contains(forbidden) {
            findings.push(format!("{name}: `{}`: {why}", forbidden.trim()));
        }
    }
    for line in text.lines().map(str::trim) {
        if may_be_empty(line) {
            findings.push(format!("{name}: a setting that may be empty: {line}"));
        }
    }
    if name.ends_with(".groovy") || name.ends_with("Jenkinsfile") {
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            // Outside of a shell script, a double quote begins a text that Groovy fills with values.
            let groovy = line.starts_with("    ") || line.starts_with("def ");
            if groovy && line.contains('"') && !of_a_shell(text, line) {
                findings.push(format!("{name}: a text in double quotes: {}", line.trim()));
            }
        }
        // Jenkins' interpreter can't suspend these, or its sandbox refuses them.
        for word in [
            "@NonCPS",
            ".each",
            ".collect",
            ".execute(",
            "Jenkins.instance",
            "new File",
            "\"\"\"",
        ] {
            if text.contains(word) {
                findings.push(format!("{name}: `{word}`"));
            }
        }
    }
    findings
}

/// Whether a line sets a variable of greenlight to an input, which is empty by default. greenlight refuses an empty
/// variable. The installer's variables may be empty.
fn may_be_empty(line: &str) -> bool {
    let line = line.trim_start_matches('\'');
    let Some((name, value)) = line.split_once([':', '=']) else {
        return false;
    };
    name.starts_with("GREENLIGHT_")
        && !name.starts_with("GREENLIGHT_INSTALL_")
        && ["${{", "<<", "' +"].iter().any(|it| value.contains(it))
}

/// Whether a line of Groovy is part of a text in triple quotes.
fn of_a_shell(text: &str, line: &str) -> bool {
    let before = text.split(line).next().unwrap_or_default();
    before.matches("'''").count() % 2 == 1
}

#[test]
fn nothing_forbidden() {
    let mut seen = 0;
    for name in files::all() {
        assert_eq!(findings(&name, &files::text(&name)), Vec::<String>::new());
        seen += 1;
    }
    assert!(seen >= 15, "{seen} files");
}

#[test]
fn each_forbidden_text_is_found() {
    let wrong = [
        ("circleci/orb.yml", "circleci-agent step halt"),
        ("install.sh", "curl https://example.org | sh"),
        ("gitlab/greenlight.yml", "- greenlight label || true\n"),
        (
            "jenkins/vars/x.groovy",
            "    sh(\"greenlight resolve ${tag}\")",
        ),
        ("jenkins/vars/x.groovy", "    list.each { sh it }"),
        (
            "jenkins/vars/x.groovy",
            "    withEnv(['X=',\n    'GREENLIGHT_CONFIG=' + (options.config ?: '')])",
        ),
        (
            "github/action.yml",
            "        GREENLIGHT_NEEDS: ${{ inputs.needs }}\n",
        ),
        (
            "circleci/orb.yml",
            "            GREENLIGHT_CONFIG: << parameters.config >>\n",
        ),
        (
            "woodpecker/release.yml",
            "greenlight tags --require-job test --job test=passed\n",
        ),
    ];
    for (name, text) in wrong {
        assert_eq!(findings(name, text).len(), 1, "{text}");
    }
}

/// The comment says what the file is and how to use it.
#[test]
fn each_file_begins_with_a_short_comment() {
    for name in files::all() {
        let text = files::text(&name);
        let comment = text
            .lines()
            .take_while(|line| line.starts_with('#') || line.starts_with("//"))
            .count();
        assert!((1..=11).contains(&comment), "{name}: {comment} lines");
    }
}
