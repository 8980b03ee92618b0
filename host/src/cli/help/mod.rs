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
    "serve" => "serve.md",
    "operations" => "operations.md",
    "recovery" => "recovery.md",
    "commands" => "reference/commands.md",
    "configuration" => "reference/configuration.md",
    "exit-status" => "reference/exit-status.md",
    "outputs" => "reference/outputs.md",
    "metrics" => "reference/metrics.md",
    "own-policy" => "own-policy.md",
    "glossary" => "glossary.md",
    "architecture" => "architecture.md",
    "limits" => "limits.md",
    "performance" => "performance.md",
    "contributing" => "contributing.md",
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

/// The name and the title of each page.
fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().map(|it| (it.topic, plain::title(it.text)))
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
    fn every_page_but_history_is_a_topic() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let mut found = Vec::new();
        files(&root, &mut found);
        let names = found
            .iter()
            .map(|it| it.strip_prefix(&root).expect("below"));
        let history =
            |it: &&Path| it.starts_with("decisions") || it.ends_with(Path::new("changelog.md"));
        let mut pages: Vec<_> = names
            .filter(|it| !history(it))
            .map(|it| it.to_str().expect("UTF-8"))
            .collect();
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
