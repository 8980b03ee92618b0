//! The variables that hold secrets. Commands do not receive them.

use super::Config;
use super::serve::Serve;
use crate::secret::Source;
use crate::server_settings::nodes::{self, Discovery};

impl Config {
    /// The variables that hold secrets. They are removed from the environment of commands.
    pub fn secret_variables(&self) -> Vec<String> {
        let slack = self.slack.iter().map(|it| it.destination.secret());
        let slack = slack.filter_map(Source::variable);
        let others = self.serve.iter().flat_map(Serve::secrets);
        let environments = self.environments.iter();
        let discoveries = environments.filter_map(|it| it.discovery.as_ref());
        let discoveries = discoveries.filter_map(token);
        let metrics = self.metrics.iter().flat_map(|it| &it.login);
        let metrics = metrics.filter_map(|it| it.secret().variable());
        let all = slack.chain(metrics).chain(others).chain(discoveries);
        all.map(str::to_owned).collect()
    }

    /// Removes these variables from the environment of the commands that find nodes.
    pub(super) fn withhold(&mut self) {
        let secrets = self.secret_variables();
        let environments = self.environments.iter_mut();
        for discovery in environments.filter_map(|it| it.discovery.as_mut()) {
            discovery.withhold(&secrets);
        }
    }
}

/// The variable with the token for a list of nodes.
fn token(discovery: &Discovery) -> Option<&str> {
    match &discovery.source {
        nodes::Source::Url { token, .. } => token.as_ref()?.variable(),
        nodes::Source::Command { .. } | nodes::Source::Dns(_) => None,
    }
}
