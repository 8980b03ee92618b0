//! The person who intervenes: named by a flag, or by the CI system.

use clap::Args;

use super::Error;
use super::args;
use crate::deployment::entry::Person;
use crate::facts::ci;

/// The name of the person.
#[derive(Debug, Args)]
pub struct PersonName {
    /// Record this name as the person [default: the person for whom the CI system runs the build]. Another name than that
    /// person's is recorded as claimed, not proven.
    #[arg(long, value_name = "NAME", value_parser = args::person)]
    by: Option<String>,
}

/// The person.
#[derive(Debug, Args)]
pub struct PersonArguments {
    #[command(flatten)]
    name: PersonName,
    /// Record why.
    #[arg(long, value_name = "TEXT", value_parser = args::reason)]
    reason: Option<String>,
}

impl PersonName {
    /// The person of the flag, or the one that the CI system names.
    ///
    /// # Errors
    ///
    /// If neither names a person.
    pub fn person(&self) -> Result<Person, Error> {
        named(self.by.as_deref())
    }
}

impl PersonArguments {
    /// The person, with a proven name if the CI system names the same one.
    ///
    /// # Errors
    ///
    /// If neither the flag nor the CI system names a person.
    pub fn person(&self) -> Result<Person, Error> {
        let mut person = self.name.person()?;
        person.reason.clone_from(&self.reason);
        Ok(person)
    }
}

/// The person of this name, or the person that the CI system names.
///
/// # Errors
///
/// If neither is there.
pub fn named(by: Option<&str>) -> Result<Person, Error> {
    let proven = ci::of_process(ci::person)?.map(|it| it.value);
    let Some(name) = by.map(str::to_owned).or_else(|| proven.clone()) else {
        return Err(Error::new(
            "the name of the person is missing",
            "add `--by NAME`; only in GitHub Actions, GitLab CI/CD, CircleCI and Jenkins with the plugin \
             `build-user-vars` it may be left out",
        ));
    };
    Ok(Person {
        proven: proven.is_some_and(|it| it == name),
        name,
        reason: None,
    })
}
