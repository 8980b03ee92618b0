//! `greenlight help` and `greenlight man`: the help of a command, a page of the documentation, the man page.
//!
//! The pages are those of `host/docs`, embedded in the program, so a terminal without a network shows the text
//! that belongs to this very version.

mod plain;

use std::fmt::Write as _;
use std::io;

use clap::Args;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::output::Output;
use super::{Error, Exit};

/// Show the help of a command, or a page of the documentation.
///
/// Without an argument it lists the topics. Where a command and a page have the same name, it shows both.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A topic, or a command and its subcommand.
    #[arg(value_name = "TOPIC")]
    words: Vec<String>,
}

/// A page of the documentation.
struct Page {
    /// The name that shows it.
    topic: &'static str,
    /// Its Markdown.
    text: &'static str,
}

/// Embeds pages of `host/docs`. A page whose file is missing is a compile error.
macro_rules! pages {
    ($($topic:literal => $file:literal),* $(,)?) => {
        /// Every page that is shown, in the order of the list of topics.
        const PAGES: &[Page] = &[
            $(Page { topic: $topic, text: include_str!(concat!("../../../docs/", $file)) }),*
        ];
        #[cfg(test)]
        const FILES: &[&str] = &[$($file),*];
    };
}

pages! {
    "index" => "index.md",
    "first-pipeline" => "first-pipeline.md",
    "ci" => "ci/index.md",
    "circleci" => "ci/circleci.md",
    "github" => "ci/github.md",
    "gitlab" => "ci/gitlab.md",
    "jenkins" => "ci/jenkins.md",
    "woodpecker" => "ci/woodpecker.md",
    "buildkite" => "ci/buildkite.md",
    "deploying" => "deploying.md",
    "finding-nodes" => "finding-nodes.md",
    "serve" => "serve.md",
    "approvals" => "approvals.md",
    "watching" => "watching.md",
    "windows" => "windows.md",
    "certificates" => "certificates.md",
    "merge-hours" => "merge-hours.md",
    "operations" => "operations.md",
    "recovery" => "recovery.md",
    "commands" => "reference/commands.md",
    "configuration" => "reference/configuration.md",
    "exit-status" => "reference/exit-status.md",
    "outputs" => "reference/outputs.md",
    "metrics" => "reference/metrics.md",
    "decision-rules" => "reference/decision-rules.md",
    "readers" => "reference/readers.md",
    "own-policy" => "own-policy.md",
    "glossary" => "glossary.md",
    "architecture" => "architecture.md",
    "decisions" => "decisions/index.md",
    "0001" => "decisions/0001-world-without-imports.md",
    "0002" => "decisions/0002-one-decide.md",
    "0003" => "decisions/0003-judging-in-the-policy.md",
    "0004" => "decisions/0004-truncated-messages.md",
    "0005" => "decisions/0005-unknown-branch.md",
    "0006" => "decisions/0006-production-tags.md",
    "0007" => "decisions/0007-contradictions-stop.md",
    "0008" => "decisions/0008-fresh-instance.md",
    "0009" => "decisions/0009-compile-in-a-child.md",
    "0010" => "decisions/0010-git-cat-file.md",
    "0011" => "decisions/0011-static-linking.md",
    "0012" => "decisions/0012-two-records-per-effect.md",
    "0013" => "decisions/0013-leases-with-fences.md",
    "0014" => "decisions/0014-rollback-journal.md",
    "0015" => "decisions/0015-git-ancestry.md",
    "0016" => "decisions/0016-run-local.md",
    "0017" => "decisions/0017-store-before-answer.md",
    "0018" => "decisions/0018-policy-decides-starts.md",
    "0019" => "decisions/0019-idempotency-keys.md",
    "0020" => "decisions/0020-own-registry-client.md",
    "0021" => "decisions/0021-exit-status-by-meaning.md",
    "0022" => "decisions/0022-ground-floor.md",
    "0023" => "decisions/0023-settings-in-one-place.md",
    "0024" => "decisions/0024-generated-reference.md",
    "0025" => "decisions/0025-several-servers.md",
    "0026" => "decisions/0026-messages-in-the-journal.md",
    "0027" => "decisions/0027-stopped-commits.md",
    "0028" => "decisions/0028-giving-way.md",
    "0029" => "decisions/0029-outbox.md",
    "0030" => "decisions/0030-repeated-events.md",
    "0031" => "decisions/0031-contract-0.2.md",
    "0032" => "decisions/0032-windows.md",
    "0033" => "decisions/0033-people.md",
    "0034" => "decisions/0034-steps.md",
    "0035" => "decisions/0035-load-tests.md",
    "0036" => "decisions/0036-facts.md",
    "0037" => "decisions/0037-watching.md",
    "0038" => "decisions/0038-certificates.md",
    "0039" => "decisions/0039-finding-nodes.md",
    "limits" => "limits.md",
    "performance" => "performance.md",
    "contributing" => "contributing.md",
    "changelog" => "changelog.md",
    "security" => "../../.github/SECURITY.md",
}

/// Shows what was asked for.
///
/// # Errors
///
/// If neither a command nor a page has the name.
pub fn run(
    arguments: &Arguments,
    mut program: clap::Command,
    output: &mut Output,
) -> Result<Exit, Error> {
    let [first, ..] = &arguments.words[..] else {
        output.text(&list());
        return Ok(Exit::Go);
    };
    let command = help_of(&mut program, &arguments.words);
    let page = PAGES
        .iter()
        .find(|it| arguments.words.len() == 1 && it.topic == first);
    if command.is_none() && page.is_none() {
        return Err(unknown(&arguments.words.join(" "), &program));
    }
    if let Some(help) = &command {
        output.text(help);
    }
    if let Some(page) = page {
        if command.is_some() {
            output.text("\n");
        }
        output.text(&plain::text(page.text));
    }
    Ok(Exit::Go)
}

/// The name and the title of each page, except those of single decisions, which the page `decisions` lists by number.
fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    let listed = PAGES
        .iter()
        .filter(|it| !it.topic.starts_with(|it: char| it.is_ascii_digit()));
    listed.map(|it| (it.topic, plain::title(it.text)))
}

/// The list of topics, as text.
fn list() -> String {
    let mut text = "Topics, for `greenlight help TOPIC`:\n".to_owned();
    let width = topics().map(|(topic, _)| topic.len()).max().unwrap_or(0);
    for (topic, title) in topics() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {topic:width$}  {title}");
    }
    text += "\n`greenlight help COMMAND` shows the help of a command; `greenlight --help` lists the commands.\n";
    text
}

/// The `--help` text of a command, named by the path of its subcommands.
fn help_of(program: &mut clap::Command, words: &[String]) -> Option<String> {
    words
        .iter()
        .try_fold(&*program, |above, word| above.find_subcommand(word))?;
    let words = words.iter().map(String::as_str);
    let all = ["greenlight"].into_iter().chain(words).chain(["--help"]);
    let help = program.try_get_matches_from_mut(all).err()?;
    Some(help.render().to_string())
}

fn unknown(asked: &str, program: &clap::Command) -> Error {
    let commands = program.get_subcommands().map(clap::Command::get_name);
    let names = PAGES.iter().map(|it| it.topic).chain(commands);
    let near = names
        .map(|name| (strsim::damerau_levenshtein(asked, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
    let help = match near {
        Some((_, name)) => format!("did you mean `greenlight help {name}`?"),
        None => "list the topics with `greenlight help`".to_owned(),
    };
    Error::new(format!("unknown topic or command `{asked}`"), help)
}

/// Renders the man page.
pub fn man_page(mut command: clap::Command) -> io::Result<Vec<u8>> {
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        sections(&mut page, "greenlight", sub)?;
    }
    topics_section().to_writer(&mut page)?;
    Ok(page)
}

/// The section of the man page about the pages that `greenlight help TOPIC` shows.
fn topics_section() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["TOPICS"]);
    section.text([
        bold("greenlight help "),
        roman("TOPIC shows a page of the documentation:"),
    ]);
    for (topic, title) in topics() {
        section.control("TP", []);
        section.text([bold(topic)]);
        section.text([roman(title)]);
    }
    section
}

fn sections(page: &mut Vec<u8>, above: &str, command: &clap::Command) -> io::Result<()> {
    let name = format!("{above} {}", command.get_name());
    let subcommands: Vec<_> = command.get_subcommands().collect();
    if subcommands.is_empty() {
        let mut heading = Roff::new();
        heading.control("SH", [name.to_uppercase().as_str()]);
        heading.to_writer(page)?;
        let man = Man::new(command.clone().bin_name(&name));
        man.render_description_section(page)?;
        man.render_options_section(page)?;
    }
    for sub in subcommands {
        sections(page, &name, sub)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_page_is_a_topic() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let mut found = Vec::new();
        files(&root, &mut found);
        let names = found
            .iter()
            .map(|it| it.strip_prefix(&root).expect("below"));
        let mut pages: Vec<_> = names.map(|it| it.to_str().expect("UTF-8")).collect();
        pages.push("../../.github/SECURITY.md");
        pages.sort_unstable();
        let mut topics = FILES.to_vec();
        topics.sort_unstable();
        assert_eq!(topics, pages);
    }

    #[test]
    fn topics_differ() {
        let mut names: Vec<_> = PAGES.iter().map(|it| it.topic).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PAGES.len());
    }
}
