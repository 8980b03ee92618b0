//! Who may intervene over HTTP: the people of `[[serve.approver]]`, each with a token of their own, and every holder of the
//! secret of the webhook.

use axum::http::{HeaderMap, StatusCode};

use super::authenticate::{TokenDigest, bearer};
use crate::config::Serve;
use crate::contract::promotion::InterventionKind;
use crate::error::Error;

/// The secret of the webhook, and the tokens of people.
#[derive(Clone)]
pub struct Approvers {
    webhook: TokenDigest,
    people: Vec<(String, TokenDigest)>,
}

/// A name, and whether a token proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub is_proven: bool,
}

/// Why a request may not intervene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: StatusCode,
    pub why: String,
}

impl Approvers {
    /// Reads the tokens of people.
    ///
    /// # Errors
    ///
    /// If a token is missing or too short, or two secrets are the same.
    pub fn read(serve: &Serve, webhook: TokenDigest) -> Result<Self, Error> {
        let mut people: Vec<(String, TokenDigest)> = Vec::new();
        for approver in &serve.approvers {
            let (name, source) = (&approver.name, &approver.token);
            let token = TokenDigest::read(source, &format!("token of {name}"), name)?;
            let mut known = people.iter();
            let same = match known.find(|(_, it)| it.is_same(&token)) {
                Some((other, _)) => format!("the token of {other}"),
                None if webhook.is_same(&token) => "the secret of the webhook".to_owned(),
                None => {
                    people.push((name.clone(), token));
                    continue;
                }
            };
            return Err(Error::new(
                format!("{source} holds {same}, so it does not prove the name {name}"),
                format!("create another one with `openssl rand -hex 32`, and give it to {name}"),
            ));
        }
        Ok(Self { webhook, people })
    }

    /// The name of the person who sends a request: that of the token, or the claimed one with the secret of the webhook.
    /// The token is in the header, or in the field of a form.
    ///
    /// # Errors
    ///
    /// 401 without a known token, 403 if the token does not permit it or belongs to another person, 400 without a name.
    pub fn identify(
        &self,
        kind: InterventionKind,
        headers: &HeaderMap,
        field: &str,
        claimed: Option<&str>,
    ) -> Result<Named, Refused> {
        let token = bearer(headers).unwrap_or(field.as_bytes());
        // Every token is compared, so that the time does not depend on which one it is.
        let mut of = None;
        for (name, known) in &self.people {
            if known.matches(token) {
                of = Some(name);
            }
        }
        let is_webhook = self.webhook.matches(token);
        if let Some(name) = of {
            return match claimed {
                Some(claimed) if !claimed.eq_ignore_ascii_case(name) => Err(Refused {
                    status: StatusCode::FORBIDDEN,
                    why: format!("the token belongs to {name}, and the request names {claimed}"),
                }),
                _ => Ok(Named {
                    name: name.clone(),
                    is_proven: true,
                }),
            };
        }
        if !is_webhook {
            return Err(Refused {
                status: StatusCode::UNAUTHORIZED,
                why: "the token is missing or wrong".to_owned(),
            });
        }
        if kind == InterventionKind::Approved && !self.people.is_empty() {
            return Err(Refused {
                status: StatusCode::FORBIDDEN,
                why: "the secret of the webhook does not permit an approval: send the token of a person whom \
                      `[[serve.approver]]` names"
                    .to_owned(),
            });
        }
        let name = claimed.ok_or_else(|| Refused {
            status: StatusCode::BAD_REQUEST,
            why: "the name of the person is missing".to_owned(),
        })?;
        Ok(Named {
            name: name.to_owned(),
            is_proven: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    const WEBHOOK: &str = "webhook-webhook-webhook";
    const ADA: &str = "ada-ada-ada-ada-ada";

    fn approvers(people: &[(&str, &str)]) -> Approvers {
        let people = people.iter();
        Approvers {
            webhook: TokenDigest::new(WEBHOOK),
            people: people
                .map(|(name, token)| ((*name).to_owned(), TokenDigest::new(token)))
                .collect(),
        }
    }

    fn asks(
        approvers: &Approvers,
        kind: InterventionKind,
        token: &str,
        claimed: Option<&str>,
    ) -> Result<(String, bool), u16> {
        let value = format!("Bearer {token}").parse().expect("a value");
        let in_header = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        let of_header = approvers.identify(kind, &in_header, "", claimed);
        let of_field = approvers.identify(kind, &HeaderMap::new(), token, claimed);
        assert_eq!(of_header, of_field);
        let identified = of_field.map(|it| (it.name, it.is_proven));
        identified.map_err(|it| it.status.as_u16())
    }

    #[test]
    fn the_token_of_a_person_proves_the_name() {
        let two = approvers(&[("Ada", ADA), ("Bob", "bob-bob-bob-bob-bob")]);
        let approved = InterventionKind::Approved;
        for claimed in [None, Some("Ada"), Some("ada")] {
            let found = asks(&two, approved, ADA, claimed);
            assert_eq!(found, Ok(("Ada".to_owned(), true)), "{claimed:?}");
        }
        assert_eq!(asks(&two, approved, ADA, Some("Bob")), Err(403));
    }

    #[test]
    fn the_secret_of_the_webhook_claims_a_name() {
        let none = approvers(&[]);
        for (kind, _) in <InterventionKind as crate::contract::names::Named>::ALL {
            let found = asks(&none, *kind, WEBHOOK, Some("Cid"));
            assert_eq!(found, Ok(("Cid".to_owned(), false)), "{kind:?}");
            assert_eq!(asks(&none, *kind, WEBHOOK, None), Err(400), "{kind:?}");
            assert_eq!(
                asks(&none, *kind, "wrong", Some("Cid")),
                Err(401),
                "{kind:?}"
            );
            assert_eq!(asks(&none, *kind, "", Some("Cid")), Err(401), "{kind:?}");
        }
    }

    #[test]
    fn where_people_have_tokens_only_they_approve() {
        let one = approvers(&[("Ada", ADA)]);
        for (kind, _) in <InterventionKind as crate::contract::names::Named>::ALL {
            let found = asks(&one, *kind, WEBHOOK, Some("Ada"));
            let expected = match kind {
                InterventionKind::Approved => Err(403),
                _ => Ok(("Ada".to_owned(), false)),
            };
            assert_eq!(found, expected, "{kind:?}");
        }
    }
}
