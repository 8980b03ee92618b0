//! What no plug-in may do, whatever its system allows.

use crate::files;

/// What a text must not have, and why.
const FORBIDDEN: [(&str, &str); 9] = [
    ("step halt", "a stop is a failure"),
    ("| sh", "a download is not run before it is checked"),
    ("| bash", "a download is not run before it is checked"),
    ("sudo", "no root is needed"),
    ("jq ", "greenlight writes what each system reads"),
    ("eval ", "no text becomes a script"),
    ("git log", "greenlight reads messages itself"),
    ("COMMIT_MESSAGE", "greenlight reads messages itself"),
    ("|| true\n", "a failure is not hidden"),
];

fn findings(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (forbidden, why) in FORBIDDEN {
        if text.contains(forbidden) {
            findings.push(format!("{name}: `{}`: {why}", forbidden.trim()));
        }
    }
    if name.ends_with(".groovy") || name.ends_with("Jenkinsfile") {
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            // Outside the text of a shell script a double quote would begin a text with values in it.
            let groovy = line.starts_with("    ") || line.starts_with("def ");
            if groovy && line.contains('"') && !of_a_shell(text, line) {
                findings.push(format!("{name}: a text in double quotes: {}", line.trim()));
            }
        }
        // What Jenkins' own interpreter can't suspend, or its sandbox refuses.
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

/// Whether a line of Groovy stands in a text in triple quotes.
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
fn what_is_forbidden_is_found() {
    let wrong = [
        ("circleci/orb.yml", "circleci-agent step halt"),
        ("install.sh", "curl https://example.org | sh"),
        ("gitlab/greenlight.yml", "- greenlight label || true\n"),
        (
            "jenkins/vars/x.groovy",
            "    sh(\"greenlight resolve ${tag}\")",
        ),
        ("jenkins/vars/x.groovy", "    list.each { sh it }"),
    ];
    for (name, text) in wrong {
        assert_eq!(findings(name, text).len(), 1, "{text}");
    }
}

/// A reader knows within ten lines what a file is, and how to paste it.
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
