//! Commit messages that do harm if a step treats them as more than text.

/// A message and the action of its label.
pub struct Message {
    /// The kind of attack.
    pub name: &'static str,
    /// The whole text.
    pub text: String,
    /// The action of its label.
    pub action: &'static str,
}

/// The file that a message creates if a step runs it.
pub const CANARY: &str = "canary";

/// All messages.
pub fn all() -> Vec<Message> {
    let message = |name, text: &str, action| Message {
        name,
        text: text.to_owned(),
        action,
    };
    let mut long = "padding $(touch canary) `touch canary` * %0A::error::x\n".repeat(1200);
    long.push_str("[load test: abort]\n");
    assert!(long.len() > 64 * 1024);
    vec![
        message("plain", "Raise the pool size\n", "warn"),
        message(
            "quotes",
            "It's \"quoted\"'; touch canary; ' \\\" [load test: abort]\n",
            "abort",
        ),
        message(
            "triple quotes",
            "''' + 'touch canary'.execute() + ''' \"\"\" ${'touch canary'.execute()} [load test: skip]\n",
            "skip",
        ),
        message("backticks", "`touch canary` [load test: skip]\n", "skip"),
        message(
            "substitution",
            "$(touch canary) ${IFS} $PATH ${CI_COMMIT_MESSAGE} [load test: abort]\n",
            "abort",
        ),
        message(
            "newlines",
            "Fix\n\n; touch canary\n&& touch canary\r\n| touch canary\n\n[load test: skip]\n",
            "skip",
        ),
        message(
            "globs",
            "* ? [a-z]* /* ~ {a,b} [load test: abort]\n",
            "abort",
        ),
        message(
            "workflow commands",
            "::error::x\n::set-output name=tags::evil\n##[error]x\n%0A::error::y%0D\n\n[load test: skip]\n",
            "skip",
        ),
        message(
            "templates",
            "${{ github.sha }} << parameters.tag >> <<pipeline.number>> $CI_JOB_TOKEN %(touch canary) [load test: abort]\n",
            "abort",
        ),
        message(
            "variables",
            "x\nGREENLIGHT_TAGS=evil\nGREENLIGHT_ACTION=skip\ntags<<EOF\nevil\nEOF\n\n[load test: abort]\n",
            "abort",
        ),
        Message {
            name: "64 KiB",
            text: long,
            action: "abort",
        },
    ]
}

/// The tags to push for a commit with this action.
pub fn tags(action: &str, commit: &str) -> Vec<String> {
    let first = match action {
        "skip" => format!("stage-{commit}"),
        action => format!("stage-loadtest-{action}-{commit}"),
    };
    vec![first, format!("prod-{commit}"), "latest".to_owned()]
}
