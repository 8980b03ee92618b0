//! `[slack]` and `[report]`: the destination of messages to people, and the links in them.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::tls::Base;
use super::values::{self, Span, Wrong};
use crate::http::is_url;
use crate::server_settings::{Destination, SLACK_API};
use crate::tls::Trust;

/// How messages to people are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// The destination of the messages.
    pub destination: Destination,
    /// How long `greenlight run` waits at its end for messages that Slack has not accepted.
    pub wait: Duration,
    /// How long attempts to send a message are repeated.
    pub give_up_after: Duration,
    /// Which certificates are trusted.
    pub trust: Trust,
}

/// The URL of a deployment's report, with the placeholders `{deployment}`, `{commit}` and `{tag}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportUrl(String);

/// Where notifications are sent: through an incoming webhook, or from a bot, which updates its message. The URL of the
/// webhook and the token of the bot are secrets, so they are read from a variable or a file.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(
    test,
    schemars(extend("oneOf" = [
        {"required": ["url-variable"]},
        {"required": ["url-file"]},
        {"required": ["token-variable", "channel"]},
        {"required": ["token-file", "channel"]},
    ]))
)]
pub(super) struct SlackTable {
    /// The variable that holds the URL of the webhook.
    url_variable: Option<String>,
    /// The file that holds the URL of the webhook.
    url_file: Option<PathBuf>,
    /// The variable that holds the token of the bot, which needs the scope `chat:write`.
    token_variable: Option<String>,
    /// The file that holds the token of the bot.
    token_file: Option<PathBuf>,
    /// The id of the channel, such as `C0123456789`. The bot must be a member of the channel.
    channel: Option<String>,
    /// The address of the API for a bot; `https://slack.com/api` unless set.
    api: Option<String>,
    /// A file with certificate authorities, in PEM. Only they are trusted for Slack, in place of those of `[tls]`.
    ca_file: Option<PathBuf>,
    /// How long `greenlight run` waits at its end for messages that Slack has not accepted; 1m unless set. The next
    /// `greenlight run` or `greenlight serve` sends the messages that are left.
    #[serde(default = "one_minute")]
    wait: Span,
    /// How long attempts to send a message are repeated; 24h unless set.
    #[serde(default = "one_day")]
    give_up_after: Span,
}

/// Where people can read reports.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct ReportTable {
    /// The URL of a deployment's report, for links in messages, such as
    /// `https://greenlight.example.org/deployments/{deployment}`. The placeholders are `{deployment}`, `{commit}` and
    /// `{tag}`.
    url: Option<String>,
}

impl SlackTable {
    /// Checks the values. Relative paths start in the folder of the configuration.
    pub fn checked(self, base: Base<'_>) -> Result<Slack, Wrong> {
        values::positive("slack.give-up-after", self.give_up_after, "24h")?;
        let by_bot = self.token_variable.is_some() || self.token_file.is_some();
        let by_webhook = self.url_variable.is_some() || self.url_file.is_some();
        let destination = match (by_bot, self.channel) {
            (true, _) if by_webhook => {
                return Err(Wrong::new(
                    "slack",
                    "has both the URL of a webhook and the token of a bot",
                    "remove one of them",
                ));
            }
            (true, Some(channel)) if is_channel(&channel) => Destination::Bot {
                token: values::secret(
                    "slack",
                    "token",
                    (self.token_variable, self.token_file),
                    base.folder,
                )?,
                channel,
                api: match self.api {
                    Some(api) => values::url("slack.api", &api)?,
                    None => SLACK_API.to_owned(),
                },
            },
            (true, Some(_)) => {
                return Err(Wrong::new(
                    "slack.channel",
                    "is not the id of a channel",
                    "copy the id from the end of the channel's details in Slack: `C0123456789`",
                ));
            }
            (true, None) => {
                return Err(Wrong::new(
                    "slack",
                    "has the token of a bot, but no `channel`",
                    "add `channel` with the id of the channel",
                ));
            }
            (false, None) if self.api.is_none() => Destination::Webhook {
                url: values::secret(
                    "slack",
                    "url",
                    (self.url_variable, self.url_file),
                    base.folder,
                )?,
            },
            (false, channel) => {
                let key = if channel.is_some() { "channel" } else { "api" };
                return Err(Wrong::new(
                    format!("slack.{key}"),
                    "needs the token of a bot",
                    format!("add `token-variable` or `token-file`, or remove `{key}`"),
                ));
            }
        };
        Ok(Slack {
            destination,
            wait: self.wait.duration(),
            give_up_after: self.give_up_after.duration(),
            trust: base.trust("slack", self.ca_file),
        })
    }
}

impl ReportTable {
    /// Checks the URL.
    pub fn checked(self) -> Result<Option<ReportUrl>, Wrong> {
        let Some(url) = self.url.map(ReportUrl) else {
            return Ok(None);
        };
        let example = url.of(1, &"0".repeat(40), "tag");
        if is_url(&example) && !example.contains(['{', '}', '<', '>', '|']) {
            return Ok(Some(url));
        }
        Err(Wrong::new(
            "report.url",
            "is not an `http` or `https` URL with `{deployment}`, `{commit}` or `{tag}` in it",
            "write a URL like `https://greenlight.example.org/deployments/{deployment}`",
        ))
    }
}

impl ReportUrl {
    /// The URL of one deployment.
    pub fn of(&self, deployment: u64, commit: &str, tag: &str) -> String {
        let url = self.0.replace("{deployment}", &deployment.to_string());
        url.replace("{commit}", commit).replace("{tag}", tag)
    }
}

/// Whether a text can be the id of a channel. The name of a channel, which begins with `#` or has small letters, is not
/// enough: a bot may not find the channel by its name.
///
/// Source: <https://docs.slack.dev/reference/objects/conversation-object>.
fn is_channel(text: &str) -> bool {
    let mut characters = text.chars();
    matches!(characters.next(), Some('C' | 'D' | 'G'))
        && text.len() >= 2
        && characters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

const fn one_minute() -> Span {
    Span::of(60)
}

const fn one_day() -> Span {
    Span::of(24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Source;

    fn slack(text: &str) -> Result<Slack, String> {
        let table: SlackTable = toml::from_str(text).map_err(|error| error.to_string())?;
        let wrong = |it: Wrong| format!("`{}` {}", it.key, it.why);
        table.checked(Base::test()).map_err(wrong)
    }

    #[test]
    fn a_webhook_or_a_bot_sends_messages() {
        let webhook = slack("url-file = \"hook\"").expect("it is valid");
        let file = Source::File("/srv/hook".into());
        assert_eq!(webhook.destination, Destination::Webhook { url: file });
        assert_eq!(webhook.wait, Duration::from_mins(1));
        assert_eq!(webhook.give_up_after, Duration::from_hours(24));

        let text = "token-variable = \"TOKEN\"\nchannel = \"C0123\"\nwait = \"0s\"\ngive-up-after = \"1h\"";
        let bot = slack(text).expect("it is valid");
        let destination = |api: &str| Destination::Bot {
            token: Source::Variable("TOKEN".to_owned()),
            channel: "C0123".to_owned(),
            api: api.to_owned(),
        };
        assert_eq!(bot.destination, destination("https://slack.com/api"));
        assert_eq!(
            (bot.wait, bot.give_up_after),
            (Duration::ZERO, Duration::from_hours(1))
        );
        let other = slack(&format!("{text}\napi = \"https://slack-gov.com/api/\""));
        let other = other.expect("it is valid").destination;
        assert_eq!(other, destination("https://slack-gov.com/api"));
    }

    #[test]
    fn a_wrong_table_says_what_is_wrong() {
        for (text, error) in [
            ("", "`slack` needs either `url-variable` or `url-file`"),
            (
                "url-file = \"a\"\ntoken-file = \"b\"\nchannel = \"C01\"",
                "`slack` has both the URL of a webhook and the token of a bot",
            ),
            (
                "token-file = \"b\"",
                "`slack` has the token of a bot, but no `channel`",
            ),
            (
                "token-file = \"b\"\nchannel = \"#releases\"",
                "`slack.channel` is not the id of a channel",
            ),
            (
                "url-file = \"a\"\nchannel = \"C01\"",
                "`slack.channel` needs the token of a bot",
            ),
            (
                "url-file = \"a\"\napi = \"https://slack.com/api\"",
                "`slack.api` needs the token of a bot",
            ),
            (
                "url-file = \"a\"\ngive-up-after = \"0s\"",
                "`slack.give-up-after` must be greater than 0",
            ),
        ] {
            assert_eq!(slack(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_report_has_a_url() {
        let checked = |url: &str| {
            let url = Some(url.to_owned());
            ReportTable { url }.checked().map_err(|it| it.key)
        };
        let url = checked("https://a.example/{deployment}?c={commit}&t={tag}");
        let url = url.expect("it is valid").expect("it is there");
        assert_eq!(
            url.of(7, "4b82", "prod-4b82"),
            "https://a.example/7?c=4b82&t=prod-4b82"
        );
        for wrong in [
            "a.example/{deployment}",
            "https://a.example/{number}",
            "ftp://a/{tag}",
        ] {
            assert_eq!(checked(wrong), Err("report.url".to_owned()), "{wrong}");
        }
        assert_eq!(
            ReportTable::default().checked().map_err(|it| it.key),
            Ok(None)
        );
    }
}
