//! The man page, of all commands in one.

use std::io;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::help;

/// Renders the man page.
pub fn page(mut command: clap::Command) -> io::Result<Vec<u8>> {
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        sections(&mut page, "greenlight", sub)?;
    }
    topics().to_writer(&mut page)?;
    Ok(page)
}

/// The pages that `greenlight help TOPIC` shows.
fn topics() -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["TOPICS"]);
    section.text([
        bold("greenlight help "),
        roman("TOPIC shows a page of the documentation:"),
    ]);
    for (topic, title) in help::topics() {
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
