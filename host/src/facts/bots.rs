//! Detects commits of programs by the name and the email address of their author.

use super::merges::Merge;

/// Words that make a name or the local part of an address that of a bot: letters and digits between other characters.
pub const WORDS: [&str; 7] = [
    "bot",
    "bots",
    "robot",
    "dependabot",
    "renovate",
    "renovatebot",
    "greenkeeper",
];

/// Whole names, or local parts of addresses, that only bots have. A person can have such a word in a longer name.
pub const NAMES: [&str; 8] = [
    "bors",
    "ci",
    "github-actions",
    "jenkins",
    "mergify",
    "pyup",
    "semantic-release",
    "snyk",
];

impl Merge {
    /// Whether a program made it.
    pub fn is_by_bot(&self) -> bool {
        let local = self.email.split('@').next().unwrap_or_default();
        [self.name.as_str(), local].into_iter().any(is_bot)
    }
}

fn is_bot(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let mut words = text.split(|it: char| !it.is_alphanumeric());
    words.any(|it| WORDS.contains(&it)) || NAMES.contains(&text.replace([' ', '_'], "-").as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_told_by_name_or_address() {
        for (name, email, expected) in [
            (
                "dependabot[bot]",
                "49699333+dependabot[bot]@users.noreply.github.com",
                true,
            ),
            ("Renovate Bot", "renovate@whitesourcesoftware.com", true),
            ("github-actions", "actions@github.com", true),
            ("GitHub Actions", "actions@github.com", true),
            ("Shop", "bot@example.org", true),
            ("release", "release-bot@example.org", true),
            ("k8s-ci-robot", "ci@example.org", true),
            ("bors", "bors@rust-lang.org", true),
            ("Max Bors", "max.bors@example.org", false),
            ("Jenkins, Mary", "mary.jenkins@example.org", false),
            ("Ada Example", "ada@example.org", false),
            ("Ada Abbot", "abbot@example.org", false),
            ("Ada", "ada@bot.example.org", false),
            ("", "", false),
        ] {
            let merge = Merge {
                at: 0,
                offset: 0,
                name: name.to_owned(),
                email: email.to_owned(),
            };
            assert_eq!(merge.is_by_bot(), expected, "{name} <{email}>");
        }
    }

    #[test]
    fn the_documentation_lists_the_words() {
        let page = include_str!("../../docs/merge-hours.md");
        for word in WORDS.iter().chain(&NAMES) {
            assert!(page.contains(&format!("`{word}`")), "{word}");
        }
    }
}
